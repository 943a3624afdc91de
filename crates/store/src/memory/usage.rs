//! Sums of usage in the model: every row is looked at.

use super::State;
use crate::{UsageDimension, UsageOf, UsageRow, UsageSum, UsageWish, UsedBy, UsedKey};
use std::cmp::Reverse;
use std::collections::BTreeMap;

impl State {
    pub(super) fn usage_sums(&self, wish: &UsageWish) -> Vec<UsageSum> {
        let (first, last) = wish.days;
        let mut groups: BTreeMap<UsageOf, UsageSum> = BTreeMap::new();
        let rows = self.usage_rows(first, last);
        for row in rows.iter().filter(|row| is_wished(row, wish)) {
            let of = of(row, &wish.by);
            groups
                .entry(identity(&of))
                .or_insert_with(|| UsageSum::none(of.clone()))
                .take(of, row);
        }
        let mut sums: Vec<UsageSum> = groups.into_values().collect();
        // The dearest first, within a day; ties in the order of what they are of.
        sums.sort_by_key(|sum| {
            (
                sum.of.day,
                Reverse((sum.cost, sum.usage.total(), sum.requests)),
            )
        });
        let skip = usize::try_from(wish.skip).unwrap_or(usize::MAX);
        let limit = usize::try_from(wish.limit).unwrap_or(usize::MAX);
        sums.into_iter().skip(skip).take(limit).collect()
    }
}

impl UsageSum {
    /// Adds a row and keeps the greatest of its names.
    fn take(&mut self, of: UsageOf, row: &UsageRow) {
        self.add(row);
        self.of = std::mem::take(&mut self.of).max(of);
    }
}

fn is_wished(row: &UsageRow, wish: &UsageWish) -> bool {
    let agent = wish.agent.as_ref().is_none_or(|agent| match agent {
        UsedBy::Id(id) => row.agent == *id,
        UsedBy::Name(name) => *row.agent_name == **name,
    });
    agent
        && wish
            .model
            .as_ref()
            .is_none_or(|model| *row.model == **model)
        && wish.pool.as_ref().is_none_or(|pool| *row.pool == **pool)
}

fn of(row: &UsageRow, by: &[UsageDimension]) -> UsageOf {
    let mut of = UsageOf::default();
    for dimension in by {
        match dimension {
            UsageDimension::Day => of.day = Some(row.day),
            UsageDimension::Agent => of.agent = Some((row.agent, row.agent_name.to_string())),
            UsageDimension::Key => {
                of.key = Some(UsedKey {
                    id: row.key,
                    label: row.key_label.to_string(),
                    pool: row.pool.to_string(),
                });
            }
            UsageDimension::Model => of.model = Some(row.model.to_string()),
            UsageDimension::Pool => of.pool = Some(row.pool.to_string()),
        }
    }
    of
}

/// What makes two rows belong together: ids, not the names that go with them.
fn identity(of: &UsageOf) -> UsageOf {
    UsageOf {
        day: of.day,
        agent: of.agent.as_ref().map(|(id, _)| (*id, String::new())),
        key: of.key.as_ref().map(|key| UsedKey {
            id: key.id,
            ..UsedKey::default()
        }),
        model: of.model.clone(),
        pool: of.pool.clone(),
    }
}
