//! The counters that finished requests move, one sheet per pool and thread, so that two cores rarely meet in one
//! cache line. They are added up when somebody reads them.

use super::endpoint::EndpointLabel;
use super::histogram::{Counts, DURATION, FIRST_BYTE, Histogram, WAIT};
use portunus_core::decision::{Decision, Outcome};
use portunus_core::usage::UsageSource;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// How many sheets a pool has at most; threads beyond that share.
const SHARDS: usize = 16;

/// The sheets of one pool, made when their thread first counts.
#[derive(Debug, Default)]
pub(super) struct Sharded([OnceLock<Box<Sheet>>; SHARDS]);

impl Sharded {
    /// The sheet of the calling thread.
    pub(super) fn mine(&self) -> &Sheet {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static SHARD: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
        }
        let [first, ..] = &self.0;
        // A thread that is ending has lost its number.
        let shard = SHARD.try_with(|shard| *shard).unwrap_or_default();
        self.0.get(shard).unwrap_or(first).get_or_init(Box::default)
    }

    /// All sheets added up.
    pub(super) fn sum(&self) -> Totals {
        let mut totals = Totals::default();
        for sheet in self.0.iter().filter_map(OnceLock::get) {
            sheet.add_to(&mut totals);
        }
        totals
    }
}

/// What an attempt came to, by the stable name of its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AttemptClass(usize);

/// The names of [`portunus_core::pool::Class`], one for attempts that were broken off, and one for whatever else.
const CLASSES: [&str; AttemptClass::COUNT] = [
    "ok",
    "quota",
    "overload",
    "credential_dead",
    "money_out",
    "entitlement",
    "client_fault",
    "network",
    "unfinished",
    "other",
];

impl AttemptClass {
    const COUNT: usize = 10;

    /// The one of that name.
    pub(super) fn of(name: &str) -> Self {
        let place = CLASSES.iter().position(|known| *known == name);
        Self(place.unwrap_or(Self::COUNT - 1))
    }
}

/// How statuses are summed up: the client saw none, or one of these hundreds.
const STATUS_CLASSES: [&str; 5] = ["none", "2xx", "3xx", "4xx", "5xx"];

const fn status_class(status: u16) -> usize {
    match status {
        200..=299 => 1,
        300..=399 => 2,
        400..=499 => 3,
        500..=599 => 4,
        _ => 0,
    }
}

const fn outcome_index(outcome: Outcome) -> usize {
    match outcome {
        Outcome::Served => 0,
        Outcome::ClientFault => 1,
        Outcome::Refused => 2,
        Outcome::BrokenOff => 3,
        Outcome::ClientLeft => 4,
    }
}

/// Tokens by kind, none of them counted in two.
const TOKEN_KINDS: [&str; 4] = ["input", "cache_read", "cache_write", "output"];

const OUTCOMES: usize = Outcome::ALL.len();
const STATUSES: usize = STATUS_CLASSES.len();

/// Counters of one pool and one thread.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Sheet {
    /// Requests that began; counted on the sheet of no pool.
    pub(super) began: AtomicU64,
    requests: [[[AtomicU64; STATUSES]; OUTCOMES]; EndpointLabel::COUNT],
    attempts: [AtomicU64; AttemptClass::COUNT],
    waits: Histogram,
    first_bytes: [Histogram; EndpointLabel::COUNT],
    durations: [Histogram; EndpointLabel::COUNT],
    tokens: [AtomicU64; TOKEN_KINDS.len()],
    reasoning: AtomicU64,
    estimated: AtomicU64,
    unpriced: AtomicU64,
    cost_nanos: AtomicU64,
}

impl Sheet {
    /// One request to an upstream.
    pub(super) fn count_attempt(&self, class: AttemptClass) {
        add(self.attempts.get(class.0), 1);
    }

    /// One request of a client, with all but its attempts.
    pub(super) fn count_request(&self, endpoint: EndpointLabel, decision: &Decision) {
        let of_endpoint = self.requests.get(endpoint.index());
        let of_outcome = of_endpoint.and_then(|rows| rows.get(outcome_index(decision.outcome)));
        add(
            of_outcome.and_then(|row| row.get(status_class(decision.status))),
            1,
        );
        if let Some(durations) = self.durations.get(endpoint.index()) {
            durations.observe(&DURATION, decision.total_us);
        }
        if let (Some(first_bytes), Some(us)) = (
            self.first_bytes.get(endpoint.index()),
            decision.first_byte_us,
        ) {
            first_bytes.observe(&FIRST_BYTE, us);
        }
        let waited = decision.waited_us();
        if waited > 0 {
            self.waits.observe(&WAIT, waited);
        }
        self.count_usage(decision);
    }

    fn count_usage(&self, decision: &Decision) {
        let Some(usage) = &decision.usage else { return };
        let counts = [
            usage.input,
            usage.cache_read,
            usage.cache_write,
            usage.output,
        ];
        for (counter, count) in self.tokens.iter().zip(counts) {
            if count > 0 {
                add(Some(counter), count);
            }
        }
        if usage.reasoning > 0 {
            add(Some(&self.reasoning), usage.reasoning);
        }
        if decision.usage_source == Some(UsageSource::Estimate) {
            add(Some(&self.estimated), 1);
        }
        match decision.cost {
            Some(cost) => add(Some(&self.cost_nanos), cost.as_nanos()),
            None => add(Some(&self.unpriced), 1),
        }
    }

    fn add_to(&self, totals: &mut Totals) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        totals.began += read(&self.began);
        let mine = self.requests.as_flattened().as_flattened();
        for (sum, counter) in totals.requests.iter_mut().zip(mine) {
            *sum += read(counter);
        }
        for (sum, counter) in totals.attempts.iter_mut().zip(&self.attempts) {
            *sum += read(counter);
        }
        self.waits.add_to(&mut totals.waits);
        for (sum, histogram) in totals.first_bytes.iter_mut().zip(&self.first_bytes) {
            histogram.add_to(sum);
        }
        for (sum, histogram) in totals.durations.iter_mut().zip(&self.durations) {
            histogram.add_to(sum);
        }
        for (sum, counter) in totals.tokens.iter_mut().zip(&self.tokens) {
            *sum += read(counter);
        }
        totals.reasoning += read(&self.reasoning);
        totals.estimated += read(&self.estimated);
        totals.unpriced += read(&self.unpriced);
        totals.cost_nanos = totals.cost_nanos.wrapping_add(read(&self.cost_nanos));
    }
}

fn add(counter: Option<&AtomicU64>, count: u64) {
    if let Some(counter) = counter {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}

/// The counters of one pool at one moment.
#[derive(Clone, Debug)]
pub(super) struct Totals {
    pub(super) began: u64,
    requests: [u64; EndpointLabel::COUNT * OUTCOMES * STATUSES],
    attempts: [u64; AttemptClass::COUNT],
    pub(super) waits: Counts,
    first_bytes: [Counts; EndpointLabel::COUNT],
    durations: [Counts; EndpointLabel::COUNT],
    tokens: [u64; TOKEN_KINDS.len()],
    pub(super) reasoning: u64,
    pub(super) estimated: u64,
    pub(super) unpriced: u64,
    pub(super) cost_nanos: u64,
}

impl Default for Totals {
    fn default() -> Self {
        Self {
            began: 0,
            requests: [0; EndpointLabel::COUNT * OUTCOMES * STATUSES],
            attempts: [0; AttemptClass::COUNT],
            waits: Counts::default(),
            first_bytes: Default::default(),
            durations: Default::default(),
            tokens: [0; TOKEN_KINDS.len()],
            reasoning: 0,
            estimated: 0,
            unpriced: 0,
            cost_nanos: 0,
        }
    }
}

/// Requests of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Requests {
    pub(super) endpoint: &'static str,
    pub(super) outcome: &'static str,
    pub(super) status_class: &'static str,
    pub(super) count: u64,
}

impl Totals {
    /// Requests by endpoint, outcome and status, without the kinds that never occurred.
    pub(super) fn requests(&self) -> impl Iterator<Item = Requests> {
        let kinds = EndpointLabel::all().flat_map(|endpoint| {
            Outcome::ALL.into_iter().flat_map(move |outcome| {
                STATUS_CLASSES
                    .into_iter()
                    .map(move |status| (endpoint, outcome, status))
            })
        });
        kinds
            .zip(self.requests)
            .filter(|(_, count)| *count > 0)
            .map(|((endpoint, outcome, status_class), count)| Requests {
                endpoint: endpoint.as_str(),
                outcome: outcome.as_str(),
                status_class,
                count,
            })
    }

    /// How many requests are over.
    pub(super) fn finished(&self) -> u64 {
        self.requests.iter().sum()
    }

    /// Attempts by class.
    pub(super) fn attempts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        CLASSES.into_iter().zip(self.attempts)
    }

    /// Tokens by kind.
    pub(super) fn tokens(&self) -> impl Iterator<Item = (&'static str, u64)> {
        TOKEN_KINDS.into_iter().zip(self.tokens)
    }

    /// Times to the first byte, for each endpoint that was used.
    pub(super) fn first_bytes(&self) -> impl Iterator<Item = (&'static str, &Counts)> {
        used(&self.first_bytes)
    }

    /// Durations, for each endpoint that was used.
    pub(super) fn durations(&self) -> impl Iterator<Item = (&'static str, &Counts)> {
        used(&self.durations)
    }
}

fn used(histograms: &[Counts]) -> impl Iterator<Item = (&'static str, &Counts)> {
    EndpointLabel::all()
        .map(EndpointLabel::as_str)
        .zip(histograms)
        .filter(|(_, counts)| counts.count() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_core::pool::{Class, EntitlementScope};

    #[test]
    fn every_class_and_outcome_has_its_place() {
        let classes = [
            Class::Ok,
            Class::Quota,
            Class::Overload {
                retry_after_ms: None,
            },
            Class::CredentialDead,
            Class::MoneyOut,
            Class::Entitlement(EntitlementScope::Request),
            Class::ClientFault,
            Class::Network,
        ];
        for (place, class) in classes.iter().enumerate() {
            assert_eq!(AttemptClass::of(class.as_str()).0, place);
        }
        for (place, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome_index(outcome), place);
        }
    }

    #[test]
    fn threads_count_into_one_sum() {
        let sharded = Sharded::default();
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        sharded.mine().count_attempt(AttemptClass::of("quota"));
                    }
                });
            }
        });
        let quota = sharded.sum().attempts().find(|(name, _)| *name == "quota");
        assert_eq!(quota, Some(("quota", 2_000)));
    }
}
