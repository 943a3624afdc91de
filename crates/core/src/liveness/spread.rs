//! When an agent should beat next, so that a fleet that came back together does not go on beating together.
//!
//! Each agent has a place of its own within a period of nine tenths of its cadence, given by its id, which is random. A
//! beat is followed by one at that place. Whoever came at another moment is led there in at most two beats, none of
//! which comes sooner than half a period.

use super::Cadence;
use crate::ids::AgentId;
use crate::time::Tick;

/// Milliseconds until the next beat, between 0.45 and 0.99 cadences.
/// `None` for whoever promises nothing.
#[must_use]
pub fn next_beat_ms(agent: AgentId, cadence: Cadence, now: Tick) -> Option<u64> {
    let period = cadence.late_after_ms() / 10 * 9;
    if period == 0 {
        return None;
    }
    let place = place(agent) % period;
    let ahead = (place + period - now.as_millis() % period) % period;
    Some(if ahead <= period / 10 {
        // It came a little early, which is as good as at its place.
        ahead + period
    } else if ahead < period / 2 {
        // Too soon for the next beat and too late for the one after: half way there.
        (ahead + period) / 2
    } else {
        ahead
    })
}

fn place(agent: AgentId) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *agent.as_bytes();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Ids as random as those of agents.
    fn agent(seed: u64) -> AgentId {
        let mut bytes = [7; 16];
        let mixed = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bytes[..8].copy_from_slice(&(mixed ^ (mixed >> 29)).to_be_bytes());
        AgentId::from_bytes(bytes)
    }

    proptest! {
        #[test]
        fn p9_who_beats_when_told_is_never_late(seed: u64, seconds in 1_u32..=2_592_000, at in 0..u64::MAX / 4) {
            let cadence = Cadence::from_secs(seconds).unwrap();
            let wait = next_beat_ms(agent(seed >> 1), cadence, Tick::from_millis(at)).unwrap();
            prop_assert!(wait <= cadence.late_after_ms());
            prop_assert!(wait >= cadence.late_after_ms() * 2 / 5);
        }
    }

    #[test]
    fn a_herd_is_spread_over_the_period_within_two_beats() {
        let cadence: Cadence = "10s".parse().unwrap();
        let mut due: Vec<Tick> = vec![Tick::from_millis(1_234_567); 10_000];
        for _ in 0..2 {
            for (seed, at) in due.iter_mut().enumerate() {
                let wait = next_beat_ms(agent(seed as u64), cadence, *at).unwrap();
                *at = at.plus_ms(wait);
            }
        }
        let mut by_slice = [0; 9];
        for at in &due {
            by_slice[usize::try_from(at.as_millis() % 9_000 / 1_000).unwrap()] += 1;
        }
        let fair = 10_000 / 9;
        assert!(
            by_slice
                .iter()
                .all(|count| (fair * 8 / 10..=fair * 12 / 10).contains(count)),
            "{by_slice:?}"
        );
    }

    #[test]
    fn whoever_promises_nothing_is_told_nothing() {
        assert_eq!(next_beat_ms(agent(1), Cadence::NONE, Tick::default()), None);
    }
}
