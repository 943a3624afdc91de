//! What a request asks the fake upstream for: `{"system":"KIND:MICROSECONDS",` at the very beginning of its body.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// One wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// An answer in one piece, after a while.
    Whole(Duration),
    /// A 429 and an answer in one piece by turns, each after a while.
    Turns(Duration),
    /// A stream of 100 events with a gap between two of them.
    Events(Duration),
    /// A stream that begins and never ends.
    Held,
    /// Nothing: it is a heartbeat, which the plane answers.
    Beat,
}

impl Wish {
    /// As it is written into a body.
    pub(crate) fn text(self) -> String {
        format!("{{\"system\":\"{self}\",")
    }

    /// Reads it; a body that wishes nothing gets an answer in one piece at once.
    pub(super) fn read(opening: &[u8]) -> Self {
        Self::understood(opening).unwrap_or(Self::Whole(Duration::ZERO))
    }

    fn understood(opening: &[u8]) -> Option<Self> {
        let rest = opening.strip_prefix(b"{\"system\":\"")?;
        let end = memchr::memchr(b'"', rest)?;
        std::str::from_utf8(rest.get(..end)?).ok()?.parse().ok()
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, pause) = match self {
            Self::Whole(after) => ("whole", after),
            Self::Turns(after) => ("turns", after),
            Self::Events(gap) => ("events", gap),
            Self::Held => ("held", &Duration::ZERO),
            Self::Beat => ("beat", &Duration::ZERO),
        };
        write!(f, "{kind}:{}", pause.as_micros())
    }
}

impl FromStr for Wish {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "write whole, turns, events, held or beat, a colon and microseconds";
        let (kind, micros) = text.split_once(':').ok_or(WRONG)?;
        let pause = Duration::from_micros(micros.parse().map_err(|_| WRONG)?);
        Ok(match kind {
            "whole" => Self::Whole(pause),
            "turns" => Self::Turns(pause),
            "events" => Self::Events(pause),
            "held" => Self::Held,
            "beat" => Self::Beat,
            _ => return Err(WRONG),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_read_as_it_is_written() {
        for wish in [
            Wish::Whole(Duration::ZERO),
            Wish::Turns(Duration::from_millis(5)),
            Wish::Events(Duration::from_micros(1500)),
            Wish::Held,
            Wish::Beat,
        ] {
            assert_eq!(Wish::read(wish.text().as_bytes()), wish);
        }
        assert_eq!(
            Wish::read(b"{\"model\":\"m\"}"),
            Wish::Whole(Duration::ZERO)
        );
    }
}
