//! How use cases of boards, messages and inboxes end, as refusals.

use super::Refusal;
use portunus_api::ErrorCode;
use portunus_app::messages::NoInbox;
use portunus_app::messages::acknowledge::AcknowledgeError;
use portunus_app::messages::append::AppendError;
use portunus_app::messages::boards::{BoardError, CreateBoardError};
use portunus_app::messages::inbox::{InboxError, READ};
use portunus_app::messages::read::ReadError;
use portunus_app::nobody::Kind;
use portunus_core::agent::Principal;
use portunus_core::message::delivery::AckRefusal;

impl From<CreateBoardError> for Refusal {
    fn from(error: CreateBoardError) -> Self {
        match error {
            CreateBoardError::NameTaken => Self::new(ErrorCode::NameTaken, error.to_string()),
            CreateBoardError::LongDescription => {
                Self::new(ErrorCode::InvalidBody, error.to_string())
            }
            CreateBoardError::Failure(failure) => failure.into(),
        }
    }
}

impl From<BoardError> for Refusal {
    fn from(error: BoardError) -> Self {
        match error {
            BoardError::NotFound => no_such_board(&error),
            BoardError::LongDescription => Self::new(ErrorCode::InvalidBody, error.to_string()),
            BoardError::Failure(failure) => failure.into(),
        }
    }
}

fn no_such_board(error: &dyn std::error::Error) -> Refusal {
    Refusal::new(ErrorCode::NotFound, error.to_string())
        .fix("use a name or id from `portunus boards list` (`GET /api/v1/boards`)")
        .missing(Kind::Board)
}

impl From<AppendError> for Refusal {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Nobody(nobody) => nobody.into(),
            AppendError::Text(_)
            | AppendError::Data(_)
            | AppendError::Mentions(_)
            | AppendError::Expiry { .. } => Self::new(ErrorCode::InvalidBody, error.to_string()),
            AppendError::OutboxFull { retry_after_ms, .. } => {
                Self::new(ErrorCode::OutboxFull, error.to_string()).retry_after_ms(retry_after_ms)
            }
            AppendError::Failure(failure) => failure.into(),
        }
    }
}

impl From<NoInbox> for Refusal {
    fn from(error: NoInbox) -> Self {
        Self::new(ErrorCode::NotAnAgent, error.to_string())
            .fix("use the token of an agent; operators read boards")
    }
}

impl From<InboxError> for Refusal {
    fn from(error: InboxError) -> Self {
        match error {
            InboxError::NoInbox(none) => none.into(),
            InboxError::TooManyWait { retry_after_ms } => {
                Self::new(ErrorCode::RateLimited, error.to_string())
                    .fix("ask without wait_ms, or wait as Retry-After says")
                    .retry_after_ms(retry_after_ms)
            }
            InboxError::Ended => Self::invalid_token(&error.to_string()),
            InboxError::NotHeld { agent } => Self::not_permitted(Principal::Agent(agent), READ),
            InboxError::Draining => {
                Self::new(ErrorCode::Draining, error.to_string()).retry_after_ms(1_000)
            }
            InboxError::Failure(failure) => failure.into(),
        }
    }
}

impl From<AcknowledgeError> for Refusal {
    fn from(error: AcknowledgeError) -> Self {
        let detail = error.to_string();
        match error {
            AcknowledgeError::NoInbox(none) => none.into(),
            AcknowledgeError::Count => Self::new(ErrorCode::InvalidBody, detail),
            AcknowledgeError::Refused(why) => {
                let code = match why.refusal {
                    AckRefusal::NotYours => ErrorCode::NotFound,
                    AckRefusal::NotDelivered => ErrorCode::NotDelivered,
                    AckRefusal::Failed(_) => ErrorCode::DeliveryFailed,
                };
                match code {
                    ErrorCode::NotFound => Self::new(code, detail)
                        .fix("acknowledge only what `portunus inbox` (`GET /api/v1/inbox`) answered to you"),
                    code => Self::new(code, detail),
                }
            }
            AcknowledgeError::Failure(failure) => failure.into(),
        }
    }
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotFound | ReadError::NotTheSender => {
                Self::new(ErrorCode::NotFound, error.to_string())
                    .fix("use the id of a message that you wrote")
            }
            ReadError::BadCursor => Self::new(ErrorCode::BadCursor, error.to_string()),
            ReadError::Failure(failure) => failure.into(),
        }
    }
}
