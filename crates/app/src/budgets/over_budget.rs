//! The refusal of a request for which a budget has no room.

use portunus_core::budget::Shortage;
use std::fmt;

/// A budget had no room for a request. Its text tells the agent what happened and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverBudget {
    /// Which budget, what is spent and reserved of it, what was needed, when it resets, and what kind of no it is.
    pub shortage: Shortage,
    /// The name of the agent or the pool whose budget it is.
    pub subject: String,
}

impl OverBudget {
    /// The budget in a few words: `100 requests a day of agent mayor`.
    #[must_use]
    pub fn budget(&self) -> String {
        let budget = self.shortage.budget;
        format!(
            "{} of {}",
            budget.quantity.limit(budget.limit),
            self.subject
        )
    }
}

impl fmt::Display for OverBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shortage.told(&self.subject))
    }
}

impl std::error::Error for OverBudget {}
