//! Which quotas are in force.

use portunus_core::admission::{Class, Quota};
use std::num::NonZeroU32;

/// One quota for each class, the same for every principal, and one for all unverified requests together. `None` is no
/// limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of [`Class::Vital`].
    pub vital: Option<Quota>,
    /// Of [`Class::Control`].
    pub control: Option<Quota>,
    /// Of [`Class::Llm`].
    pub llm: Option<Quota>,
    /// Of all requests together whose credential failed or that need none.
    pub unverified: Option<Quota>,
}

/// A rate and a burst as they are configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// In the long run; 0 is no limit.
    pub rate: u32,
    /// At once.
    pub burst: NonZeroU32,
}

const fn pace(rate: u32, burst: u32) -> Pace {
    let burst = match NonZeroU32::new(burst) {
        Some(burst) => burst,
        None => NonZeroU32::MIN,
    };
    Pace { rate, burst }
}

/// A minute, for every principal. An agent beats and renews a few times a minute at most.
pub const VITAL: Pace = pace(120, 60);
/// A minute, for every principal. A loop that runs away meets it; a script that sets up a fleet does not.
pub const CONTROL: Pace = pace(6_000, 1_000);
/// A minute, for every agent: no limit, because the pool's fair queue and budgets share what there is.
pub const LLM: Pace = pace(0, 1_000);
/// A second, for all together.
pub const UNVERIFIED: Pace = pace(1_000, 2_000);

impl Pace {
    /// The quota of so much a minute.
    #[must_use]
    pub fn a_minute(self) -> Option<Quota> {
        let rate = NonZeroU32::new(self.rate)?;
        Some(Quota::per_minute(rate, self.burst))
    }

    /// The quota of so much a second.
    #[must_use]
    pub fn a_second(self) -> Option<Quota> {
        let rate = NonZeroU32::new(self.rate)?;
        Some(Quota::per_second(rate, self.burst))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            vital: VITAL.a_minute(),
            control: CONTROL.a_minute(),
            llm: LLM.a_minute(),
            unverified: UNVERIFIED.a_second(),
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
