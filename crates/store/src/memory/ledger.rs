//! What the model keeps of requests: segments as they came, never joined, and sums by day, agent, key and model.

use super::State;
use crate::{Day, LedgerBatch, NumberedSegment, Retention, SegmentOrder, SegmentWish, UsageRow};
use portunus_core::ids::{AgentId, KeyId};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Decisions and sums.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    segments: VecDeque<NumberedSegment>,
    /// How many decisions there ever were.
    numbered: u64,
    usage: BTreeMap<(Day, AgentId, Option<KeyId>, Arc<str>), UsageRow>,
}

impl State {
    pub(super) fn save_ledger(&mut self, batch: &LedgerBatch) {
        if let Some(segment) = &batch.segment {
            let first = self.ledger.numbered + 1;
            self.ledger.numbered += u64::from(segment.count);
            let segment = (**segment).clone();
            self.ledger
                .segments
                .push_back(NumberedSegment { first, segment });
        }
        for row in &batch.usage {
            let place = (row.day, row.agent, row.key, row.model.clone());
            let sum = self.ledger.usage.entry(place).or_insert_with(|| UsageRow {
                requests: 0,
                failed: 0,
                usage: portunus_core::usage::Usage::default(),
                estimated: 0,
                cost: portunus_core::usage::Money::ZERO,
                unpriced: 0,
                ..row.clone()
            });
            sum.add(row);
        }
    }

    pub(super) fn decision_segments(&self, wish: &SegmentWish) -> Vec<NumberedSegment> {
        let fits = |found: &&NumberedSegment| {
            let segment = &found.segment;
            wish.id
                .is_none_or(|id| segment.ids.0 <= id && id <= segment.ids.1)
                && wish.since.is_none_or(|since| since <= segment.came.1)
                && wish.until.is_none_or(|until| segment.came.0 <= until)
        };
        let all = self.ledger.segments.iter();
        match wish.order {
            SegmentOrder::NewestBelow(number) => {
                let below = all.rev().filter(|found| found.first < number);
                fill(below.filter(fits), wish.most_bytes)
            }
            SegmentOrder::OldestFrom(number) => {
                let from = all.filter(|found| found.end() > number);
                fill(from.filter(fits), wish.most_bytes)
            }
        }
    }

    pub(super) fn prune_decisions(&mut self, keep: Retention) -> u64 {
        let mut bytes = 0_u64;
        let mut kept = VecDeque::new();
        let mut forgotten = 0;
        let mut full = false;
        for found in self.ledger.segments.drain(..).rev() {
            bytes = bytes.saturating_add(size(&found));
            full |= bytes > keep.bytes;
            if full || found.segment.came.1 < keep.since {
                forgotten += u64::from(found.segment.count);
            } else {
                kept.push_front(found);
            }
        }
        self.ledger.segments = kept;
        forgotten
    }

    pub(super) fn usage_rows(&self, first: Day, last: Day) -> Vec<UsageRow> {
        let rows = self.ledger.usage.values();
        rows.filter(|row| first <= row.day && row.day <= last)
            .cloned()
            .collect()
    }
}

fn size(found: &NumberedSegment) -> u64 {
    u64::try_from(found.segment.bytes.len()).unwrap_or(u64::MAX)
}

/// The first of them that fit, and at least one.
fn fill<'a>(
    segments: impl Iterator<Item = &'a NumberedSegment>,
    most_bytes: u64,
) -> Vec<NumberedSegment> {
    let mut bytes = 0_u64;
    let mut taken = Vec::new();
    for found in segments {
        bytes = bytes.saturating_add(size(found));
        if bytes > most_bytes && !taken.is_empty() {
            break;
        }
        taken.push(found.clone());
    }
    taken
}
