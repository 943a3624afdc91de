//! Begins a session: by a password, or by a token or a device's token that is already proven.

use crate::audit::{Detailed, caused};
use crate::credential::session::Session;
use crate::entropy;
use crate::failure::Failure;
use crate::passwords::{PasswordError, Tried};
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::ids::OperatorId;
use portunus_core::secret::Secret;
use portunus_core::session::{SessionRecord, SignedInBy};
use portunus_core::time::Timestamp;
use portunus_core::token::{Kid, TokenKind};
use portunus_store::StoreError;
use std::sync::Arc;

/// Most sessions of one operator at once; one more ends the one that was used longest ago.
const MOST_PER_OPERATOR: usize = 100;

/// A session that began. Its secret exists in the clear here and nowhere else.
#[derive(Debug)]
pub struct Begun {
    /// What the cookie carries.
    pub secret: Secret,
    /// Its public handle.
    pub kid: Kid,
    /// How long it lasts at most, in milliseconds.
    pub longest_ms: u64,
}

/// Why nobody is signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The password is not accepted.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The credential proves no operator, or is none to sign in with.
    #[error("only operators sign in: with a password, their token or a device's token")]
    NotAnOperator,
    /// What it would come of has ended meanwhile.
    #[error("the credential has ended")]
    Ended,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Signs in by a password.
///
/// # Errors
///
/// [`SignInError`].
pub async fn with_password(plane: &Arc<Plane>, tried: Tried) -> Result<Begun, SignInError> {
    let operator = plane.try_password(tried).await?;
    begin(plane, operator, SignedInBy::Password, None).await
}

/// Signs in with what `by` has proven: an operator's token or a device's.
///
/// # Errors
///
/// [`SignInError`].
pub async fn with_credential(plane: &Arc<Plane>, by: &Session) -> Result<Begun, SignInError> {
    let Principal::Operator(operator) = by.principal else {
        return Err(SignInError::NotAnOperator);
    };
    let way = by.signs_in_by().ok_or(SignInError::NotAnOperator)?;
    begin(plane, operator, way, by.expires_at()).await
}

async fn begin(
    plane: &Arc<Plane>,
    operator: OperatorId,
    by: SignedInBy,
    expires_at: Option<Timestamp>,
) -> Result<Begun, SignInError> {
    plane
        .to_the_end(move |plane| async move {
            let minted = plane
                .pepper
                .mint(TokenKind::Session, &entropy::draw().map_err(Failure::from)?);
            let whose = Principal::Operator(operator);
            let _changes = plane.changes.lock().await;
            let profile = plane.directory.profile(whose).ok_or(SignInError::Ended)?;
            let now = plane.clock.now();
            let record = SessionRecord {
                kid: minted.kid,
                operator,
                digest: minted.digest,
                by,
                created_at: now,
                seen_at: now,
            };
            let living = plane.sessions.sessions_of(operator, now);
            let making_room = living.iter().skip(MOST_PER_OPERATOR - 1);
            let ended: Vec<Kid> = making_room.map(|live| live.record.kid).collect();
            let event = caused(whose, now, "session.began", operator)
                .with("name", &profile.name)
                .with("kid", minted.kid)
                .with("by", way(by));
            let begun = plane.store.begin_session(&record, &ended, &event).await;
            begun.map_err(|error| match error {
                StoreError::NotFound => SignInError::Ended,
                other => Failure::from(other).into(),
            })?;
            plane.sessions.end(|session| ended.contains(&session.kid));
            plane.sessions.add_session(record, expires_at);
            Ok(Begun {
                secret: minted.text,
                kid: minted.kid,
                longest_ms: plane.sessions.terms().absolute_ms,
            })
        })
        .await
}

/// How somebody signed in, as the audit log and the API tell it.
#[must_use]
pub const fn way(by: SignedInBy) -> &'static str {
    match by {
        SignedInBy::Password => "password",
        SignedInBy::Token(_) => "token",
        SignedInBy::Device(_) => "device",
    }
}
