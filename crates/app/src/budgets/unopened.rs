//! What agents spent before the start, until their accounts are opened.
//!
//! An account is opened when its agent asks for the first time. A plane that opened them all at its start would answer
//! a large fleet late, and hold memory for agents that do not ask.

use arc_swap::ArcSwap;
use portunus_core::budget::{Account, Saved, Subject};
use portunus_core::ids::AgentId;
use portunus_core::time::Timestamp;
use portunus_store::Spending;

/// See the module. By agent; what is in it is only read.
#[derive(Debug, Default)]
pub(super) struct Unopened(ArcSwap<Vec<(AgentId, Saved)>>);

impl Unopened {
    /// Keeps the agents' part of what was spent, as far as its window is not over.
    pub(super) fn keep(&self, spending: &[Spending], now: Timestamp) {
        let of_agents = spending.iter().filter_map(|row| match row.subject {
            Subject::Agent(id) if !row.saved.is_over(now) => Some((id, row.saved)),
            _ => None,
        });
        let mut spent: Vec<_> = of_agents.collect();
        spent.sort_unstable_by_key(|(agent, _)| *agent);
        self.0.store(spent.into());
    }

    /// Gives an account that is being opened what its agent spent.
    pub(super) fn restore(&self, agent: AgentId, account: &mut Account, now: Timestamp) {
        let spent = self.0.load();
        let begin = spent.partition_point(|(other, _)| *other < agent);
        let own = spent.iter().skip(begin);
        let own = own.take_while(|(other, _)| *other == agent);
        for (_, saved) in own.filter(|(_, saved)| !saved.is_over(now)) {
            account.restore(*saved, now);
        }
    }

    /// Whose they are; an agent comes once for each quantity.
    pub(super) fn agents(&self) -> Vec<AgentId> {
        self.0.load().iter().map(|(agent, _)| *agent).collect()
    }

    /// Forgets everything: all accounts are open.
    pub(super) fn clear(&self) {
        self.0.store(Vec::new().into());
    }
}
