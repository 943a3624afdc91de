//! The model door: agents' model calls, served from a pool of provider keys.
//!
//! [`Door::handle`] takes a request through its [`phases`]; what upstreams say is read in [`provider`], without I/O.

mod alarm;
mod attempts;
mod body;
mod call;
mod door;
mod first_look;
mod on_call;
mod once;
mod outages;
mod phases;
pub mod provider;
mod record;
mod refusal;
mod settings;
mod shared;
mod uploads;
mod upstream;
mod upstream_answer;
mod webhook;

pub use body::{BrokenOff, DoorBody};
pub use door::Door;
pub use settings::{DoorSettings, LiveSettings};
pub use shared::DoorState;
pub use upstream::{NoRoots, TlsRoots, Upstream};
pub use webhook::WebhookCourier;
