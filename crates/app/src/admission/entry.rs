//! The way in of every request: its credential is verified first, and only what failed is held against its source.
//!
//! A valid credential is served whatever its source has done, and asks neither penalties nor the quota of unverified
//! requests (P1). A missing one costs nothing at all (P2).

use crate::imported::Slowed;
use crate::imported::prove::Recognised;
use crate::plane::Plane;
use crate::{AuthError, CredentialHeaders, Session};
use http::HeaderMap;
use portunus_core::access::ClaimsError;
use portunus_core::admission::{FailedCredential, Limited};
use portunus_core::token::is_ours;
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
    /// Its credential may be one of another system, and is not looked at now.
    #[error(transparent)]
    Slowed(#[from] Slowed),
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
        let presented = CredentialHeaders::of(headers);
        let mut proof = self.prove(presented).await;
        if proof
            .as_ref()
            .is_err_and(|error| *error == AuthError::Foreign)
            && !self.imported().is_empty()
        {
            let source = peer.map(|peer| self.admission().source(peer, headers));
            match self
                .recognise(presented.foreign().collect(), source)
                .await?
            {
                Ok(Recognised::Yes(_)) => proof = self.prove(presented).await,
                Ok(Recognised::No) => {}
                Err(error) => proof = Err(error),
            }
        }
        self.count(&proof);
        proof.map_err(|error| self.turn_away(error, headers, peer))
    }

    /// Looks for a text, wherever it stood, among the tokens of other systems of which only a slow hash is known. If it is one,
    /// it is found at once from then on, as any other credential is.
    ///
    /// # Errors
    /// [`NotAdmitted`] when it may be one and cannot be looked at now.
    pub async fn recognise_text(
        &self,
        text: &str,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
    ) -> Result<(), NotAdmitted> {
        let imported = self.imported();
        let is_strange = !is_ours(text) && !imported.is_empty();
        if !is_strange || imported.find(&self.pepper, text).is_some() {
            return Ok(());
        }
        let source = peer.map(|peer| self.admission().source(peer, headers));
        let recognised = self.recognise(vec![text], source).await?;
        Ok(recognised.map(drop)?)
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
        let Some(failed) = Failed::of(error) else {
            return error.into();
        };
        if let Some(peer) = peer {
            let source = admission.source(peer, headers);
            match failed {
                Failed::Guess(what) => self.sign_in_failed(source, what),
                Failed::Late(what) => admission.note_failure(source, what, now),
            }
        }
        match admission.hold_back(self.clock.tick()) {
            Ok(()) => error.into(),
            Err(limited) => NotAdmitted::Flood(limited),
        }
    }
}

/// What failed, and whether its sender may have been guessing.
#[derive(Clone, Copy)]
enum Failed {
    /// It is held against its source.
    Guess(FailedCredential),
    /// Whoever has it had it rightly once, and guesses nothing.
    Late(FailedCredential),
}

impl Failed {
    /// `None` when nothing was tried.
    const fn of(error: AuthError) -> Option<Self> {
        use FailedCredential as Credential;
        Some(match error {
            AuthError::Missing | AuthError::Undecided => return None,
            AuthError::Revoked | AuthError::Archived => Self::Late(Credential::Revoked),
            AuthError::Expired | AuthError::TimeOver => Self::Late(Credential::Expired),
            AuthError::Access(
                ClaimsError::Expired
                | ClaimsError::TooEarly
                | ClaimsError::Issuer
                | ClaimsError::Audience,
            ) => Self::Late(Credential::AccessExpired),
            AuthError::Access(ClaimsError::Malformed) => Self::Guess(Credential::AccessForged),
            AuthError::TwoTokens => Self::Guess(Credential::TwoTokens),
            AuthError::Foreign => Self::Guess(Credential::Foreign),
            AuthError::Mangled => Self::Guess(Credential::Mangled),
            AuthError::MadeUp => Self::Guess(Credential::MadeUp),
            AuthError::Unknown => Self::Guess(Credential::Unknown),
        })
    }
}
