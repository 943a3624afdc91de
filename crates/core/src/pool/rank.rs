//! How a key ranks for a request: ready before spent, then tier, affinity, headroom, least recent use.

use super::choice::{ChosenFor, WhyNot};
use super::key::{Availability, KeyState};

/// Where each rule stands in the number; the first rule stands highest. Below them all is the newest lease.
const SPENT: u32 = 101;
const PRIORITY: u32 = 69;
const ELSEWHERE: u32 = 68;
const CROWDING: u32 = 64;

/// The rules in their order, as one number that is compared at once. Smaller is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank(u128);

impl Rank {
    /// Behind every key that may serve.
    pub(super) const HINDERED: Self = Self(u128::MAX);

    /// How a key in this condition ranks for whoever has no conversation on it, or what stands in its way.
    pub(super) fn of(key: &KeyState, condition: Availability) -> Result<Self, Availability> {
        let (is_spent, step) = match condition {
            Availability::Ready { step } => (false, step),
            Availability::Spent { step } => (true, step),
            other => return Err(other),
        };
        let crowding = 10u8.saturating_sub(step);
        Ok(Self(
            u128::from(is_spent) << SPENT
                | u128::from(key.priority) << PRIORITY
                | 1 << ELSEWHERE
                | u128::from(crowding) << CROWDING
                | u128::from(key.last_lease.as_u64()),
        ))
    }

    /// The same for the conversation that is on the key.
    pub(super) const fn at_home(self) -> Self {
        Self(self.0 & !(1 << ELSEWHERE))
    }

    /// The rule that put this rank before `other`.
    pub(super) const fn decided_by(self, other: Self) -> ChosenFor {
        match (self.0 ^ other.0).checked_ilog2() {
            Some(SPENT..) => ChosenFor::NotSpent,
            Some(PRIORITY..) => ChosenFor::Priority,
            Some(ELSEWHERE..) => ChosenFor::Conversation,
            Some(CROWDING..) => ChosenFor::Headroom,
            // Keys that were never used are equal, and the one that came first counts as the less used.
            _ => ChosenFor::LeastRecent,
        }
    }

    /// What the key of `other` is told when this rank comes before it.
    pub(super) fn beats(self, other: Self) -> WhyNot {
        match self.decided_by(other) {
            ChosenFor::NotSpent => WhyNot::Spent,
            ChosenFor::Priority => WhyNot::LowerPriority,
            ChosenFor::Conversation => WhyNot::ConversationElsewhere,
            ChosenFor::Headroom => WhyNot::LessHeadroom(other.headroom()),
            _ => WhyNot::UsedMoreRecently,
        }
    }

    fn headroom(self) -> u8 {
        let crowding = (self.0 >> CROWDING) & 0xf;
        10u8.saturating_sub(u8::try_from(crowding).unwrap_or(10))
    }
}
