//! How use cases end, as refusals. The one place that decides which outcome has which code.

use super::{Refusal, fixes};
use crate::wire::time::rfc3339;
use portunus_api::ErrorCode;
use portunus_app::AuthError;
use portunus_app::admission::sources::ClearSourceError;
use portunus_app::admission::{NotAdmitted, OverQuota};
use portunus_app::agents::show::ShowError;
use portunus_app::failure::Failure;
use portunus_app::imported::Slowed;
use portunus_app::listing::ListError;
use portunus_app::liveness::BeatError;
use portunus_app::nobody::{Kind, Nobody};
use portunus_app::once::NotBegun;
use portunus_app::operators::ChangeError;
use portunus_app::operators::create::CreateOperatorError;
use portunus_app::process::{Mistake, SteerError};
use portunus_app::tokens::revoke::RevokeError;
use portunus_core::admission::Limited;

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::StoreUnavailable(cause) => {
                tracing::warn!(cause, "a change was refused: the database does not answer");
                Self::new(
                    ErrorCode::StoreUnavailable,
                    "the database does not answer, so nothing was changed",
                )
                .retry_after_ms(1_000)
            }
            Failure::AlreadyDone => running(),
            Failure::BrokenLog(what) => {
                tracing::error!(what, "a change was refused: the audit log is broken");
                Self::new(
                    ErrorCode::AuditLogBroken,
                    "the audit log is broken, so the change could not be recorded and did not happen",
                )
            }
            other => Self::internal(&other),
        }
    }
}

/// A request under the same key is not over, or was so quick that only a repetition will see its answer.
fn running() -> Refusal {
    let detail = "a request under the same Idempotency-Key is running";
    Refusal::new(ErrorCode::RequestRunning, detail).retry_after_ms(1_000)
}

impl From<NotBegun> for Refusal {
    fn from(error: NotBegun) -> Self {
        match error {
            NotBegun::Running => running(),
            NotBegun::Different => Self::new(
                ErrorCode::IdempotencyKeyReused,
                "the Idempotency-Key was used for another request: method, path, query, body or what the credential may do \
                 differ",
            ),
            NotBegun::Dropped { at, done } => {
                let what = match done {
                    Some(done) => format!("{}, {}", done.action, done.subject),
                    None => "nothing had to change".to_owned(),
                };
                let at = rfc3339(at);
                let detail = format!(
                    "the request was carried out at {at} ({what}); its answer, which is kept for a few minutes because it \
                     shows a secret, is gone"
                );
                Self::new(ErrorCode::AlreadyDone, detail)
            }
            NotBegun::Failure(failure) => failure.into(),
        }
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Missing => Self::missing_credential(),
            AuthError::TwoTokens => Self::new(ErrorCode::TwoTokens, error.to_string()),
            AuthError::Undecided => {
                Self::new(ErrorCode::StoreUnavailable, error.to_string()).retry_after_ms(1_000)
            }
            AuthError::Mangled => {
                Self::invalid_token(&error.to_string()).fix("copy it again, whole")
            }
            AuthError::Foreign
            | AuthError::MadeUp
            | AuthError::Unknown
            | AuthError::Revoked
            | AuthError::Expired
            | AuthError::Archived
            | AuthError::TimeOver
            | AuthError::Access(_) => Self::invalid_token(&error.to_string()),
        }
    }
}

impl From<NotAdmitted> for Refusal {
    fn from(error: NotAdmitted) -> Self {
        match error {
            NotAdmitted::Credential(cause) => cause.into(),
            NotAdmitted::Flood(limited) => limited.into(),
            NotAdmitted::Slowed(slowed) => slowed.into(),
        }
    }
}

impl From<Slowed> for Refusal {
    fn from(slowed: Slowed) -> Self {
        let fix = match slowed {
            Slowed::Penalised(_) => {
                "wait as Retry-After says, or have an operator run `portunus sources clear SOURCE`"
            }
            Slowed::Busy => {
                "send it again as Retry-After says; once it was recognised it never waits again"
            }
        };
        let refusal = Self::new(ErrorCode::RateLimited, slowed.to_string());
        refusal.fix(fix).retry_after_ms(slowed.retry_after_ms())
    }
}

impl From<Limited> for Refusal {
    /// Of all unverified requests together: nobody is named, because nobody is proven.
    fn from(limited: Limited) -> Self {
        let detail =
            "too many requests come without a valid credential; those that bring one are served";
        Self::new(ErrorCode::RateLimited, detail)
            .fix("send a valid token, or wait as Retry-After says")
            .retry_after_ms(limited.retry_after_ms)
    }
}

impl From<OverQuota> for Refusal {
    fn from(over: OverQuota) -> Self {
        let refusal = Self::new(ErrorCode::RateLimited, over.to_string());
        refusal.retry_after_ms(over.retry_after_ms)
    }
}

impl From<ClearSourceError> for Refusal {
    fn from(error: ClearSourceError) -> Self {
        match error {
            ClearSourceError::NotFound => Self::new(ErrorCode::NotFound, error.to_string())
                .fix("use a source from `portunus sources list`"),
            ClearSourceError::Failure(failure) => failure.into(),
        }
    }
}

impl From<SteerError> for Refusal {
    fn from(error: SteerError) -> Self {
        match error {
            SteerError::NoProcess => Self::new(ErrorCode::NoProcess, error.to_string()),
            SteerError::Filter(bad) => {
                Self::new(ErrorCode::InvalidBody, format!("filter: {bad}")).fix(bad.instead)
            }
            SteerError::Configuration(bad) => {
                let mistakes: Vec<String> = bad.mistakes.iter().map(in_words).collect();
                let detail = format!("{bad}: {}", mistakes.join("; "));
                let refusal = Self::new(ErrorCode::BadConfiguration, detail);
                match bad.mistakes.as_slice() {
                    [only] => refusal.fix(format!("{}, then reload again", only.instead)),
                    _ => refusal,
                }
            }
            SteerError::Failure(failure) => failure.into(),
        }
    }
}

fn in_words(mistake: &Mistake) -> String {
    format!("{}: {}", mistake.place, mistake.what)
}

impl From<ListError> for Refusal {
    fn from(error: ListError) -> Self {
        match error {
            ListError::BadCursor => Self::new(ErrorCode::BadCursor, error.to_string()),
            ListError::Nobody(nobody) => nobody.into(),
            ListError::Failure(failure) => failure.into(),
        }
    }
}

impl From<Nobody> for Refusal {
    fn from(nobody: Nobody) -> Self {
        let listed = match nobody.kind {
            Kind::Agent => "use a name or id from `portunus agents list`",
            Kind::Pool => "use a name or id from `portunus pools list`",
            Kind::Key => "use a pool:label or id from `portunus keys list`",
            Kind::Board => "use a name or id from `portunus boards list` (`GET /api/v1/boards`)",
        };
        let fix = match &nobody.meant {
            Some(meant) => format!("did you mean \"{meant}\"? If not, {listed}"),
            None => listed.to_owned(),
        };
        let refusal = Self::new(ErrorCode::NotFound, nobody.to_string()).fix(fix);
        refusal.about(&nobody.asked)
    }
}

impl From<ShowError> for Refusal {
    fn from(error: ShowError) -> Self {
        match error {
            ShowError::NotFound => Self::new(ErrorCode::NotFound, error.to_string())
                .fix("use a name or id from `portunus agents list`")
                .missing(Kind::Agent),
            ShowError::Failure(failure) => failure.into(),
        }
    }
}

impl From<BeatError> for Refusal {
    fn from(error: BeatError) -> Self {
        match error {
            BeatError::NotAnAgent => Self::new(ErrorCode::NotAnAgent, error.to_string()),
            BeatError::Auth(cause) => cause.into(),
            BeatError::Failure(failure) => failure.into(),
        }
    }
}

impl From<RevokeError> for Refusal {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::NotFound => Self::new(ErrorCode::NotFound, error.to_string())
                .fix("use a kid from `portunus tokens list`"),
            RevokeError::AlreadyRevoked => Self::new(ErrorCode::AlreadyRevoked, error.to_string()),
            RevokeError::LastOperatorToken => {
                Self::new(ErrorCode::LastOperatorToken, error.to_string())
            }
            RevokeError::Failure(failure) => failure.into(),
        }
    }
}

impl From<ChangeError> for Refusal {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NotFound => Self::new(ErrorCode::NotFound, error.to_string())
                .fix("use a name or id from `portunus operators list`"),
            ChangeError::NoSession => Self::new(ErrorCode::NotFound, error.to_string())
                .fix("use a kid from `portunus operators sessions`"),
            ChangeError::NoDevice => Self::new(ErrorCode::NotFound, error.to_string())
                .fix("use a name or id from `portunus operators devices`"),
            ChangeError::Demands(scope) => {
                Self::insufficient_scope(scope).fix(fixes::wider_role(scope))
            }
            ChangeError::Beyond(beyond) => Self::beyond_scope(&beyond),
            ChangeError::LastAdministrator => {
                Self::new(ErrorCode::LastAdministrator, error.to_string())
            }
            ChangeError::NoneWouldLast => {
                Self::new(ErrorCode::LastAdministrator, error.to_string())
                    .fix("rotate without an end, or make another operator an administrator first")
            }
            ChangeError::Failure(failure) => failure.into(),
        }
    }
}

impl From<CreateOperatorError> for Refusal {
    fn from(error: CreateOperatorError) -> Self {
        match error {
            CreateOperatorError::NameTaken => Self::new(ErrorCode::NameTaken, error.to_string()),
            CreateOperatorError::Beyond(beyond) => Self::beyond_scope(&beyond),
            CreateOperatorError::Failure(failure) => failure.into(),
        }
    }
}
