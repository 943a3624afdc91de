//! Tags in a query and in a body.

use crate::error::Refusal;
use portunus_api::ErrorCode;
use portunus_core::message::{CHAT, Tags};

/// The tags of `tag` and `tags`, which mean the same; each may hold several with commas between them.
pub(crate) fn wanted_tags(tag: Option<&str>, tags: Option<&str>) -> Result<Tags, Refusal> {
    let given = [tag, tags].into_iter().flatten();
    let tags = Tags::parse(given.flat_map(|list| list.split(',')));
    tags.map_err(|error| {
        Refusal::new(ErrorCode::InvalidParameter, format!("tag: {error}"))
            .fix("write tags like chat,team-2")
    })
}

/// The tags of a body's field.
pub(crate) fn given_tags(tags: &[String]) -> Result<Tags, Refusal> {
    let tags = Tags::parse(tags.iter().map(String::as_str));
    tags.map_err(|error| wrong(&format!("the field tags: {error}")))
}

/// Tags of a board, of which one says that it is a chat.
pub(crate) fn with_chat(tags: Tags, is_chat: Option<bool>) -> Result<Tags, Refusal> {
    match is_chat {
        Some(true) => {
            let all = tags.iter().map(|tag| tag.as_str()).chain([CHAT]);
            Tags::parse(all).map_err(|error| wrong(&format!("the field tags: {error}")))
        }
        Some(false) if tags.has(CHAT) => Err(wrong(
            "the field is_chat contradicts the tag chat among the tags",
        )),
        Some(false) | None => Ok(tags),
    }
}

fn wrong(detail: &str) -> Refusal {
    Refusal::new(ErrorCode::InvalidBody, detail).fix("give tags like chat, team-2")
}
