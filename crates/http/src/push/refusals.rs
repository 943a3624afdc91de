//! Every refusal of a connection, with what a program should do about it.

use crate::error::Refusal;
use crate::extract::quoted;
use portunus_api::ErrorCode;
use portunus_api::push::{PushAuthReason, PushError, PushErrorCode, PushStep};
use portunus_app::admission::NotAdmitted;
use portunus_app::push::{End, Fallen, NotOpened};
use portunus_app::{AuthError, Plane, Session};
use portunus_core::access::ClaimsError;
use portunus_core::admission::Limited;
use portunus_core::push::Breach;
use portunus_core::scope::Scope;
use portunus_core::token::TokenKind;
use portunus_core::websocket::Flaw;

/// A refusal with what is usual for its code.
pub(super) fn refused(code: PushErrorCode, message: impl Into<String>) -> PushError {
    PushError {
        code,
        message: message.into(),
        auth_reason: reason(code),
        can_retry_with_device_token: false,
        recommended_next_step: step(code),
        retry_after_ms: None,
        id: None,
    }
}

/// With the time after which the same may succeed.
fn later(code: PushErrorCode, message: impl Into<String>, retry_after_ms: u64) -> PushError {
    PushError {
        retry_after_ms: Some(retry_after_ms),
        ..refused(code, message)
    }
}

/// As the last word on a connection. What would only be passed over later cannot be before the connection is open: then the
/// client is to be mended.
pub(super) fn closing(error: PushError) -> PushError {
    let recommended_next_step = match error.recommended_next_step {
        PushStep::GoOn => PushStep::FixClient,
        step => step,
    };
    PushError {
        recommended_next_step,
        ..error
    }
}

/// A member that cannot be read. What stood there is not repeated: it may be a secret.
pub(super) fn unreadable(path: &str, why: &str) -> PushError {
    let unknown = why
        .strip_prefix("unknown field `")
        .and_then(|rest| rest.split('`').next());
    let message = match (unknown, path) {
        (Some(name), _) => format!(
            "the member {} is not known here; nothing was done",
            quoted(name)
        ),
        (None, ".") => match why.split('`').nth(1) {
            Some(name) => format!("the member {name} is missing; nothing was done"),
            None => "the frame is not as it must be; nothing was done".to_owned(),
        },
        (None, path) => format!(
            "the member {path} is not as it must be{}; nothing was done",
            one_of(why)
        ),
    };
    refused(PushErrorCode::InvalidFrame, message)
}

/// The words that may stand there, where they are few. They are ours: what the client wrote stands before them.
fn one_of(why: &str) -> String {
    let Some((_, words)) = why.rsplit_once("`, expected one of ") else {
        return String::new();
    };
    let words: Vec<&str> = words.split('`').skip(1).step_by(2).collect();
    format!(": it is one of {}", words.join(", "))
}

const fn step(code: PushErrorCode) -> PushStep {
    use PushErrorCode as E;
    match code {
        E::ProtocolError
        | E::MalformedFrame
        | E::NotText
        | E::NotUtf8
        | E::FrameTooLarge
        | E::ConnectFirst
        | E::ConnectTwice
        | E::WrongNonce
        | E::UnsupportedProtocol
        | E::AckFromTheFuture
        | E::BadCursor
        | E::WrongAgent => PushStep::FixClient,
        E::MissingCredential => PushStep::GiveCredential,
        E::InvalidToken | E::TokenRevoked => PushStep::ForgetToken,
        E::CredentialExpired => PushStep::RenewCredential,
        E::CredentialRotated => PushStep::UseSuccessor,
        E::InsufficientScope => PushStep::AskOperator,
        E::TooManyConnections | E::SourceLimited | E::RateLimited | E::NotDone => PushStep::Wait,
        E::ConnectTimeout
        | E::SlowReader
        | E::NoPong
        | E::Draining
        | E::StoreUnavailable
        | E::Internal
        | E::Unknown => PushStep::Reconnect,
        E::UnknownFrame
        | E::InvalidFrame
        | E::NotPermitted
        | E::NotAnAgent
        | E::NotFound
        | E::NotDelivered
        | E::DeliveryFailed => PushStep::GoOn,
    }
}

const fn reason(code: PushErrorCode) -> Option<PushAuthReason> {
    use PushErrorCode as E;
    Some(match code {
        E::MissingCredential => PushAuthReason::CredentialMissing,
        E::InvalidToken => PushAuthReason::TokenInvalid,
        E::TokenRevoked => PushAuthReason::TokenRevoked,
        E::CredentialRotated => PushAuthReason::TokenRotated,
        E::CredentialExpired => PushAuthReason::TokenExpired,
        E::WrongAgent => PushAuthReason::WrongPrincipal,
        E::InsufficientScope | E::NotPermitted => PushAuthReason::ScopeMissing,
        _ => return None,
    })
}

pub(super) fn of_breach(breach: Breach) -> PushError {
    let code = match breach {
        Breach::ConnectFirst => PushErrorCode::ConnectFirst,
        Breach::ConnectTwice => PushErrorCode::ConnectTwice,
        Breach::ConnectTimeout => PushErrorCode::ConnectTimeout,
        Breach::AckFromTheFuture { .. } => PushErrorCode::AckFromTheFuture,
        Breach::SlowReader => PushErrorCode::SlowReader,
        Breach::NoPong => PushErrorCode::NoPong,
    };
    refused(code, breach.to_string())
}

pub(super) fn of_flaw(flaw: Flaw) -> PushError {
    let code = match flaw {
        Flaw::Protocol(_) => PushErrorCode::ProtocolError,
        Flaw::NotUtf8 => PushErrorCode::NotUtf8,
        Flaw::TooLarge { .. } => PushErrorCode::FrameTooLarge,
    };
    refused(code, flaw.to_string())
}

pub(super) fn of_end(plane: &Plane, session: &Session, end: End) -> PushError {
    match end {
        End::Breach(breach) => of_breach(breach),
        End::Fallen(fallen) => of_fallen(fallen),
        End::Scope(scope) => of_scope(plane, session, scope),
        End::Draining { retry_after_ms } => of_drain(retry_after_ms),
    }
}

pub(super) fn of_drain(retry_after_ms: u64) -> PushError {
    let message = "the plane is shutting down";
    later(PushErrorCode::Draining, message, retry_after_ms)
}

/// Which scope is missing, and how whoever has the session gets it.
fn of_scope(plane: &Plane, session: &Session, scope: Scope) -> PushError {
    let refusal = Refusal::lacking(plane, session, scope);
    refused(PushErrorCode::InsufficientScope, with_next_step(&refusal))
}

fn with_next_step(refusal: &Refusal) -> String {
    format!("{}: {}", refusal.detail(), refusal.next_step())
}

pub(super) fn of_fallen(fallen: Fallen) -> PushError {
    let message = fallen.to_string();
    match fallen {
        Fallen::Revoked => refused(PushErrorCode::TokenRevoked, message),
        Fallen::Rotated => refused(PushErrorCode::CredentialRotated, message),
        Fallen::AccessOver => refused(PushErrorCode::CredentialExpired, message),
        // Nothing renews it.
        Fallen::TimeOver => PushError {
            recommended_next_step: PushStep::ForgetToken,
            ..refused(PushErrorCode::CredentialExpired, message)
        },
    }
}

pub(super) fn of_opening(plane: &Plane, session: &Session, error: NotOpened) -> PushError {
    let message = error.to_string();
    match error {
        NotOpened::Scope(scope) => of_scope(plane, session, scope),
        NotOpened::NoInbox => {
            let message = format!("{message}: leave inbox out of topics");
            refused(PushErrorCode::InsufficientScope, message)
        }
        NotOpened::Full(_) => later(PushErrorCode::TooManyConnections, message, FULL_MS),
        NotOpened::BadCursor(_) => refused(PushErrorCode::BadCursor, message),
        NotOpened::Failure(failure) => {
            tracing::warn!(%failure, "a connection was not opened");
            later(
                PushErrorCode::StoreUnavailable,
                "the database does not answer",
                1_000,
            )
        }
    }
}

/// When somebody who found no place may come again, in milliseconds.
pub(crate) const FULL_MS: u64 = 5_000;

/// `presented` is the credential, if one came. Where an agent's token fails no device's would help.
pub(super) fn of_admission(error: &NotAdmitted, presented: Option<&str>) -> PushError {
    let message = error.to_string();
    let error = match error {
        NotAdmitted::Credential(AuthError::Missing) => {
            refused(PushErrorCode::MissingCredential, message)
        }
        NotAdmitted::Credential(AuthError::Undecided) => {
            later(PushErrorCode::StoreUnavailable, message, 1_000)
        }
        NotAdmitted::Credential(AuthError::Expired) => {
            refused(PushErrorCode::CredentialRotated, message)
        }
        NotAdmitted::Credential(AuthError::Access(ClaimsError::Expired)) => {
            refused(PushErrorCode::CredentialExpired, message)
        }
        NotAdmitted::Credential(_) => refused(PushErrorCode::InvalidToken, message),
        NotAdmitted::Flood(Limited { retry_after_ms }) => {
            later(PushErrorCode::SourceLimited, message, *retry_after_ms)
        }
        NotAdmitted::Slowed(slowed) => later(
            PushErrorCode::SourceLimited,
            message,
            slowed.retry_after_ms(),
        ),
    };
    PushError {
        can_retry_with_device_token: error.auth_reason.is_some()
            && !presented.is_some_and(is_of_no_operator),
        ..error
    }
}

fn is_of_no_operator(token: &str) -> bool {
    let kinds = [TokenKind::Agent, TokenKind::Device];
    kinds.iter().any(|kind| token.starts_with(kind.prefix()))
}

/// How a frame that does what a route does is refused.
pub(super) fn of_route(refusal: &Refusal) -> PushError {
    let message = match refusal.code() {
        ErrorCode::InsufficientScope => with_next_step(refusal),
        _ => refusal.detail().to_owned(),
    };
    let code = match refusal.code() {
        ErrorCode::NotAnAgent => PushErrorCode::NotAnAgent,
        ErrorCode::NotFound => PushErrorCode::NotFound,
        ErrorCode::NotDelivered => PushErrorCode::NotDelivered,
        ErrorCode::DeliveryFailed => PushErrorCode::DeliveryFailed,
        ErrorCode::RateLimited => PushErrorCode::RateLimited,
        ErrorCode::InsufficientScope => PushErrorCode::NotPermitted,
        ErrorCode::StoreUnavailable => PushErrorCode::NotDone,
        ErrorCode::InvalidToken => PushErrorCode::TokenRevoked,
        ErrorCode::Internal => PushErrorCode::Internal,
        _ => PushErrorCode::InvalidFrame,
    };
    PushError {
        retry_after_ms: refusal.retry_after(),
        ..refused(code, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_closes_says_what_to_do_and_what_does_not_goes_on() {
        for code in PushErrorCode::ALL {
            let error = refused(*code, "why");
            let goes_on = matches!(error.recommended_next_step, PushStep::GoOn);
            assert!(!goes_on || code.closes_with().is_none(), "{code:?}");
        }
    }

    #[test]
    fn a_refusal_has_all_of_its_members() {
        let json = serde_json::to_value(refused(PushErrorCode::SlowReader, "x")).unwrap();
        for member in [
            "code",
            "auth_reason",
            "can_retry_with_device_token",
            "recommended_next_step",
            "retry_after_ms",
        ] {
            assert!(json.get(member).is_some(), "{member}");
        }
    }

    /// The manual has each code with its close code and its step.
    #[test]
    fn the_manual_has_every_code() {
        let manual = include_str!("../../../../docs/push.md");
        for code in PushErrorCode::ALL {
            let step = serde_json::to_value(step(*code)).unwrap();
            let row = manual
                .lines()
                .find(|line| line.starts_with(&format!("| `{}` |", code.as_str())));
            let row = row.unwrap_or_else(|| panic!("{code:?} is not in the manual"));
            assert!(
                row.ends_with(&format!("| `{}` |", step.as_str().unwrap())),
                "{row}"
            );
            if let Some(close) = code.closes_with() {
                assert!(row.contains(&format!("| {close} |")), "{row}");
            }
        }
    }
}
