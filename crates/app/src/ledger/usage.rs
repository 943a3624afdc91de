//! Sums of usage by day, agent, key and model, before the store has them.
//!
//! Days, agents and keys are ours, but models are named by clients: of names that no provider answered to only a few
//! are told apart, the rest are summed under [`OTHER`].

use parking_lot::RwLock;
use portunus_core::decision::{Attempt, Decision, Outcome};
use portunus_core::ids::{AgentId, KeyId};
use portunus_core::usage::{Money, UsageSource};
use portunus_store::{Day, UsageRow};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What stands for models that are not told apart.
pub(super) const OTHER: &str = "(other)";

/// What stands for no model.
pub(super) const NONE: &str = "-";

/// How many models are told apart that providers answered to, in one run of the plane.
const MOST_SERVED: usize = 4_096;

/// Up to how many models one is told apart that no provider answered to yet.
const MOST_UNSERVED: usize = 256;

/// How many sums there are before models are no longer told apart.
const MOST_TOLD_APART: usize = 65_536;

/// How many sums there are at most.
const MOST_SUMS: usize = 262_144;

/// How much room emptied sums keep.
const KEPT_SUMS: usize = 1_024;

/// The models that are told apart.
#[derive(Debug, Default)]
pub(super) struct Models(RwLock<HashSet<Arc<str>>>);

impl Models {
    /// Whether this model has sums of its own.
    fn knows(&self, model: &Arc<str>, outcome: Outcome) -> bool {
        if self.0.read().contains(model) {
            return true;
        }
        let most = match outcome {
            Outcome::Served => MOST_SERVED,
            _ => MOST_UNSERVED,
        };
        let mut known = self.0.write();
        known.len() < most && (known.insert(Arc::clone(model)) || known.contains(model))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Place {
    day: Day,
    agent: AgentId,
    key: Option<KeyId>,
    model: Model,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Model {
    Named(Arc<str>),
    Unnamed,
    Other,
}

impl Model {
    fn name(&self) -> Arc<str> {
        match self {
            Self::Named(name) => Arc::clone(name),
            Self::Unnamed => NONE.into(),
            Self::Other => OTHER.into(),
        }
    }
}

/// Sums, by place.
#[derive(Debug, Default)]
pub(super) struct Sums(HashMap<Place, UsageRow>);

impl Sums {
    /// Adds what a request used; says how many requests found no room (one or none).
    pub(super) fn add(&mut self, agent: AgentId, decision: &Decision, models: &Models) -> u64 {
        let attempt = decision.attempts().last();
        let model = decision.model.as_ref();
        let place = Place {
            day: Day::of(decision.at),
            agent,
            key: attempt.map(|attempt| attempt.key),
            model: model.map_or(Model::Unnamed, |name| Model::Named(Arc::clone(name))),
        };
        if let Some(row) = self.0.get_mut(&place) {
            add_request(row, decision);
            return 0;
        }
        let known = match &place.model {
            Model::Named(name) => models.knows(name, decision.outcome),
            Model::Unnamed | Model::Other => true,
        };
        let mut row = empty_row(&place, decision, attempt);
        add_request(&mut row, decision);
        match known {
            true => self.merge_at(place, row),
            false => self.merge_other(place, row),
        }
    }

    /// Takes in a sum of another ledger's part; says how many requests found no room.
    fn merge_at(&mut self, place: Place, row: UsageRow) -> u64 {
        if let Some(sum) = self.0.get_mut(&place) {
            sum.add(&row);
            return 0;
        }
        if self.0.len() >= MOST_TOLD_APART && place.model != Model::Other {
            return self.merge_other(place, row);
        }
        if self.0.len() >= MOST_SUMS {
            return row.requests;
        }
        self.0.insert(place, row);
        0
    }

    fn merge_other(&mut self, place: Place, row: UsageRow) -> u64 {
        let place = Place {
            model: Model::Other,
            ..place
        };
        let model = Arc::from(OTHER);
        self.merge_at(place, UsageRow { model, ..row })
    }

    /// Moves all sums of another one into this one; says how many requests found no room.
    pub(super) fn take_in(&mut self, other: &mut Self) -> u64 {
        if self.0.is_empty() {
            std::mem::swap(&mut self.0, &mut other.0);
            return 0;
        }
        let moved = other.0.drain();
        moved.map(|(place, row)| self.merge_at(place, row)).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
        self.0.shrink_to(KEPT_SUMS);
    }

    /// The sums as a store takes them.
    pub(super) fn rows(&self) -> Vec<UsageRow> {
        self.0.values().cloned().collect()
    }

    /// How many requests they sum up.
    pub(super) fn requests(&self) -> u64 {
        self.0.values().map(|row| row.requests).sum()
    }
}

fn empty_row(place: &Place, decision: &Decision, attempt: Option<&Attempt>) -> UsageRow {
    UsageRow {
        day: place.day,
        agent: place.agent,
        key: place.key,
        model: place.model.name(),
        agent_name: decision.agent_name.clone().unwrap_or_default(),
        key_label: attempt
            .map(|attempt| attempt.label.shared())
            .unwrap_or_default(),
        pool: attempt
            .map(|attempt| attempt.pool_name.shared())
            .unwrap_or_default(),
        requests: 0,
        failed: 0,
        usage: portunus_core::usage::Usage::default(),
        estimated: 0,
        cost: Money::ZERO,
        unpriced: 0,
    }
}

fn add_request(row: &mut UsageRow, decision: &Decision) {
    let one_if = u64::from;
    row.requests += 1;
    row.failed += one_if(decision.outcome != Outcome::Served);
    if let Some(usage) = decision.usage {
        row.usage += usage;
        row.unpriced += one_if(decision.cost.is_none() && usage.total() > 0);
    }
    row.estimated += one_if(decision.usage_source == Some(UsageSource::Estimate));
    row.cost = row.cost.plus(decision.cost.unwrap_or(Money::ZERO));
}
