//! Use cases of the plane: load, decide with `core`, save, tell memory. The only caller of the store.
//!
//! [`plane::Plane`] is what a running node holds; every use case is a function over it, one file each. The control
//! API, the model door and the command line call the same functions; who may call them is judged by `http`.

pub mod access;
pub mod admission;
pub mod agents;
pub mod alarms;
pub mod ambiguity;
pub mod audit;
pub mod backup;
pub mod bootstrap;
pub mod budgets;
pub mod clock;
pub mod credential;
pub mod decisions;
pub mod departures;
mod directory;
pub mod entropy;
pub mod failure;
mod finished;
pub mod imported;
pub mod key_changes;
pub mod keys;
pub mod ledger;
pub mod listing;
pub mod liveness;
pub mod messages;
pub mod metrics;
pub mod nobody;
pub mod notifications;
pub mod once;
mod opening;
pub mod operators;
pub mod passwords;
pub mod plane;
pub mod pool_settings;
pub mod pools;
pub mod prices;
pub mod process;
pub mod push;
mod request_ids;
pub mod sessions;
pub mod status;
pub mod telemetry;
pub mod tokens;
mod turns;
pub mod upstream_policy;
pub mod usage;
pub mod webhook;

pub use credential::authenticate::{AuthError, AuthenticationCounts};
pub use credential::headers::CredentialHeaders;
pub use credential::session::{Revocation, Session};
pub use directory::Names;
pub use once::Asked;
pub use plane::{OpenError, Plane, PlaneParts};
