//! Counts durations in buckets whose width grows with the value: exact to 1.6 per cent from nanoseconds to hours.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Buckets per power of two, as a power of two.
const FINE: u32 = 6;
const LINE: usize = 1 << FINE;
const BUCKETS: usize = LINE * (64 - FINE as usize + 1);

/// How often each duration was seen.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    longest: u64,
}

/// What is told of a histogram, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Quantiles {
    /// Half were at most this long.
    pub(crate) p50_us: f64,
    /// 99 of 100 were at most this long.
    pub(crate) p99_us: f64,
    /// The longest.
    pub(crate) max_us: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: vec![0; BUCKETS],
            count: 0,
            longest: 0,
        }
    }
}

impl Histogram {
    /// Counts one duration.
    pub(crate) fn record(&mut self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get_mut(bucket(nanos)) {
            *bucket += 1;
        }
        self.count += 1;
        self.longest = self.longest.max(nanos);
    }

    /// The median, the 99th percentile and the longest.
    pub(crate) fn quantiles(&self) -> Quantiles {
        Quantiles {
            p50_us: self.quantile(500),
            p99_us: self.quantile(990),
            max_us: micros(self.longest),
        }
    }

    /// What `per_mille` of a thousand stay below or reach, in microseconds; zero when nothing was counted.
    fn quantile(&self, per_mille: u64) -> f64 {
        let rank = (self.count * per_mille).div_ceil(1000);
        let mut seen = 0;
        for (at, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank && seen > 0 {
                return micros(upper(at).min(self.longest));
            }
        }
        0.0
    }
}

fn micros(nanos: u64) -> f64 {
    Duration::from_nanos(nanos).as_secs_f64() * 1e6
}

/// Which bucket a value falls into: its highest bit chooses the line, the bits below it the place on the line.
fn bucket(value: u64) -> usize {
    let line = (u64::BITS - value.leading_zeros()).saturating_sub(FINE);
    let place = usize::try_from(value >> line).unwrap_or(0);
    line as usize * LINE + place
}

/// The largest value of a bucket.
fn upper(bucket: usize) -> u64 {
    let (line, place) = (bucket / LINE, bucket % LINE);
    let place = u64::try_from(place).unwrap_or(0);
    (place << line) | ((1 << line) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(nanos: impl IntoIterator<Item = u64>) -> Quantiles {
        let mut histogram = Histogram::default();
        for value in nanos {
            histogram.record(Duration::from_nanos(value));
        }
        histogram.quantiles()
    }

    #[test]
    fn quantiles_are_within_two_per_cent() {
        let told = of((1..=100_000).map(|micro| micro * 1000));
        assert!((told.p50_us / 50_000.0 - 1.0).abs() < 0.02, "{told:?}");
        assert!((told.p99_us / 99_000.0 - 1.0).abs() < 0.02, "{told:?}");
        assert!((told.max_us - 100_000.0).abs() < 0.001, "{told:?}");
    }

    #[test]
    fn one_value_is_every_quantile_and_none_is_zero() {
        let told = of([1_234_000]);
        assert_eq!((told.p50_us, told.p99_us), (1234.0, 1234.0));
        assert_eq!(of([]), Quantiles::default());
    }

    #[test]
    fn a_value_lies_in_its_bucket() {
        for value in [0, 1, 63, 64, 65, 127, 128, 1_000_003, u64::MAX / 2] {
            let at = bucket(value);
            assert!(value <= upper(at), "{value}");
            assert!(
                at == 0 || value > upper(at - 1) || upper(at - 1) > upper(at),
                "{value}"
            );
        }
    }

    #[test]
    fn the_longest_duration_has_a_bucket() {
        assert!(bucket(u64::MAX) < BUCKETS);
    }
}
