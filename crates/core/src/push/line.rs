//! The state of one connection: `connect` first and once, events numbered without gaps, so many under way and no more,
//! pings, and the end when nothing is heard or read any more.

use crate::time::Tick;

/// What holds for connections. Times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long the first frame may take.
    pub connect_within_ms: u64,
    /// How often the other end is pinged while nothing is heard of it.
    pub ping_every_ms: u64,
    /// After how long without a sound the other end is gone.
    pub dead_after_ms: u64,
    /// How many events may be unacknowledged.
    pub max_unacknowledged: u64,
    /// How long something may wait for a reader that neither reads nor acknowledges.
    pub slow_after_ms: u64,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            connect_within_ms: 10_000,
            ping_every_ms: 20_000,
            dead_after_ms: 45_000,
            max_unacknowledged: 256,
            slow_after_ms: 60_000,
        }
    }
}

/// How the other end broke the rules; the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// Something else came first.
    #[error("the first frame must be connect")]
    ConnectFirst,
    /// It is connected already.
    #[error("connect came a second time")]
    ConnectTwice,
    /// It did not come.
    #[error("connect did not come in time")]
    ConnectTimeout,
    /// It was not sent yet.
    #[error("an event was acknowledged that was not sent: the last one is {sent}")]
    AckFromTheFuture {
        /// Number of the last event that was sent.
        sent: u64,
    },
    /// It neither reads nor acknowledges while something waits.
    #[error("events waited for too long: nothing was read or acknowledged")]
    SlowReader,
    /// Nothing was heard of it.
    #[error("nothing was heard for too long, not even a pong")]
    NoPong,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Ping, and ask again.
    Ping,
    /// Nothing; ask again at this moment, or when something happened.
    Nothing(Tick),
}

/// Who listens for signs of the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// `connect` is awaited since then.
    Challenged(Tick),
    /// It talks.
    Open,
    /// Only the plane talks: that it is heard is known by its acknowledgements alone.
    OneWay,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Line {
    terms: Terms,
    phase: Phase,
    heard_at: Tick,
    pinged_at: Tick,
    sent: u64,
    acknowledged: u64,
    /// Since when something waits for the other end.
    waits_since: Option<Tick>,
}

impl Line {
    /// A connection whose first frame must be `connect`.
    #[must_use]
    pub const fn challenged(terms: Terms, now: Tick) -> Self {
        Self::begin(terms, Phase::Challenged(now), now)
    }

    /// A connection on which only the plane talks, to somebody who is known already.
    #[must_use]
    pub const fn one_way(terms: Terms, now: Tick) -> Self {
        Self::begin(terms, Phase::OneWay, now)
    }

    const fn begin(terms: Terms, phase: Phase, now: Tick) -> Self {
        Self {
            terms,
            phase,
            heard_at: now,
            pinged_at: now,
            sent: 0,
            acknowledged: 0,
            waits_since: None,
        }
    }

    /// Something came, whatever it is: the other end lives.
    pub fn hear(&mut self, now: Tick) {
        self.heard_at = self.heard_at.max(now);
    }

    /// `connect` came.
    ///
    /// # Errors
    ///
    /// [`Breach::ConnectTwice`].
    pub const fn connect(&mut self) -> Result<(), Breach> {
        match self.phase {
            Phase::Challenged(_) => {
                self.phase = Phase::Open;
                Ok(())
            }
            Phase::Open | Phase::OneWay => Err(Breach::ConnectTwice),
        }
    }

    /// Another frame than `connect` came.
    ///
    /// # Errors
    ///
    /// [`Breach::ConnectFirst`].
    pub const fn ask(&self) -> Result<(), Breach> {
        match self.phase {
            Phase::Challenged(_) => Err(Breach::ConnectFirst),
            Phase::Open | Phase::OneWay => Ok(()),
        }
    }

    /// All events up to `seq` are acknowledged. One that was acknowledged before changes nothing.
    ///
    /// # Errors
    ///
    /// [`Breach::ConnectFirst`], [`Breach::AckFromTheFuture`].
    pub fn acknowledge(&mut self, seq: u64) -> Result<u64, Breach> {
        self.ask()?;
        if seq > self.sent {
            return Err(Breach::AckFromTheFuture { sent: self.sent });
        }
        if seq > self.acknowledged {
            self.acknowledged = seq;
            self.waits_since = None;
        }
        Ok(self.acknowledged)
    }

    /// The number of the next event, which is sent with it; `None` when too many are unacknowledged.
    pub const fn number(&mut self) -> Option<u64> {
        if !self.has_room() {
            return None;
        }
        self.sent += 1;
        Some(self.sent)
    }

    /// Whether another event may be sent.
    #[must_use]
    pub const fn has_room(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::OneWay)
            && self.sent - self.acknowledged < self.terms.max_unacknowledged
    }

    /// How many events were sent.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// Up to which event all are acknowledged.
    #[must_use]
    pub const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Something waits, because there is no room or because the other end does not read.
    pub fn waits(&mut self, now: Tick) {
        self.waits_since.get_or_insert(now);
    }

    /// Nothing waits any more.
    pub const fn flows(&mut self) {
        self.waits_since = None;
    }

    /// What is due at `now`.
    ///
    /// # Errors
    ///
    /// [`Breach::ConnectTimeout`], [`Breach::NoPong`], [`Breach::SlowReader`].
    pub fn due(&mut self, now: Tick) -> Result<Due, Breach> {
        if let Phase::Challenged(since) = self.phase {
            let until = since.plus_ms(self.terms.connect_within_ms);
            return if now >= until {
                Err(Breach::ConnectTimeout)
            } else {
                Ok(Due::Nothing(until))
            };
        }
        let slow = self
            .waits_since
            .map(|at| at.plus_ms(self.terms.slow_after_ms));
        if slow.is_some_and(|at| now >= at) {
            return Err(Breach::SlowReader);
        }
        let next = match self.phase {
            Phase::OneWay => now.plus_ms(self.terms.ping_every_ms),
            Phase::Challenged(_) | Phase::Open => {
                let dead = self.heard_at.plus_ms(self.terms.dead_after_ms);
                if now >= dead {
                    return Err(Breach::NoPong);
                }
                let ping = self.heard_at.max(self.pinged_at);
                let ping = ping.plus_ms(self.terms.ping_every_ms);
                if now >= ping {
                    self.pinged_at = now;
                    return Ok(Due::Ping);
                }
                ping.min(dead)
            }
        };
        Ok(Due::Nothing(slow.map_or(next, |slow| slow.min(next))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TERMS: Terms = Terms {
        connect_within_ms: 10,
        ping_every_ms: 20,
        dead_after_ms: 45,
        max_unacknowledged: 3,
        slow_after_ms: 60,
    };

    const fn at(millis: u64) -> Tick {
        Tick::from_millis(millis)
    }

    fn open() -> Line {
        let mut line = Line::challenged(TERMS, at(0));
        line.connect().unwrap();
        line
    }

    #[test]
    fn connect_comes_first_once_and_in_time() {
        let mut line = Line::challenged(TERMS, at(0));
        assert_eq!(line.ask(), Err(Breach::ConnectFirst));
        assert_eq!(line.acknowledge(0), Err(Breach::ConnectFirst));
        assert_eq!(line.number(), None);
        assert_eq!(line.due(at(9)), Ok(Due::Nothing(at(10))));
        assert_eq!(line.clone().due(at(10)), Err(Breach::ConnectTimeout));
        assert_eq!(line.connect(), Ok(()));
        assert_eq!(line.connect(), Err(Breach::ConnectTwice));
        assert_eq!(line.ask(), Ok(()));
    }

    #[test]
    fn so_many_events_are_under_way_and_no_more() {
        let mut line = open();
        let numbers: Vec<_> = std::iter::from_fn(|| line.number()).collect();
        assert_eq!(numbers, [1, 2, 3]);
        assert_eq!(line.acknowledge(2), Ok(2));
        assert_eq!(line.acknowledge(1), Ok(2), "nothing is taken back");
        let numbers: Vec<_> = std::iter::from_fn(|| line.number()).collect();
        assert_eq!(numbers, [4, 5]);
        let future = line.acknowledge(6);
        assert_eq!(future, Err(Breach::AckFromTheFuture { sent: 5 }));
    }

    #[test]
    fn silence_is_pinged_and_then_it_is_the_end() {
        let mut line = open();
        assert_eq!(line.due(at(0)), Ok(Due::Nothing(at(20))));
        assert_eq!(line.due(at(20)), Ok(Due::Ping));
        assert_eq!(line.due(at(20)), Ok(Due::Nothing(at(40))));
        line.hear(at(25));
        assert_eq!(line.due(at(40)), Ok(Due::Nothing(at(45))));
        assert_eq!(line.due(at(45)), Ok(Due::Ping));
        assert_eq!(line.due(at(69)), Ok(Due::Ping));
        assert_eq!(line.due(at(70)), Err(Breach::NoPong));
    }

    #[test]
    fn who_does_not_read_is_slow_and_who_acknowledges_is_not() {
        let mut line = open();
        line.number();
        line.waits(at(5));
        line.waits(at(30));
        line.hear(at(50));
        assert_eq!(line.due(at(51)), Ok(Due::Nothing(at(65))));
        assert_eq!(line.clone().due(at(65)), Err(Breach::SlowReader));
        line.acknowledge(1).unwrap();
        assert_eq!(line.due(at(65)), Ok(Due::Nothing(at(70))));
        line.waits(at(66));
        line.flows();
        line.hear(at(130));
        assert_eq!(line.due(at(130)), Ok(Due::Nothing(at(150))));
    }

    #[test]
    fn on_one_way_only_slowness_ends_it() {
        let mut line = Line::one_way(TERMS, at(0));
        assert_eq!(line.number(), Some(1));
        assert_eq!(line.due(at(9_000)), Ok(Due::Nothing(at(9_020))));
        line.waits(at(9_000));
        assert_eq!(line.due(at(9_060)), Err(Breach::SlowReader));
    }

    proptest! {
        /// Whatever comes in whatever order: numbers have no gaps, never more are under way than may be, what is
        /// acknowledged was sent and is never taken back.
        #[test]
        fn no_sequence_of_frames_breaks_the_count(
            steps in prop::collection::vec((0..7_u8, 0..12_u64, 0..30_u64), 0..80),
        ) {
            let (mut line, mut now, mut last) = (Line::challenged(TERMS, at(0)), 0, 0);
            for (step, seq, pause) in steps {
                now += pause;
                let before = (line.sent(), line.acknowledged());
                match step {
                    0 => { let _ = line.connect(); }
                    1 => match line.acknowledge(seq) {
                        Ok(upto) => prop_assert!(upto >= seq.min(before.0)),
                        Err(Breach::AckFromTheFuture { sent }) => prop_assert!(seq > sent),
                        Err(other) => prop_assert_eq!(other, Breach::ConnectFirst),
                    },
                    2 | 3 => if let Some(number) = line.number() {
                        prop_assert_eq!(number, last + 1);
                        last = number;
                    },
                    4 => line.waits(at(now)),
                    5 => line.hear(at(now)),
                    _ => if let Ok(Due::Nothing(until)) = line.due(at(now)) {
                        prop_assert!(until > at(now), "it would spin");
                    },
                }
                prop_assert!(line.acknowledged() >= before.1);
                prop_assert!(line.acknowledged() <= line.sent());
                prop_assert!(line.sent() - line.acknowledged() <= TERMS.max_unacknowledged);
            }
        }
    }
}
