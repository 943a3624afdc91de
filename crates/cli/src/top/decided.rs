//! One decision of the plane as a row.

use super::fold::millis;
use super::rows::{DecisionRow, Ending};
use crate::commands::nanos;
use portunus_api::decisions::{Decision, Outcome, Step, TokensUsed};
use std::sync::Arc;

impl DecisionRow {
    /// The row of a decision, which stays with it for whoever opens it.
    pub(crate) fn of(decision: Decision) -> Self {
        let mut keys = Vec::new();
        for step in &decision.steps {
            if let Step::Attempted(attempt) = step {
                keys.push(format!("{}:{}", attempt.pool, attempt.label));
            }
        }
        let agent = decision.agent.as_ref();
        Self {
            id: decision.id.clone(),
            at_ms: millis(&decision.at).unwrap_or_default(),
            agent: agent.map_or_else(|| "-".to_owned(), |agent| agent.name.clone()),
            agent_display_name: agent.and_then(|agent| agent.display_name.clone()),
            endpoint: decision.endpoint.clone(),
            model: decision.model.clone().unwrap_or_else(|| "-".to_owned()),
            keys,
            ending: ending(decision.outcome),
            status: decision.status.unwrap_or_default(),
            waited_us: decision.waited_us,
            first_byte_us: decision.first_byte_us,
            total_us: decision.total_us,
            tokens: decision.usage.as_ref().map(tokens),
            cost_nanos: decision.cost_usd.and_then(nanos),
            whole: Arc::new(decision),
        }
    }
}

const fn ending(outcome: Outcome) -> Ending {
    match outcome {
        Outcome::Served => Ending::Served,
        Outcome::ClientFault => Ending::ClientFault,
        Outcome::Refused => Ending::Refused,
        Outcome::BrokenOff => Ending::BrokenOff,
        Outcome::ClientLeft => Ending::ClientLeft,
    }
}

fn tokens(used: &TokensUsed) -> u64 {
    [used.input, used.cache_read, used.cache_write, used.output]
        .into_iter()
        .fold(0, u64::saturating_add)
}
