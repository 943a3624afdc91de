//! Wire types of the control API, version 1: what travels as JSON between the plane and those who run it.
//!
//! No logic lives here. `http` fills these types from `app`'s answers, `cli` reads them. Request types
//! refuse fields that they do not know; answer types tolerate them, so that an older client reads a newer plane.
//! Times are RFC 3339 strings in UTC, durations whole milliseconds in fields that end in `_ms`.

pub mod access;
pub mod agents;
pub mod alarms;
pub mod audit;
pub mod auth_details;
pub mod boards;
pub mod budgets;
pub mod decisions;
pub mod devices;
pub mod error_code;
pub mod import;
pub mod index;
pub mod keys;
pub mod list;
pub mod liveness;
pub mod messages;
pub mod notifications;
pub mod object;
pub mod operators;
pub mod patch;
pub mod pools;
pub mod problem;
pub mod process;
pub mod push;
pub mod secret_text;
pub mod sessions;
pub mod sources;
pub mod status;
pub mod tokens;
pub mod usage;
pub mod whoami;

pub use auth_details::{AuthDetails, AuthReason, NextStep};
pub use error_code::ErrorCode;
pub use list::{List, PageQuery};
pub use object::Object;
pub use patch::Patch;
pub use problem::Problem;
pub use secret_text::SecretText;

/// Where the control API begins.
pub const BASE_PATH: &str = "/api/v1";
