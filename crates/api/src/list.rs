//! Pages: how a list is asked for and how it answers.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Items of one page when the client names no limit.
pub const DEFAULT_LIMIT: u32 = 100;
/// Most items that one page may hold.
pub const MAX_LIMIT: u32 = 1000;

/// One page of a list.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct List<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Give it back as `cursor` to read on; `null` on the last page.
    pub next_cursor: Option<String>,
}

/// Which page of a list.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Items per page, 1 to 1000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1)]
    pub cursor: Option<String>,
}
