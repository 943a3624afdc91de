//! Begins a session: by a password, or by a token or a device's token that is already proven. Who signs in is proven first;
//! what happens once under a key happens in the name of that operator (P10).

use super::list::{Standing, stand};
use super::live::LiveSession;
use crate::audit::{Detailed, caused};
use crate::credential::session::Session;
use crate::entropy;
use crate::failure::Failure;
use crate::once::Asked;
use crate::passwords::{PasswordError, Tried, is_still};
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::ids::OperatorId;
use portunus_core::password::PasswordHash;
use portunus_core::secret::Secret;
use portunus_core::session::{SessionRecord, SignedInBy};
use portunus_core::time::Timestamp;
use portunus_core::token::{Kid, TokenKind};
use portunus_store::StoreError;
use std::sync::Arc;

/// Most sessions of one operator at once; one more ends the one that was used longest ago.
const MOST_PER_OPERATOR: usize = 100;

/// Who signs in, and by what.
#[derive(Clone, Debug)]
pub struct Proven {
    operator: OperatorId,
    by: SignedInBy,
    expires_at: Option<Timestamp>,
    /// What a password was compared with.
    compared: Option<PasswordHash>,
}

impl Proven {
    /// In whose name the session begins.
    #[must_use]
    pub const fn principal(&self) -> Principal {
        Principal::Operator(self.operator)
    }

    /// What tells a sign-in by one credential from one by another: a session ends with what it came of.
    #[must_use]
    pub fn of_what(&self) -> String {
        match self.by {
            SignedInBy::Password => "password".to_owned(),
            SignedInBy::Token(kid) => format!("token {kid}"),
            SignedInBy::Device(id) => format!("device {id}"),
        }
    }
}

/// A session that began. Its secret exists in the clear here and nowhere else.
#[derive(Debug)]
pub struct Begun {
    /// What the cookie carries.
    pub secret: Secret,
    /// Its public handle.
    pub kid: Kid,
    /// How long it lasts at most, in milliseconds.
    pub longest_ms: u64,
    /// As it stands.
    pub standing: Standing,
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

/// Who signs in by a password.
///
/// # Errors
///
/// [`SignInError`].
pub async fn by_password(plane: &Arc<Plane>, tried: Tried) -> Result<Proven, SignInError> {
    let (operator, compared) = plane.try_password(tried).await?;
    Ok(Proven {
        operator,
        by: SignedInBy::Password,
        expires_at: None,
        compared: Some(compared),
    })
}

/// Who signs in with what `session` has proven: an operator's token or a device's.
///
/// # Errors
///
/// [`SignInError`].
pub fn by_credential(session: &Session) -> Result<Proven, SignInError> {
    let Principal::Operator(operator) = session.principal else {
        return Err(SignInError::NotAnOperator);
    };
    let by = session.signs_in_by().ok_or(SignInError::NotAnOperator)?;
    Ok(Proven {
        operator,
        by,
        expires_at: session.expires_at(),
        compared: None,
    })
}

/// Begins a session of whoever is proven.
///
/// # Errors
///
/// [`SignInError`]; nothing is changed then.
pub async fn begin(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Begun>>,
    proven: Proven,
) -> Result<Begun, SignInError> {
    let asked = asked.into();
    let Proven {
        operator,
        by,
        expires_at,
        compared,
    } = proven;
    plane
        .to_the_end(move |plane| async move {
            let minted = plane
                .pepper
                .mint(TokenKind::Session, &entropy::draw().map_err(Failure::from)?);
            let whose = Principal::Operator(operator);
            let _changes = plane.changes.lock().await;
            let profile = plane.directory.profile(whose).ok_or(SignInError::Ended)?;
            if compared.is_some() && !is_still(&plane, operator, compared.as_ref()).await? {
                return Err(PasswordError::Wrong.into());
            }
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
            let begun = Begun {
                secret: minted.text,
                kid: minted.kid,
                longest_ms: plane.sessions.terms().absolute_ms,
                standing: stand(&plane, &LiveSession::new(record.clone(), expires_at)),
            };
            let event = asked.sign(event, &begun)?;
            let saved = plane.store.begin_session(&record, &ended, &event).await;
            saved.map_err(|error| match error {
                StoreError::NotFound => SignInError::Ended,
                other => Failure::from(other).into(),
            })?;
            plane.sessions.end(|session| ended.contains(&session.kid));
            plane.sessions.add_session(record, expires_at);
            Ok(begun)
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
