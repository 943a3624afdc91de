//! Why a request had to be refused: the budget without room, with every fact that helps its reader.

use super::calendar::Moment;
use super::meter::Level;
use super::quantity::Amounts;
use super::{Budget, BudgetScope, Measure, Quantity, Window};
use crate::time::Timestamp;

/// A budget had no room for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The budget.
    pub budget: Budget,
    /// What settled requests used in this window.
    pub spent: u64,
    /// What running requests have reserved.
    pub reserved: u64,
    /// What the request needs; `None` when its model has no price.
    pub needed: Option<u64>,
    /// When the window ends; `None` for what is counted in total or at once.
    pub resets_at: Option<Timestamp>,
    /// What kind of no it is.
    pub why: Why,
}

/// What kind of no it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// What is spent leaves no room; the reset brings it back.
    Spent,
    /// Only running requests are in the way; there may be room when they have ended.
    Held,
    /// The request needs more than the whole limit: no reset helps it.
    NeverFits,
    /// The budget is of money and the model has no price, so nobody can tell whether the request fits.
    Unpriced,
}

impl Why {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spent => "spent",
            Self::Held => "held",
            Self::NeverFits => "never_fits",
            Self::Unpriced => "unpriced",
        }
    }
}

impl Shortage {
    pub(super) fn of(level: Level, amounts: &Amounts) -> Self {
        let limit = level.budget.limit;
        let needed = amounts.of(level.budget.quantity);
        let why = match needed {
            None => Why::Unpriced,
            Some(needed) if needed > limit => Why::NeverFits,
            Some(needed) if needed > limit.saturating_sub(level.spent) => Why::Spent,
            Some(_) => Why::Held,
        };
        Self {
            budget: level.budget,
            spent: level.spent,
            reserved: level.reserved,
            needed,
            resets_at: level.resets_at,
            why,
        }
    }

    /// How long it lasts, to be compared: of several, the one that lasts longest is told.
    #[must_use]
    pub fn lasts(&self) -> (u8, Option<Timestamp>) {
        match (self.why, self.resets_at) {
            (Why::Held, resets_at) => (0, resets_at),
            (Why::Spent, Some(resets_at)) => (1, Some(resets_at)),
            (Why::Spent, None) => (2, None),
            (Why::NeverFits | Why::Unpriced, _) => (3, None),
        }
    }

    /// What happened and what to do about it, for the agent and its operator. `subject` is the name of the agent or
    /// the pool.
    #[must_use]
    pub fn told(&self, subject: &str) -> String {
        let raise = format!("an operator can raise it: {}", self.command(subject));
        let measure = self.budget.quantity.measure();
        let amount = |amount| measure.amount(amount);
        let needed = self.needed.map(amount).unwrap_or_default();
        let limit = self.budget.quantity.limit(self.budget.limit);
        let budget = match self.budget.scope {
            BudgetScope::Pool(_) => format!("The budget of {limit} of the pool {subject}"),
            BudgetScope::Agent(_) | BudgetScope::EveryAgent => {
                format!("This agent's budget of {limit}")
            }
        };
        match self.why {
            Why::Unpriced => format!(
                "{budget} cannot be checked, because the model has no price. Use a model that has one; an operator \
                 can give it a price in the configuration, or let the budget only warn: {} --action warn",
                self.command(subject)
            ),
            Why::NeverFits if self.budget.limit == 0 => {
                format!("{budget} lets nothing through; {raise}")
            }
            Why::NeverFits => format!(
                "{budget} is less than this request alone may need ({needed}), so waiting does not help. Ask for \
                 less (a smaller max_tokens, a shorter prompt); {raise}"
            ),
            Why::Held if measure == Measure::Concurrency => format!(
                "{budget} is in use ({} of {}). Try again when a request has ended; {raise}",
                self.reserved, self.budget.limit,
            ),
            Why::Held => format!(
                "{budget} is reserved by requests that are running ({} spent, {} reserved, {needed} needed). Try \
                 again when they have ended; {raise}",
                amount(self.spent),
                amount(self.reserved),
            ),
            Why::Spent => {
                let used = match measure {
                    Measure::Money => amount(self.spent),
                    _ => self.spent.to_string(),
                };
                let of = match measure {
                    Measure::Money => amount(self.budget.limit),
                    _ => self.budget.limit.to_string(),
                };
                let state = if self.spent >= self.budget.limit {
                    format!("is spent ({used} of {of})")
                } else {
                    format!("has no room for {needed} more ({used} of {of} spent)")
                };
                let reset = match self.resets_at {
                    Some(at) => format!("It resets at {}", Moment(at)),
                    None => "It does not reset".to_owned(),
                };
                format!("{budget} {state}. {reset}; {raise}")
            }
        }
    }

    /// The command that raises the limit.
    fn command(&self, subject: &str) -> String {
        let scope = match self.budget.scope {
            // The default of all may stay as it is: a budget of the agent's own takes its place.
            BudgetScope::EveryAgent | BudgetScope::Agent(_) => format!("--agent {subject}"),
            BudgetScope::Pool(_) => format!("--pool {subject}"),
        };
        let measure = self.budget.quantity.measure().as_str();
        let window = match self.budget.quantity {
            Quantity::Concurrency => String::new(),
            Quantity::Requests(window) | Quantity::Tokens(window) | Quantity::Money(window) => {
                match window {
                    Window::Total => " --total".to_owned(),
                    window => format!(" --per {}", window.as_str()),
                }
            }
        };
        format!("portunus budgets set {scope} --{measure} LIMIT{window}")
    }
}
