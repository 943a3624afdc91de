//! Boards on the wire.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A shared log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct Board {
    /// `brd_` and 22 characters; never reused.
    pub id: String,
    /// Unique among the boards that there are.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// By which it is found, sorted.
    pub tags: Vec<String>,
    /// Whether everything on it is delivered to every agent: it has the tag `chat`.
    pub is_chat: bool,
    /// The number of its newest message; 0 before the first.
    pub last_number: u64,
    /// When it was created.
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// Body of `POST /api/v1/boards`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateBoard {
    /// Lower-case letters, digits and hyphens; 1 to 63 of them; a hyphen neither first nor last.
    #[schema(
        min_length = 1,
        max_length = 63,
        pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
    )]
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// By which it is found; each is written as a name is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 16)]
    pub tags: Option<Vec<String>>,
    /// `true` adds the tag `chat`; `false` beside that tag is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_chat: Option<bool>,
}

/// Body of `PATCH /api/v1/boards/{board}`. What is absent stays.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateBoard {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// All of its tags from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 16)]
    pub tags: Option<Vec<String>>,
    /// Adds or removes the tag `chat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_chat: Option<bool>,
}

/// A board that is gone.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct BoardDeleted {
    /// The board as it was.
    pub board: Board,
}

/// Which boards are asked for.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BoardsQuery {
    /// Tags that a board must have, with commas between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The same as `tag`; those of both are looked for when both are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<String>,
    /// Items per page, 1 to 1000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1)]
    pub cursor: Option<String>,
}
