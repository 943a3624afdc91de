//! Histograms of durations with fixed bounds, made for model calls: from milliseconds to minutes.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many bounded buckets a histogram has; one more takes what is beyond.
pub(super) const BUCKETS: usize = 16;

/// Upper bounds in microseconds, ascending.
#[derive(Debug)]
pub(super) struct Bounds([u64; BUCKETS]);

/// For the time to the first byte of an answer.
pub(super) const FIRST_BYTE: Bounds = Bounds([
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    20_000_000,
    40_000_000,
    80_000_000,
    160_000_000,
    320_000_000,
]);

/// For whole requests: doubled from 10 ms on, as the OpenTelemetry conventions for model calls advise.
pub(super) const DURATION: Bounds = Bounds([
    10_000,
    20_000,
    40_000,
    80_000,
    160_000,
    320_000,
    640_000,
    1_280_000,
    2_560_000,
    5_120_000,
    10_240_000,
    20_480_000,
    40_960_000,
    81_920_000,
    163_840_000,
    327_680_000,
]);

/// For waits in a pool's queue, which last as long as limits do.
pub(super) const WAIT: Bounds = Bounds([
    10_000,
    100_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    30_000_000,
    60_000_000,
    120_000_000,
    300_000_000,
    600_000_000,
    1_200_000_000,
    1_800_000_000,
    3_600_000_000,
]);

/// Counts of one histogram that is being filled.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    beyond: AtomicU64,
    sum_us: AtomicU64,
}

impl Histogram {
    /// Takes in one duration.
    pub(super) fn observe(&self, bounds: &Bounds, us: u64) {
        let place = bounds.0.iter().position(|bound| us <= *bound);
        place
            .and_then(|place| self.buckets.get(place))
            .unwrap_or(&self.beyond)
            .fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    /// Adds what it holds to `sum`.
    pub(super) fn add_to(&self, sum: &mut Counts) {
        for (into, bucket) in sum.buckets.iter_mut().zip(&self.buckets) {
            *into += bucket.load(Ordering::Relaxed);
        }
        sum.beyond += self.beyond.load(Ordering::Relaxed);
        sum.sum_us = sum.sum_us.wrapping_add(self.sum_us.load(Ordering::Relaxed));
    }
}

/// A histogram at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    buckets: [u64; BUCKETS],
    beyond: u64,
    sum_us: u64,
}

impl Counts {
    /// How many durations it took in.
    pub(super) fn count(&self) -> u64 {
        self.buckets.iter().sum::<u64>() + self.beyond
    }

    /// Their sum, in seconds.
    pub(super) fn sum_seconds(&self) -> f64 {
        seconds(self.sum_us)
    }

    /// Upper bounds in seconds, each with how many durations were no longer.
    pub(super) fn cumulative(&self, bounds: &'static Bounds) -> impl Iterator<Item = (f64, u64)> {
        let mut so_far = 0;
        bounds
            .0
            .iter()
            .zip(self.buckets)
            .map(move |(bound, count)| {
                so_far += count;
                (seconds(*bound), so_far)
            })
    }
}

/// Microseconds as seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "above 2^53 µs, 285 years, a microsecond does not matter"
)]
pub(crate) fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_lies_in_every_bucket_that_is_wide_enough() {
        let histogram = Histogram::default();
        for us in [10_000, 10_001, 500_000_000] {
            histogram.observe(&DURATION, us);
        }
        let mut counts = Counts::default();
        histogram.add_to(&mut counts);
        let cumulative: Vec<_> = counts.cumulative(&DURATION).take(3).collect();
        assert_eq!(cumulative, [(0.01, 1), (0.02, 2), (0.04, 2)]);
        assert_eq!(counts.count(), 3);
        assert!((counts.sum_seconds() - 500.020_001).abs() < 1e-9);
    }

    #[test]
    fn bounds_ascend() {
        for bounds in [FIRST_BYTE, DURATION, WAIT] {
            assert!(bounds.0.is_sorted());
        }
    }
}
