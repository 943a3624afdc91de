//! How use cases of notifications end, as refusals.

use super::Refusal;
use portunus_api::ErrorCode;
use portunus_app::notifications::mark::MarkError;
use portunus_app::notifications::notify::NotifyError;
use portunus_app::notifications::show::ShowError;

impl From<NotifyError> for Refusal {
    fn from(error: NotifyError) -> Self {
        let detail = error.to_string();
        match error {
            NotifyError::NotAnAgent => Self::new(ErrorCode::NotAnAgent, detail)
                .fix("use the token of an agent; operators read `portunus notifications list` (`GET /api/v1/notifications`)"),
            NotifyError::Title(_) | NotifyError::Body(_) | NotifyError::Link(_) => {
                Self::new(ErrorCode::InvalidBody, detail)
            }
            NotifyError::TooMany { retry_after_ms, .. } => {
                Self::new(ErrorCode::RateLimited, detail).retry_after_ms(retry_after_ms)
            }
            NotifyError::Failure(failure) => failure.into(),
        }
    }
}

fn nothing(detail: String) -> Refusal {
    Refusal::new(ErrorCode::NotFound, detail)
        .fix("use an id from `portunus notifications list` (`GET /api/v1/notifications`)")
}

impl From<ShowError> for Refusal {
    fn from(error: ShowError) -> Self {
        match error {
            ShowError::NotFound => nothing(error.to_string()),
            ShowError::Failure(failure) => failure.into(),
        }
    }
}

impl From<MarkError> for Refusal {
    fn from(error: MarkError) -> Self {
        match error {
            MarkError::NoReader(_) => Self::new(ErrorCode::OperatorsOnly, error.to_string())
                .fix("use the token of an operator; agents have read nothing"),
            MarkError::NotFound => nothing(error.to_string()),
            MarkError::Failure(failure) => failure.into(),
        }
    }
}
