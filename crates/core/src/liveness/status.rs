//! How an agent stands, as computed from what was heard of it.

use super::Cadence;
use std::fmt;
use std::str::FromStr;

/// How an agent stands. Nobody can set it from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It was never heard of.
    Provisioning,
    /// It was heard of within its cadence, or something of it is running.
    Online,
    /// It is silent for longer than its cadence.
    Late,
    /// It is silent for longer than one and a half times its cadence.
    Offline,
    /// An operator paused it.
    Paused,
    /// It promises nothing, so its silence means nothing.
    Unmonitored,
}

/// A text that is the name of no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is none of provisioning, online, late, offline, paused, unmonitored")]
pub struct UnknownStatus;

impl Status {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Provisioning,
        Self::Online,
        Self::Late,
        Self::Offline,
        Self::Paused,
        Self::Unmonitored,
    ];

    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "provisioning",
            Self::Online => "online",
            Self::Late => "late",
            Self::Offline => "offline",
            Self::Paused => "paused",
            Self::Unmonitored => "unmonitored",
        }
    }

    /// Of one that is watched and has been silent for so many milliseconds.
    #[must_use]
    pub const fn of_silence(silence_ms: u64, cadence: Cadence) -> Self {
        if silence_ms > cadence.offline_after_ms() {
            Self::Offline
        } else if silence_ms > cadence.late_after_ms() {
            Self::Late
        } else {
            Self::Online
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        let known = Self::ALL.into_iter().find(|one| one.as_str() == text);
        known.ok_or(UnknownStatus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_is_beyond_one_cadence_and_offline_beyond_one_and_a_half() {
        let cadence: Cadence = "45m".parse().unwrap();
        let at = |minutes: u64, ms: u64| Status::of_silence(minutes * 60_000 + ms, cadence);
        assert_eq!(at(0, 0), Status::Online);
        assert_eq!(at(45, 0), Status::Online);
        assert_eq!(at(45, 1), Status::Late);
        assert_eq!(at(67, 30_000), Status::Late);
        assert_eq!(at(67, 30_001), Status::Offline);
        assert_eq!(Status::of_silence(u64::MAX, cadence), Status::Offline);
    }

    #[test]
    fn names_read_back() {
        for status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert_eq!("Online".parse::<Status>(), Err(UnknownStatus));
    }
}
