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
use std::hash::{Hash, Hasher};
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

/// How much room emptied sums keep in any case, and at most: in between it is what they needed the last time.
const KEPT_SUMS: (usize, usize) = (1_024, 16_384);

/// The models that are told apart.
#[derive(Debug, Default)]
pub(super) struct Models(RwLock<HashSet<Arc<str>>>);

impl Models {
    /// The model by the name that is kept, if it has sums of its own. Sums outlive requests, so that they hold this
    /// one and not the request's.
    fn known(&self, model: &Arc<str>, outcome: Outcome) -> Option<Arc<str>> {
        if let Some(known) = self.0.read().get(model) {
            return Some(Arc::clone(known));
        }
        let most = match outcome {
            Outcome::Served => MOST_SERVED,
            _ => MOST_UNSERVED,
        };
        let mut known = self.0.write();
        if known.len() < most && !known.contains(model) {
            known.insert(Arc::clone(model));
        }
        known.get(model).cloned()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    day: Day,
    agent: AgentId,
    key: Option<KeyId>,
    model: Model,
}

impl Hash for Place {
    /// Less than all of it, because it is hashed for every request: ids are random, and days are few.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(begin(self.agent.as_bytes()));
        state.write_u64(self.key.map_or(0, |key| begin(key.as_bytes())));
        match &self.model {
            Model::Named(name) => name.hash(state),
            Model::Unnamed => state.write_u8(1),
            Model::Other => state.write_u8(2),
        }
    }
}

fn begin(id: &[u8; 16]) -> u64 {
    id.first_chunk()
        .map_or(0, |first| u64::from_le_bytes(*first))
}

#[derive(Clone, Debug, PartialEq, Eq)]
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
pub(super) struct Sums {
    rows: HashMap<Place, UsageRow>,
    /// How many were moved away since they were cleared.
    moved: usize,
}

impl Sums {
    /// Adds what a request used; says how many requests found no room (one or none).
    pub(super) fn add(&mut self, agent: AgentId, decision: &Decision, models: &Models) -> u64 {
        let attempt = decision.attempts().last();
        let model = decision.model.as_ref();
        let mut place = Place {
            day: Day::of(decision.at),
            agent,
            key: attempt.map(|attempt| attempt.key),
            model: model.map_or(Model::Unnamed, |name| Model::Named(Arc::clone(name))),
        };
        if let Some(row) = self.rows.get_mut(&place) {
            add_request(row, decision);
            return 0;
        }
        if let Model::Named(name) = &place.model {
            let known = models.known(name, decision.outcome);
            place.model = known.map_or(Model::Other, Model::Named);
        }
        let mut row = empty_row(&place, decision, attempt);
        add_request(&mut row, decision);
        self.merge_at(place, row)
    }

    /// Adds a sum that was a part of other ones; says how many requests found no room.
    fn merge(&mut self, row: UsageRow) -> u64 {
        let place = Place {
            day: row.day,
            agent: row.agent,
            key: row.key,
            model: match &*row.model {
                NONE => Model::Unnamed,
                OTHER => Model::Other,
                _ => Model::Named(Arc::clone(&row.model)),
            },
        };
        self.merge_at(place, row)
    }

    fn merge_at(&mut self, place: Place, row: UsageRow) -> u64 {
        if let Some(sum) = self.rows.get_mut(&place) {
            sum.add(&row);
            return 0;
        }
        if self.rows.len() >= MOST_TOLD_APART && place.model != Model::Other {
            return self.merge_other(place, row);
        }
        if self.rows.len() >= MOST_SUMS {
            return row.requests;
        }
        self.rows.insert(place, row);
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

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn clear(&mut self) {
        let (least, most) = KEPT_SUMS;
        self.rows.clear();
        self.rows.shrink_to(self.moved.clamp(least, most));
        self.moved = 0;
    }

    /// Moves the sums to the others, of which some may be of the same place.
    pub(super) fn move_to(&mut self, rows: &mut Vec<UsageRow>) {
        self.moved += self.rows.len();
        rows.extend(self.rows.drain().map(|(_, row)| row));
    }
}

/// Leaves one sum per place; says how many requests found no room.
pub(super) fn merged(rows: &mut Vec<UsageRow>) -> u64 {
    let mut sums = Sums::default();
    let lost = rows.drain(..).map(|row| sums.merge(row)).sum();
    sums.move_to(rows);
    lost
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
