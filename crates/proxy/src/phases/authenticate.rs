//! First phase: who asks, from the credential alone.

use crate::refusal::Refusal;
use http::HeaderMap;
use portunus_app::{CredentialHeaders, Plane, Session};

/// Proves who asks. A missing credential and a wrong one are told apart (P2), and neither costs anybody anything.
pub(crate) async fn authenticate(plane: &Plane, headers: &HeaderMap) -> Result<Session, Refusal> {
    plane
        .authenticate(CredentialHeaders::of(headers))
        .await
        .map_err(Refusal::unauthenticated)
}
