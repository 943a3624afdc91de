//! Alarms on the wire.

use crate::tokens::Principal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Something that a person should look at.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Alarm {
    /// Its id.
    pub id: String,
    /// What is wrong: `token.reused`, `source.penalised`, `audit.inconsistent`, `pool.exhausted`, `key.dead`, `signing.trouble`,
    /// `store.unavailable`, `agent.offline` or `observer.suspect`.
    pub kind: String,
    /// The id or name of what it is about.
    pub subject: String,
    /// The same in a sentence.
    pub says: String,
    /// How often it happened while the alarm was open.
    pub count: u64,
    /// When it happened first.
    #[schema(format = DateTime)]
    pub first_at: String,
    /// When it happened last.
    #[schema(format = DateTime)]
    pub last_at: String,
    /// When the trouble ended by itself, if it did.
    #[schema(format = DateTime)]
    pub over_at: Option<String>,
    /// When somebody looked at it; `null` while it is open.
    #[schema(format = DateTime)]
    pub acknowledged_at: Option<String>,
    /// Who did.
    pub acknowledged_by: Option<Principal>,
}

/// Parameters of `GET /api/v1/alarms`. Newest alarms come first.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AlarmsQuery {
    /// Only those that are open, or acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub state: Option<AlarmState>,
    /// Items per page, 1 to 1000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1)]
    pub cursor: Option<String>,
}

/// Whether somebody has looked at an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlarmState {
    /// Nobody has.
    Open,
    /// Somebody has.
    Acknowledged,
}

/// `POST /api/v1/alarms/{alarm}/acknowledge`; the body may be left out.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeAlarm {}

/// An alarm that somebody has looked at.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct AlarmAcknowledged {
    /// The alarm.
    pub alarm: Alarm,
}
