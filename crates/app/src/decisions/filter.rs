//! Which decisions are asked for.

use portunus_core::decision::{Attempt, Decision, Outcome};
use portunus_core::time::Timestamp;

/// Which outcomes pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeFilter {
    /// This one.
    Only(Outcome),
    /// Every one but [`Outcome::Served`].
    Failed,
}

/// What a decision must have; every `None` lets all pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// The agent's name at that time, or its id.
    pub agent: Option<String>,
    /// A key that was tried: its label at that time, `pool:label`, or its id.
    pub key: Option<String>,
    /// A pool whose key was tried: its name at that time, or its id.
    pub pool: Option<String>,
    /// The model as the client wrote it.
    pub model: Option<String>,
    /// How it ended.
    pub outcome: Option<OutcomeFilter>,
    /// The request came then or later.
    pub since: Option<Timestamp>,
    /// The request came then or earlier.
    pub until: Option<Timestamp>,
    /// It took longer in all, in milliseconds.
    pub slower_than_ms: Option<u64>,
}

impl DecisionFilter {
    /// Whether a decision passes.
    #[must_use]
    pub fn admits(&self, decision: &Decision) -> bool {
        let has = |wanted: &Option<String>, fits: &dyn Fn(&str) -> bool| {
            wanted.as_deref().is_none_or(fits)
        };
        self.outcome.is_none_or(|wanted| match wanted {
            OutcomeFilter::Only(outcome) => decision.outcome == outcome,
            OutcomeFilter::Failed => decision.outcome != Outcome::Served,
        }) && self.since.is_none_or(|since| since <= decision.at)
            && self.until.is_none_or(|until| decision.at <= until)
            && self
                .slower_than_ms
                .is_none_or(|ms| decision.total_us > ms.saturating_mul(1_000))
            && has(&self.model, &|model| {
                decision.model.as_deref() == Some(model)
            })
            && has(&self.agent, &|agent| is_agent(decision, agent))
            && has(&self.key, &|key| {
                decision.attempts().any(|tried| is_key(tried, key))
            })
            && has(&self.pool, &|pool| {
                decision.attempts().any(|tried| is_pool(tried, pool))
            })
    }
}

fn is_agent(decision: &Decision, wanted: &str) -> bool {
    decision.agent_name.as_deref() == Some(wanted)
        || (wanted.starts_with("agt_") && decision.agent.is_some_and(|id| id.to_string() == wanted))
}

fn is_key(attempt: &Attempt, wanted: &str) -> bool {
    attempt.label.as_str() == wanted
        || wanted.split_once(':').is_some_and(|(pool, label)| {
            attempt.pool_name.as_str() == pool && attempt.label.as_str() == label
        })
        || (wanted.starts_with("key_") && attempt.key.to_string() == wanted)
}

fn is_pool(attempt: &Attempt, wanted: &str) -> bool {
    attempt.pool_name.as_str() == wanted
        || (wanted.starts_with("pol_") && attempt.pool.to_string() == wanted)
}
