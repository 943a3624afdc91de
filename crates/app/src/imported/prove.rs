//! Recognises a token that another system issued.

use super::known;
use super::worker::{Candidate, Question, Slowed};
use crate::audit::event;
use crate::credential::authenticate::AuthError;
use crate::credential::session::Session;
use crate::plane::Plane;
use portunus_core::admission::Source;
use portunus_core::audit::Actor;
use portunus_core::secret::Secret;
use portunus_core::token::{Kid, Presented};
use portunus_store::StoreError;

/// Whether a text turned out to be a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recognised {
    /// It is this one, and is found by its digest from now on.
    Yes(Kid),
    /// It is none that is known.
    No,
}

impl Plane {
    /// Proves who acts from texts that are no tokens of ours, if one of them was imported and is found at once.
    pub(crate) async fn prove_imported<'a>(
        &self,
        texts: impl Iterator<Item = &'a str>,
    ) -> Result<Session, AuthError> {
        if self.imported().is_empty() {
            return Err(AuthError::Foreign);
        }
        let mut found: Option<Presented> = None;
        for presented in texts.filter_map(|text| self.imported().find(&self.pepper, text)) {
            match found {
                Some(other) if other.kid != presented.kid => return Err(AuthError::TwoTokens),
                _ => found = Some(presented),
            }
        }
        self.prove_presented(&found.ok_or(AuthError::Foreign)?)
            .await
    }

    /// Looks for the slow hash that one of the texts is of, by how it begins.
    ///
    /// # Errors
    ///
    /// [`AuthError::Undecided`] inside, [`Slowed`] outside: it was not looked at.
    pub(crate) async fn recognise(
        &self,
        texts: Vec<&str>,
        source: Option<Source>,
    ) -> Result<Result<Recognised, AuthError>, Slowed> {
        for text in texts {
            let candidates = self.imported().candidates(text);
            match self.try_slowly(text, candidates, source).await? {
                Ok(Recognised::No) => {}
                decided => return Ok(decided),
            }
        }
        Ok(Ok(Recognised::No))
    }

    /// Tries the candidates on the worker, unless the source has a penalty.
    pub(super) async fn try_slowly(
        &self,
        text: &str,
        candidates: Vec<Candidate>,
        source: Option<Source>,
    ) -> Result<Result<Recognised, AuthError>, Slowed> {
        if candidates.is_empty() {
            return Ok(Ok(Recognised::No));
        }
        if let Some(source) = source {
            self.admission().may_guess(source, self.now())?;
        }
        let digest = known::digest(&self.pepper, text);
        let question = Question {
            text: Secret::new(text.to_owned()),
            digest,
            candidates,
            source,
        };
        let Some(kid) = self.imported().worker.ask(question).await? else {
            return Ok(Ok(Recognised::No));
        };
        let _changes = self.changes.lock().await;
        // Of many requests that brought the text one is the first.
        if self.imported().find(&self.pepper, text).is_some() {
            return Ok(Ok(Recognised::Yes(kid)));
        }
        let upgraded = event(Actor::Plane, self.now(), "token.upgraded", kid);
        let stored = self.store.upgrade_imported(kid, digest, &upgraded).await;
        Ok(match stored {
            Ok(()) => {
                self.directory.change_digest(kid, digest);
                self.cold.forget_all();
                self.imported().upgraded(kid, digest);
                Ok(Recognised::Yes(kid))
            }
            Err(StoreError::NotFound) => Ok(Recognised::No),
            Err(error) => {
                tracing::warn!(%error, "an imported token was recognised and waits for the database");
                Err(AuthError::Undecided)
            }
        })
    }
}
