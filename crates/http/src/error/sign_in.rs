//! How sign-ins fail, as refusals with details that a program can act on.

use super::Refusal;
use portunus_api::{AuthDetails, AuthReason, ErrorCode, NextStep};
use portunus_app::AuthError;
use portunus_app::passwords::{PasswordError, RemovePasswordError, SetPasswordError, Unconfirmed};
use portunus_app::sessions::SignInError;
use portunus_app::sessions::devices::PairError;

/// Details of a failure after which the token of a paired device would still be accepted.
const fn retriable(reason: AuthReason, step: NextStep, retry_after_ms: Option<u64>) -> AuthDetails {
    AuthDetails {
        auth_reason: reason,
        can_retry_with_device_token: true,
        recommended_next_step: step,
        retry_after_ms,
    }
}

impl Refusal {
    /// Nothing to sign in with came (P2).
    pub(crate) fn nothing_to_sign_in_with() -> Self {
        let details = retriable(
            AuthReason::CredentialMissing,
            NextStep::GiveCredential,
            None,
        );
        Self::missing_credential()
            .fix("send operator and password in the body, or a token as Authorization: Bearer")
            .auth(details)
    }

    /// The token that should sign in, or vouch for a password, is not accepted.
    pub(crate) fn bad_sign_in_token(self) -> Self {
        if self.code != ErrorCode::InvalidToken {
            return self;
        }
        self.fix("sign in with a password, or with another token")
            .auth(AuthDetails {
                auth_reason: AuthReason::TokenInvalid,
                can_retry_with_device_token: false,
                recommended_next_step: NextStep::ForgetToken,
                retry_after_ms: None,
            })
    }

    /// The session ended while its answer was made.
    pub(crate) fn session_lost() -> Self {
        Self::of_session(AuthError::Revoked)
    }

    /// A sign-in came again under its key, and the session that it began has ended.
    pub(crate) fn session_ended_since() -> Self {
        let detail =
            "this sign-in was carried out under its key, and the session that it began has ended";
        Self::new(ErrorCode::AlreadyDone, detail).fix("sign in again under another key")
    }

    /// The session that a cookie brought has ended.
    pub(crate) fn of_session(error: AuthError) -> Self {
        match error {
            AuthError::Revoked | AuthError::Expired => {
                Self::new(ErrorCode::SessionOver, "the session has ended")
            }
            other => other.into(),
        }
    }
}

impl From<PasswordError> for Refusal {
    fn from(error: PasswordError) -> Self {
        let detail = error.to_string();
        match error {
            PasswordError::Wrong => {
                let mut refusal = Self::new(ErrorCode::WrongPassword, detail);
                refusal.challenge = Some("Bearer realm=\"portunus\"".into());
                refusal.auth(retriable(
                    AuthReason::PasswordWrong,
                    NextStep::GivePassword,
                    None,
                ))
            }
            PasswordError::Penalised(penalised) => Self::new(ErrorCode::SignInDelayed, detail)
                .auth(retriable(
                    AuthReason::SourcePenalised,
                    NextStep::Wait,
                    Some(penalised.retry_after_ms),
                )),
            PasswordError::Delayed(delayed) => {
                Self::new(ErrorCode::SignInDelayed, detail).auth(retriable(
                    AuthReason::AccountDelayed,
                    NextStep::Wait,
                    Some(delayed.retry_after_ms),
                ))
            }
            PasswordError::Busy => passwords_busy(detail),
            PasswordError::Failure(failure) => failure.into(),
        }
    }
}

fn passwords_busy(detail: String) -> Refusal {
    let details = retriable(AuthReason::PasswordsBusy, NextStep::Wait, Some(1_000));
    Refusal::new(ErrorCode::PasswordsBusy, detail).auth(details)
}

impl From<SignInError> for Refusal {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Password(error) => error.into(),
            SignInError::NotAnOperator => Self::new(ErrorCode::OperatorsOnly, error.to_string())
                .auth(AuthDetails {
                    auth_reason: AuthReason::NotAnOperator,
                    can_retry_with_device_token: true,
                    recommended_next_step: NextStep::UseOperator,
                    retry_after_ms: None,
                }),
            SignInError::Ended => Self::invalid_token(&error.to_string()).bad_sign_in_token(),
            SignInError::Failure(failure) => failure.into(),
        }
    }
}

impl From<PairError> for Refusal {
    fn from(error: PairError) -> Self {
        match error {
            PairError::NotAnOperator => Self::new(ErrorCode::OperatorsOnly, error.to_string()),
            PairError::NameTaken => Self::new(ErrorCode::NameTaken, error.to_string()),
            PairError::TooMany => Self::new(ErrorCode::TooManyDevices, error.to_string()),
            PairError::Failure(failure) => failure.into(),
        }
    }
}

impl From<SetPasswordError> for Refusal {
    fn from(error: SetPasswordError) -> Self {
        match error {
            SetPasswordError::Length(_) => Self::new(
                ErrorCode::InvalidBody,
                format!("the field password: {error}"),
            )
            .fix("choose 12 characters or more; several words are easy to remember"),
            SetPasswordError::Unconfirmed(error) => error.into(),
            SetPasswordError::Change(error) => error.into(),
            SetPasswordError::Busy => passwords_busy(error.to_string()),
        }
    }
}

impl From<Unconfirmed> for Refusal {
    fn from(error: Unconfirmed) -> Self {
        match error {
            Unconfirmed::Needed => Self::new(ErrorCode::CurrentPasswordNeeded, error.to_string()),
            Unconfirmed::Refused(error) => error.into(),
            Unconfirmed::Failure(failure) => failure.into(),
        }
    }
}

impl From<RemovePasswordError> for Refusal {
    fn from(error: RemovePasswordError) -> Self {
        match error {
            RemovePasswordError::None => Self::new(ErrorCode::NotFound, error.to_string())
                .fix("nothing needs to be done; `portunus operators set-password NAME` sets one"),
            RemovePasswordError::OnlyWayIn => Self::new(ErrorCode::OnlyWayIn, error.to_string()),
            RemovePasswordError::Unconfirmed(error) => error.into(),
            RemovePasswordError::Change(error) => error.into(),
        }
    }
}
