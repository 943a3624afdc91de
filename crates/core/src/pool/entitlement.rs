//! Which models a key was refused: remembered for a while, skipped, and never waited for.

use crate::time::Timestamp;
use std::sync::Arc;

/// How long a refusal is remembered, in milliseconds.
const REMEMBERED_MS: u64 = 10 * 60_000;

/// How many models one key remembers; names come from clients, so the number must have an end.
const MOST_MODELS: usize = 64;

/// The models that one key may not use.
#[derive(Clone, Debug, Default)]
pub(super) struct RefusedModels(Vec<(Arc<str>, Timestamp)>);

impl RefusedModels {
    /// Remembers that `model` was refused.
    pub(super) fn note(&mut self, model: &Arc<str>, now: Timestamp) {
        self.0.retain(|(m, until)| *until > now && m != model);
        if self.0.len() >= MOST_MODELS {
            self.0.remove(0);
        }
        self.0.push((Arc::clone(model), now.plus_ms(REMEMBERED_MS)));
    }

    /// Whether `model` is known to be refused.
    pub(super) fn contains(&self, model: &str, now: Timestamp) -> bool {
        self.0
            .iter()
            .any(|(m, until)| *until > now && **m == *model)
    }

    /// The next moment at which a refusal is not remembered any more.
    pub(super) fn next_forgotten(&self, now: Timestamp) -> Option<Timestamp> {
        let untils = self.0.iter().map(|(_, until)| *until);
        untils.filter(|until| *until > now).min()
    }

    /// The clock was set back: refusals are remembered no longer for that.
    pub(super) fn shift_back(&mut self, by_ms: u64) {
        for (_, until) in &mut self.0 {
            *until = until.minus_ms(by_ms);
        }
    }

    /// Forgets all of it.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
