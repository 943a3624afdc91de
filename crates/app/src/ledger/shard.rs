//! What one thread's requests left behind since the shard was last emptied.

use super::format;
use super::usage::Sums;
use portunus_core::decision::Decision;
use portunus_core::ids::RequestId;
use portunus_core::time::Timestamp;

/// How many bytes of decisions a shard holds at most.
const MOST_BYTES: usize = 8 << 20;

/// How much room an emptied shard keeps.
const KEPT_BYTES: usize = 512 << 10;

/// Whether a decision was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It was.
    Kept,
    /// There was no room.
    Lost,
}

/// Decisions as bytes, with what is told of them as a whole; and sums of usage.
#[derive(Debug, Default)]
pub(super) struct Shard {
    pub(super) bytes: Vec<u8>,
    /// When each of the requests ended, in milliseconds since the Unix epoch.
    pub(super) ended_ms: Vec<u64>,
    /// The first and the last moment at which one of them came.
    pub(super) came: Option<(Timestamp, Timestamp)>,
    /// Their lowest and their highest id.
    pub(super) ids: Option<(RequestId, RequestId)>,
    pub(super) usage: Sums,
}

impl Shard {
    pub(super) fn write(&mut self, decision: &Decision) -> Written {
        if self.bytes.len() >= MOST_BYTES || format::write(&mut self.bytes, decision).is_err() {
            return Written::Lost;
        }
        let took_ms = decision.total_us / 1_000;
        self.ended_ms.push(decision.at.plus_ms(took_ms).as_millis());
        self.came = Some(widened(self.came, decision.at));
        self.ids = Some(widened(self.ids, decision.id));
        Written::Kept
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.usage.is_empty()
    }

    /// Forgets everything and keeps its room for the next time, unless it is a lot.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
        self.ended_ms.clear();
        self.ended_ms.shrink_to(KEPT_BYTES / 128);
        self.came = None;
        self.ids = None;
        self.usage.clear();
    }
}

/// The range, made to hold `value` too.
pub(super) fn widened<T: Ord + Copy>(range: Option<(T, T)>, value: T) -> (T, T) {
    range.map_or((value, value), |(low, high)| {
        (low.min(value), high.max(value))
    })
}
