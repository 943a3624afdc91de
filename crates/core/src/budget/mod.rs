//! Budgets: how much an agent or a pool may use, of what, and within which time.
//!
//! A [`Budget`] is what an operator set. An [`Account`] counts for one agent or one pool against every budget that
//! binds it: a request reserves what it may need in all of them before it is sent, and settles what it used after.
//! Reservations never pass a limit; a settlement may, by the error of its estimate. Locks, names and storage are
//! up to `portunus-app`.

mod account;
mod calendar;
mod meter;
mod quantity;
mod shortage;

pub use account::{Account, Hold};
pub use calendar::Moment;
pub use meter::{Crossed, Crossing, Level, Saved};
pub use quantity::{Amounts, Measure, Quantity, Window, WindowMissing};
pub use shortage::{Shortage, Why};

use crate::ids::{AgentId, BudgetId, PoolId};
use crate::time::Timestamp;

/// Whom a budget binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BudgetScope {
    /// Every agent by itself, unless it has a budget of its own for the same quantity.
    EveryAgent,
    /// One agent.
    Agent(AgentId),
    /// All requests to one pool together.
    Pool(PoolId),
}

impl BudgetScope {
    /// The stable name of its kind: `every_agent`, `agent` or `pool`.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::EveryAgent => "every_agent",
            Self::Agent(_) => "agent",
            Self::Pool(_) => "pool",
        }
    }
}

impl BudgetScope {
    /// Whether it binds `subject`, if nothing nearer does.
    #[must_use]
    pub fn binds(self, subject: Subject) -> bool {
        match self {
            Self::EveryAgent => matches!(subject, Subject::Agent(_)),
            Self::Agent(id) => subject == Subject::Agent(id),
            Self::Pool(id) => subject == Subject::Pool(id),
        }
    }
}

/// Whose account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// An agent's.
    Agent(AgentId),
    /// A pool's.
    Pool(PoolId),
}

impl Subject {
    /// The stable name of its kind: `agent` or `pool`.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Agent(_) => "agent",
            Self::Pool(_) => "pool",
        }
    }
}

/// What happens to a request for which a budget has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// It passes; operators are told.
    Warn,
    /// It is refused.
    Stop,
}

impl Action {
    /// The stable name: `warn` or `stop`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Stop => "stop",
        }
    }

    /// Reads the stable name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Warn, Self::Stop]
            .into_iter()
            .find(|action| action.as_str() == name)
    }
}

/// The share of a limit at which operators are warned, in whole per cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WarnAt(u8);

impl WarnAt {
    /// From 1 to 100.
    #[must_use]
    pub const fn from_percent(percent: u8) -> Option<Self> {
        match percent {
            1..=100 => Some(Self(percent)),
            _ => None,
        }
    }

    /// In per cent.
    #[must_use]
    pub const fn percent(self) -> u8 {
        self.0
    }

    /// The first amount of which it is true that this share of `limit` is used.
    #[must_use]
    pub fn of(self, limit: u64) -> u64 {
        let share = (u128::from(limit) * u128::from(self.0)).div_ceil(100);
        u64::try_from(share).unwrap_or(limit)
    }
}

impl Default for WarnAt {
    /// 80 per cent.
    fn default() -> Self {
        Self(80)
    }
}

/// The highest limit that can be set: what every database and every JSON reader holds exactly.
pub const HIGHEST_LIMIT: u64 = (1 << 53) - 1;

/// One rule: at most so much of a quantity for whom it binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Never reused.
    pub id: BudgetId,
    /// Whom it binds; per scope and quantity there is one budget.
    pub scope: BudgetScope,
    /// What is counted, and within which time.
    pub quantity: Quantity,
    /// How much of it at most; money in billionths of a US dollar. No higher than [`HIGHEST_LIMIT`].
    pub limit: u64,
    /// What happens beyond it.
    pub action: Action,
    /// When operators are warned.
    pub warn_at: WarnAt,
    /// When it was set for the first time.
    pub created_at: Timestamp,
}
