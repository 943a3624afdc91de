//! First phase: who asks, from the credential alone.

use crate::refusal::Refusal;
use http::HeaderMap;
use portunus_app::{Plane, Session};
use std::net::IpAddr;

/// Proves who asks, over a connection from `peer`. A missing credential and a wrong one are told apart (P2), and neither
/// costs whoever has a valid one anything (P1).
pub(crate) async fn authenticate(
    plane: &Plane,
    headers: &HeaderMap,
    peer: IpAddr,
) -> Result<Session, Refusal> {
    let session = plane.admit(headers, Some(peer)).await;
    session.map_err(Refusal::not_admitted)
}
