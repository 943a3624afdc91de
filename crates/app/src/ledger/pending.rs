//! What was taken out of the shards and is not in the store yet.

use super::format::{self, FORMAT};
use super::shard::{Shard, widened};
use super::usage;
use portunus_store::{DecisionSegment, LedgerBatch, UsageRow};
use std::collections::VecDeque;
use std::sync::Arc;

/// How many bytes of decisions wait for the store at most, beside those that the shards hold.
const MOST_BYTES: usize = 32 << 20;

#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Oldest first. The first one may be on its way to the store at this moment.
    pub(super) segments: VecDeque<Arc<DecisionSegment>>,
    /// Of one place there may be several.
    pub(super) usage: Vec<UsageRow>,
    bytes: usize,
    /// Emptied shards, to be exchanged for full ones.
    spares: Vec<Shard>,
}

impl Pending {
    /// An empty shard to put into the place of a full one.
    pub(super) fn spare(&mut self) -> Shard {
        self.spares.pop().unwrap_or_default()
    }

    /// Whether more decisions may wait here. When not, they wait in the shards until those are full too.
    pub(super) const fn has_room(&self) -> bool {
        self.bytes < MOST_BYTES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.usage.is_empty()
    }

    pub(super) fn decisions(&self) -> u64 {
        self.segments.iter().map(|s| u64::from(s.count)).sum()
    }

    /// Makes one segment out of full shards.
    pub(super) fn take_in(&mut self, mut shards: Vec<Shard>) {
        for shard in &mut shards {
            shard.usage.move_to(&mut self.usage);
        }
        if let Some(segment) = segment(&mut shards) {
            self.bytes += segment.bytes.len();
            self.segments.push_back(Arc::new(segment));
        }
        for mut shard in shards {
            shard.clear();
            self.spares.push(shard);
        }
    }

    /// What to save next: the oldest segment, which stays here for readers until it is settled, and all sums, which
    /// the caller gives back if they are not saved.
    pub(super) fn batch(&mut self) -> LedgerBatch {
        LedgerBatch {
            segment: self.segments.front().map(Arc::clone),
            usage: std::mem::take(&mut self.usage),
        }
    }

    /// Takes the sums of a batch back that was not saved; gives the requests whose usage found no room.
    pub(super) fn take_back(&mut self, mut usage: Vec<UsageRow>) -> u64 {
        self.usage.append(&mut usage);
        usage::merged(&mut self.usage)
    }

    /// Lets go of the segment of a batch: the store has it, or will never take it.
    pub(super) fn settle(&mut self, segment: Option<&DecisionSegment>) {
        if let Some(segment) = segment {
            self.bytes = self.bytes.saturating_sub(segment.bytes.len());
            self.segments.pop_front();
        }
    }
}

/// All of their decisions, in the order in which the requests ended.
fn segment(shards: &mut [Shard]) -> Option<DecisionSegment> {
    let came = shards.iter().filter_map(|shard| shard.came);
    let came = came.reduce(|one, other| widened(Some(widened(Some(one), other.0)), other.1))?;
    let ids = shards.iter().filter_map(|shard| shard.ids);
    let ids = ids.reduce(|one, other| widened(Some(widened(Some(one), other.0)), other.1))?;
    let count: usize = shards.iter().map(|shard| shard.ended_ms.len()).sum();
    let mut full: Vec<&mut Shard> = shards.iter_mut().filter(|s| s.came.is_some()).collect();
    let bytes = match full.as_mut_slice() {
        [only] => std::mem::take(&mut only.bytes),
        several => merged(several),
    };
    Some(DecisionSegment {
        format: FORMAT,
        count: u32::try_from(count).unwrap_or(u32::MAX),
        came,
        ids,
        bytes,
    })
}

/// Within a shard the order stays as it is; between shards the request that ended first comes first.
fn merged(shards: &[&mut Shard]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(shards.iter().map(|shard| shard.bytes.len()).sum());
    let mut sources: Vec<_> = shards
        .iter()
        .map(|shard| {
            let ended = shard.ended_ms.iter().copied();
            ended.zip(format::records(&shard.bytes)).peekable()
        })
        .collect();
    loop {
        let heads = sources.iter_mut().filter_map(|source| {
            let ended = source.peek()?.0;
            Some((ended, source))
        });
        let Some((_, first)) = heads.min_by_key(|(ended, _)| *ended) else {
            return bytes;
        };
        if let Some((_, record)) = first.next() {
            format::copy(&mut bytes, record);
        }
    }
}
