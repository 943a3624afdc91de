//! Who is let in how often, and what failing costs: rates of principals, penalties of sources.
//!
//! The two never meet. A [`quota`] binds a principal that its credential has proven, and nobody else's requests count
//! in it. [`penalties`] are a [`source`]'s, and are asked about only by what is costly or can be guessed: passwords and
//! slow hashes, never by a valid credential (P1).

pub mod arrivals;
pub mod delays;
pub mod failures;
pub mod forwarded;
pub mod penalties;
pub mod quota;
pub mod source;

pub use arrivals::Arrivals;
pub use failures::{FailedCredential, FailedMinute, FailureBook};
pub use forwarded::TrustedProxies;
pub use penalties::{Noted, PenaltyBook, Tracked};
pub use quota::{Limited, Quota, Standing};
pub use source::{Source, SourceError};

/// A lane of one principal: what is done in one does not slow down another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// What keeps an agent alive: heartbeats, renewals, a look at itself.
    Vital,
    /// The rest of the control API.
    Control,
    /// Calls of models.
    Llm,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Vital, Self::Control, Self::Llm];

    /// Its name, as in the configuration and in `RateLimit` fields.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vital => "vital",
            Self::Control => "control",
            Self::Llm => "llm",
        }
    }
}
