//! Which quotas are in force: as they are configured, and as requests are judged by them.

use portunus_core::admission::{Class, Quota};
use std::num::NonZeroU32;

/// A rate and a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// In the long run; 0 is no limit.
    pub rate: u32,
    /// At once.
    pub burst: NonZeroU32,
}

/// What is configured: one pace for each class, the same for every principal, and one for all unverified requests
/// together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paces {
    /// Of [`Class::Vital`], a minute.
    pub vital: Pace,
    /// Of [`Class::Control`], a minute.
    pub control: Pace,
    /// Of [`Class::Llm`], a minute.
    pub llm: Pace,
    /// Of all requests together whose credential failed or that need none, a second.
    pub unverified: Pace,
}

const fn pace(rate: u32, burst: u32) -> Pace {
    let burst = match NonZeroU32::new(burst) {
        Some(burst) => burst,
        None => NonZeroU32::MIN,
    };
    Pace { rate, burst }
}

impl Default for Paces {
    fn default() -> Self {
        Self {
            // An agent beats and renews a few times a minute at most.
            vital: pace(120, 60),
            // A loop that runs away meets it; a script that sets up a fleet does not.
            control: pace(6_000, 1_000),
            // No limit: the pool's fair queue and budgets share what there is.
            llm: pace(0, 1_000),
            unverified: pace(1_000, 2_000),
        }
    }
}

/// The quotas in force. `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    vital: Option<Quota>,
    control: Option<Quota>,
    llm: Option<Quota>,
    pub(super) unverified: Option<Quota>,
}

impl Default for Limits {
    fn default() -> Self {
        Paces::default().into()
    }
}

impl From<Paces> for Limits {
    fn from(paces: Paces) -> Self {
        let a_minute = |pace: Pace| {
            let rate = NonZeroU32::new(pace.rate)?;
            Some(Quota::per_minute(rate, pace.burst))
        };
        let second = paces.unverified;
        let rate = NonZeroU32::new(second.rate);
        Self {
            vital: a_minute(paces.vital),
            control: a_minute(paces.control),
            llm: a_minute(paces.llm),
            unverified: rate.map(|rate| Quota::per_second(rate, second.burst)),
        }
    }
}

impl Limits {
    pub(super) const fn of(&self, class: Class) -> Option<Quota> {
        match class {
            Class::Vital => self.vital,
            Class::Control => self.control,
            Class::Llm => self.llm,
        }
    }
}
