//! The key pool: which key serves next, how long a key rests, who waits and who goes first.
//!
//! [`PoolState`] is the whole of one pool's moving state and knows neither sockets nor threads: time is an
//! argument, and what it decides leaves through an [`Outbox`]. Locks, timers, secrets and storage are `app`'s.

mod affinity;
pub mod answer;
mod ask;
mod charge;
mod choice;
mod configure;
mod entitlement;
mod event;
mod explain;
mod key;
mod order;
mod queue;
mod ramp;
mod rank;
mod recent;
pub mod rest;
mod ring;
mod select;
mod state;
mod status;
mod tournament;
mod window;

pub use answer::{
    Class, EntitlementScope, Family, Observation, WindowId, WindowReading, WindowScope,
    WindowStatus,
};
pub use ask::{Acquired, Ask, Impossible, LeaseId, Leased};
pub use choice::{Choice, ChosenFor, NAMED, PassedOver, WhyNot};
pub use configure::KeyConfig;
pub use event::{Grant, Onset, Outbox, PoolEvent, Refusal};
pub use queue::{Leave, PLACE_KEPT_MS, Place, Ticket};
pub use recent::Recent;
pub use rest::{Rest, RestReason};
pub use state::PoolState;
pub use status::{KeyStatus, PoolStatus, RestView, Standing, WindowView};
