//! Messages: written to boards and to agents, read, and what became of them.

pub(crate) mod deliveries;
pub(crate) mod list;
pub(crate) mod post;
pub(crate) mod send;
pub(crate) mod show;

use crate::error::Refusal;
use crate::extract::given_tags;
use crate::once::answer;
use crate::table::Table;
use crate::wire;
use http::StatusCode;
use portunus_api::ErrorCode;
use portunus_api::messages::WriteMessage;
use portunus_app::messages::Appended;
use portunus_app::messages::append::{Address, Wish};
use portunus_app::once::Answer;
use portunus_core::ids::MessageId;
use std::sync::Arc;

/// Every route of messages, with its scope.
pub(super) fn register(table: Table) -> Table {
    table
        .guarded::<list::__path_handle, _, _>(list::SCOPE, list::handle)
        .guarded::<post::__path_handle, _, _>(post::SCOPE, post::handle)
        .guarded::<send::__path_handle, _, _>(send::SCOPE, send::handle)
        .guarded::<show::__path_handle, _, _>(show::SCOPE, show::handle)
        .guarded::<deliveries::__path_handle, _, _>(deliveries::SCOPE, deliveries::handle)
}

fn wish(to: Address, body: WriteMessage) -> Result<Wish, Refusal> {
    Ok(Wish {
        to,
        tags: given_tags(body.tags.as_deref().unwrap_or_default())?,
        text: body.text,
        data: body.data,
        expires_in_ms: body.expires_in_ms,
    })
}

fn written(appended: &Arc<Appended>) -> Answer {
    answer(StatusCode::CREATED, &wire::messages::written(appended))
}

/// The id of a message in a path; what is none names nothing.
fn id(text: &str) -> Result<MessageId, Refusal> {
    text.parse().map_err(|_| {
        let detail = "no message that you may see has this id";
        Refusal::new(ErrorCode::NotFound, detail).fix("use the id that writing it answered")
    })
}
