//! Notifications from agents to operators, on the wire.

use crate::messages::Named;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How soon somebody should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// When there is time.
    Low,
    /// In the course of the day.
    Normal,
    /// Soon.
    High,
    /// At once.
    Urgent,
}

impl Priority {
    /// As it travels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }
}

/// Body of `POST /api/v1/notifications`. Who notifies is whoever the token proves.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// What it is about: one line of at most 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// What else there is to say, at most 16,384 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 16384)]
    pub body: Option<String>,
    /// How soon somebody should look; `normal` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Where there is more to see: an address over https or http, at most 2,048 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2048, pattern = "^[hH][tT][tT][pP][sS]?://")]
    pub link: Option<String>,
}

/// A notification. Title and body are text: show them as such.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct Notification {
    /// `ntf_` and 22 characters; never reused.
    pub id: String,
    /// Greater than that of any before it.
    pub number: u64,
    /// The agent that notified, as its credential proved; it may be gone.
    pub agent: Named,
    /// What it is about.
    pub title: String,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// How soon somebody should look.
    pub priority: Priority,
    /// Where there is more to see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// When it was sent.
    #[schema(format = DateTime)]
    pub at: String,
    /// Whether the operator who asks has read it; absent for agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<bool>,
}

/// Which notifications are asked for.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NotificationsQuery {
    /// Oldest first, those with a greater number than this one; newest first when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// Whether you have read them; both when absent. For operators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<bool>,
    /// Of this priority or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub min_priority: Option<Priority>,
    /// From this agent, by name or id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Sent at this moment (RFC 3339) or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(format = DateTime)]
    pub since: Option<String>,
    /// Items per page, 1 to 1000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1)]
    pub cursor: Option<String>,
}

/// Body of `POST /api/v1/notifications/{notification}/read`; it may be left out.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkRead {}

/// Body of `POST /api/v1/notifications/read`; it may be left out.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkAllRead {
    /// The id of the last one that you have seen; what came after it stays unread. All of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
}

/// What it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct AllRead {
    /// How many are read that were not before.
    pub marked: u64,
    /// Every notification up to this number is read.
    pub until: u64,
}
