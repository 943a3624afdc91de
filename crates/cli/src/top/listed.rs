//! The orders that each kind of row can be sorted by, and where a filter looks.

use super::list::Listed;
use super::rows::{AgentRow, DecisionRow, KeyRow};
use std::cmp::Ordering;

impl Listed for KeyRow {
    const SORTS: &'static [&'static str] = &["pool", "trouble", "spent", "back", "running", "name"];

    fn identity(&self) -> &str {
        &self.id
    }

    fn order(&self, other: &Self, sort: &str) -> Ordering {
        match sort {
            "trouble" => other.trouble().cmp(&self.trouble()),
            "spent" => other.tightest().total_cmp(&self.tightest()),
            "back" => sooner(self.back_ms(), other.back_ms()),
            "running" => other.in_flight.cmp(&self.in_flight),
            "name" => self.name.cmp(&other.name),
            _ => self.place.cmp(&other.place),
        }
    }

    fn mentions(&self, text: &str) -> bool {
        let condition = format!("{:?}", self.condition).to_lowercase();
        holds(&self.name, text) || condition.contains(text)
    }
}

impl Listed for AgentRow {
    const SORTS: &'static [&'static str] = &[
        "requests", "status", "name", "tokens", "cost", "failed", "median", "last", "seen",
    ];

    fn identity(&self) -> &str {
        &self.name
    }

    fn order(&self, other: &Self, sort: &str) -> Ordering {
        match sort {
            "status" => other.trouble().cmp(&self.trouble()),
            "name" => self.called().cmp(other.called()),
            "seen" => other.seen_ms.cmp(&self.seen_ms),
            "tokens" => other.tokens.cmp(&self.tokens),
            "cost" => other.cost_nanos.cmp(&self.cost_nanos),
            "failed" => other.failed.cmp(&self.failed),
            "median" => other.median_us.cmp(&self.median_us),
            "last" => other.last_ms.cmp(&self.last_ms),
            _ => {
                // Those that asked for nothing stand by what there is to see of them.
                let asked = |row: &Self| {
                    let silent = row.requests == 0;
                    let trouble = if silent { row.trouble() } else { 0 };
                    (row.per_minute, row.requests, trouble)
                };
                asked(other).cmp(&asked(self))
            }
        }
    }

    fn mentions(&self, text: &str) -> bool {
        holds(&self.name, text)
            || holds(self.called(), text)
            || self.last.is_some_and(|last| last.word().contains(text))
            || self
                .status
                .is_some_and(|status| status.as_str().contains(text))
    }
}

impl Listed for DecisionRow {
    const SORTS: &'static [&'static str] = &[
        "newest",
        "slowest",
        "first byte",
        "waited",
        "tries",
        "tokens",
    ];

    fn identity(&self) -> &str {
        &self.id
    }

    fn order(&self, other: &Self, sort: &str) -> Ordering {
        match sort {
            "slowest" => other.total_us.cmp(&self.total_us),
            "first byte" => other.first_byte_us.cmp(&self.first_byte_us),
            "waited" => other.waited_us.cmp(&self.waited_us),
            "tries" => other.keys.len().cmp(&self.keys.len()),
            "tokens" => other.tokens.cmp(&self.tokens),
            _ => other.ended_ms().cmp(&self.ended_ms()),
        }
    }

    fn mentions(&self, text: &str) -> bool {
        [&self.agent, &self.model, &self.endpoint, &self.id]
            .into_iter()
            .chain(&self.keys)
            .chain(&self.agent_display_name)
            .any(|part| holds(part, text))
            || self.ending.word().contains(text)
            || self.status.to_string() == text
    }
}

fn holds(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(part)
}

/// The sooner moment first; what has none stands last.
fn sooner(a: Option<i64>, b: Option<i64>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}
