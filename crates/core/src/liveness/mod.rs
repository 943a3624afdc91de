//! Who is alive (P9): what agents promise, when one of them is overdue, and when rather the plane itself cannot hear.
//!
//! All of it counts in [`crate::time::Tick`]s, which nobody can set; the clock on the wall is for display alone.
//! A status is computed from what was heard and is never taken from anybody. [`Roll`] knows every agent that was ever
//! heard of, has one timer for each that is watched in one [`wheel`], and says what to tell: who is silent, who came
//! back, and that so many fell silent together that the [`observer`] is suspect instead of them.

pub mod cadence;
mod member;
pub mod note;
pub mod observer;
pub mod roll;
pub mod spread;
pub mod status;
pub mod wheel;

pub use cadence::{Cadence, CadenceError};
pub use member::{Look, Past, Pulse};
pub use note::{Note, NoteError};
pub use observer::Silence;
pub use roll::{Beaten, LifeEvent, Roll};
pub use spread::next_beat_ms;
pub use status::{Status, UnknownStatus};
pub use wheel::Wheel;

/// Whether anybody waits for an agent's signs of life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Watch {
    /// Its silence is noticed.
    #[default]
    On,
    /// An operator paused it: its silence is nobody's business.
    Paused,
}
