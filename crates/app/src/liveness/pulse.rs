//! Signs of life as requests leave them: a look at an atomic number, and rarely a store.
//!
//! The roll looks at them when a timer goes off. Only the first sign of an agent that is listened for (one that was never
//! heard of, is late or is offline) is told to it at once.

use portunus_core::time::Tick;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Signs within so many milliseconds are one.
const GRAIN_MS: u64 = 16;

const NEVER: u64 = 0;

/// What one agent does besides beating.
#[derive(Debug)]
pub(crate) struct Pulse {
    /// When it was last heard of, in grains, plus one.
    heard: AtomicU64,
    /// How many requests of it run.
    running: AtomicU32,
    is_listened: AtomicBool,
}

impl Default for Pulse {
    /// Of one that was never heard of, and is listened for.
    fn default() -> Self {
        Self {
            heard: AtomicU64::new(NEVER),
            running: AtomicU32::new(0),
            is_listened: AtomicBool::new(true),
        }
    }
}

/// What a sign of life was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    /// Nothing that anybody waits for.
    Quietly,
    /// What was listened for.
    Listened,
}

impl Pulse {
    /// Notes a sign of life.
    pub(super) fn note(&self, now: Tick) -> Noted {
        let grain = now.as_millis() / GRAIN_MS + 1;
        // Whoever listens looks again afterwards, and sees what was stored before.
        if self.heard.load(Ordering::Relaxed) == grain {
            return Noted::Quietly;
        }
        self.heard.store(grain, Ordering::SeqCst);
        if self.is_listened.load(Ordering::SeqCst) && self.is_listened.swap(false, Ordering::SeqCst)
        {
            Noted::Listened
        } else {
            Noted::Quietly
        }
    }
}

impl portunus_core::liveness::Pulse for Pulse {
    fn heard_at(&self) -> Option<Tick> {
        match self.heard.load(Ordering::SeqCst) {
            NEVER => None,
            grain => Some(Tick::from_millis((grain - 1) * GRAIN_MS)),
        }
    }

    fn is_busy(&self) -> bool {
        self.running.load(Ordering::Relaxed) > 0
    }

    fn listen(&self) {
        self.is_listened.store(true, Ordering::SeqCst);
    }
}

/// A request of an agent that runs: its client is connected, which is a sign of life for as long as it lasts.
#[derive(Debug)]
pub struct Presence(Arc<Pulse>);

impl Presence {
    pub(crate) fn begin(pulse: &Arc<Pulse>) -> Self {
        pulse.running.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(pulse))
    }

    /// Whose it is.
    pub(super) fn pulse(&self) -> &Pulse {
        &self.0
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_core::liveness::Pulse as _;

    #[test]
    fn what_is_listened_for_is_told_once() {
        let pulse = Pulse::default();
        let at = Tick::from_millis;
        assert_eq!(pulse.heard_at(), None);
        assert_eq!(pulse.note(at(1_600)), Noted::Listened);
        assert_eq!(pulse.note(at(1_601)), Noted::Quietly);
        assert_eq!(pulse.note(at(3_200)), Noted::Quietly);
        assert_eq!(pulse.heard_at(), Some(at(3_200)));
        pulse.listen();
        assert_eq!(pulse.note(at(4_800)), Noted::Listened);
    }

    #[test]
    fn a_presence_lasts_until_it_is_dropped() {
        let pulse = Arc::new(Pulse::default());
        let (one, two) = (Presence::begin(&pulse), Presence::begin(&pulse));
        drop(one);
        assert!(pulse.is_busy());
        drop(two);
        assert!(!pulse.is_busy());
    }
}
