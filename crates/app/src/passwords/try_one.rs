//! Looks at a password. A wrong one, a missing one and an unknown name take as long and read the same.

use super::hasher::HashError;
use crate::admission::Penalised;
use crate::credential::session::Session;
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::admission::Source;
use portunus_core::admission::delays::{Account, Delayed};
use portunus_core::admission::failures::FailedCredential;
use portunus_core::agent::Principal;
use portunus_core::ids::OperatorId;
use portunus_core::password::PasswordHash;
use portunus_core::secret::Secret;
use portunus_core::time::Timestamp;
use portunus_core::token::TextHash;

/// A password, for whom it is, and what came with it.
#[derive(Debug)]
pub struct Tried {
    /// The operator's name.
    pub name: String,
    /// The password.
    pub password: Secret,
    /// Where it came from; `None` only without a connection.
    pub source: Option<Source>,
    /// What a valid token that came along has proven.
    pub beside: Option<Session>,
}

/// Why a password is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It is wrong, or there is none, or nobody has the name.
    #[error("the name or the password is wrong")]
    Wrong,
    /// The source has a penalty; nothing was looked at.
    #[error(transparent)]
    Penalised(#[from] Penalised),
    /// The account is delayed; nothing was looked at.
    #[error(transparent)]
    Delayed(#[from] Delayed),
    /// Too many wait already; nothing was looked at.
    #[error("too many passwords wait to be looked at")]
    Busy,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<HashError> for PasswordError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::Broken => Self::Failure(Failure::Defect(error.to_string())),
        }
    }
}

impl Plane {
    /// Whose password it is, and the hash that it was compared with: whatever comes of it asks in its turn whether that still
    /// is the operator's (P5).
    pub(crate) async fn try_password(
        &self,
        tried: Tried,
    ) -> Result<(OperatorId, PasswordHash), PasswordError> {
        let operator = self.directory.operator_named(&tried.name);
        let account = operator.map_or_else(|| nobodys(&tried.name), Account::Of);
        // Whoever is proven to be the account's operator is no stranger who guesses.
        let proven = tried.beside.as_ref().map(|session| session.principal);
        let is_known = operator.is_some_and(|id| proven == Some(Principal::Operator(id)));
        let now = self.now();
        if !is_known {
            if let Some(source) = tried.source {
                self.admission().may_guess(source, now)?;
            }
            self.delays.lock().begin(account, now)?;
        }
        let looked = self.look_at_password(operator, tried.password).await;
        if !is_known {
            self.settle((account, now), tried.source, &looked);
        }
        looked
    }

    async fn look_at_password(
        &self,
        operator: Option<OperatorId>,
        password: Secret,
    ) -> Result<(OperatorId, PasswordHash), PasswordError> {
        // Nobody's is read too, so that a read does not tell them apart.
        let id = operator.unwrap_or(OperatorId::from_bytes([0; 16]));
        let hash = self.store.password(id).await.map_err(Failure::from)?;
        let is_right = self.hasher.compare(password, hash.clone()).await?;
        let right = operator.zip(hash).filter(|_| is_right);
        right.ok_or(PasswordError::Wrong)
    }

    fn settle<T>(
        &self,
        (account, began): (Account, Timestamp),
        source: Option<Source>,
        looked: &Result<T, PasswordError>,
    ) {
        match looked {
            Ok(_) => self.delays.lock().right(account),
            Err(PasswordError::Wrong) => {
                if let Some(source) = source {
                    self.sign_in_failed(source, FailedCredential::Password);
                }
            }
            // Nothing was looked at.
            Err(_) => self.delays.lock().take_back(account, began),
        }
    }
}

fn nobodys(name: &str) -> Account {
    let hash = TextHash::of(name);
    let first = hash.as_bytes().first_chunk().copied();
    Account::Nobodys(first.unwrap_or_default())
}
