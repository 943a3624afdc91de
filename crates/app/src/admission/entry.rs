//! The way in of every request: its credential is verified first, and only what failed is held against its source.
//!
//! A valid credential is served whatever its source has done, and asks neither penalties nor the quota of unverified
//! requests (P1). A missing one costs nothing at all (P2).

use crate::plane::Plane;
use crate::{AuthError, CredentialHeaders, Session};
use http::HeaderMap;
use portunus_core::access::ClaimsError;
use portunus_core::admission::Limited;
use std::net::IpAddr;

/// Why a request is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// It proves nobody.
    #[error(transparent)]
    Credential(#[from] AuthError),
    /// Its credential failed, and too many such requests come, from wherever.
    #[error("too many requests come without a valid credential; those that bring one are served")]
    Flood(Limited),
}

impl Plane {
    /// Proves who acts. What failed counts against the source of the request, which arrived from `peer`; with `None`,
    /// which only callers without a connection pass, against nobody.
    ///
    /// # Errors
    /// [`NotAdmitted`].
    pub async fn admit(
        &self,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
    ) -> Result<Session, NotAdmitted> {
        let proof = self.authenticate(CredentialHeaders::of(headers)).await;
        proof.map_err(|error| self.turn_away(error, headers, peer))
    }

    /// Holds a credential that was not accepted against where it came from, and gives what its sender is told. For
    /// whoever finds credentials elsewhere than [`Self::admit`] does.
    pub fn turn_away(
        &self,
        error: AuthError,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
    ) -> NotAdmitted {
        let (admission, now) = (self.admission(), self.now());
        match error {
            // Nothing was tried.
            AuthError::Missing | AuthError::Undecided => return error.into(),
            // Whoever has these had them rightly once, and guesses nothing.
            AuthError::Revoked
            | AuthError::Expired
            | AuthError::TimeOver
            | AuthError::Access(
                ClaimsError::Expired
                | ClaimsError::TooEarly
                | ClaimsError::Issuer
                | ClaimsError::Audience,
            ) => {}
            AuthError::TwoTokens
            | AuthError::Foreign
            | AuthError::Mangled
            | AuthError::MadeUp
            | AuthError::Access(ClaimsError::Malformed)
            | AuthError::Unknown => {
                if let Some(peer) = peer {
                    admission.failed(admission.source(peer, headers), now);
                }
            }
        }
        match admission.hold_back(now) {
            Ok(()) => error.into(),
            Err(limited) => NotAdmitted::Flood(limited),
        }
    }
}
