//! From where a later connection goes on: a place in the feed of one run of the plane, and what was last handed out of the
//! inbox. Whoever forges one harms only what they hear themselves.

use crate::ids::MessageId;
use crate::time::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;
use std::str::FromStr;

const VERSION: u8 = 1;
const LENGTH: usize = 41;

/// The last message that reached the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandedOut {
    /// When it was handed out.
    pub at: Timestamp,
    /// Which one; those of the same moment come in the order in which they were written.
    pub message: MessageId,
}

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The run of the plane whose feed is meant.
    pub run: [u8; 8],
    /// The place in that feed: what happened up to and with it is known.
    pub position: u64,
    /// What was last handed out, if anything was.
    pub handed_out: Option<HandedOut>,
}

/// The text is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor was not made by this plane")]
pub struct CursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, message) = match &self.handed_out {
            None => (0, [0; 16]),
            Some(last) => (last.at.as_millis(), *last.message.as_bytes()),
        };
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.push(VERSION);
        bytes.extend(self.run);
        bytes.extend(self.position.to_be_bytes());
        bytes.extend(at.to_be_bytes());
        bytes.extend(message);
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
        read(&bytes).ok_or(CursorError)
    }
}

fn read(bytes: &[u8]) -> Option<Cursor> {
    let bytes: &[u8; LENGTH] = bytes.try_into().ok()?;
    let (version, rest) = bytes.split_first()?;
    let (run, rest) = rest.split_first_chunk::<8>()?;
    let (position, rest) = rest.split_first_chunk::<8>()?;
    let (at, message) = rest.split_first_chunk::<8>()?;
    let message = MessageId::from_bytes(message.try_into().ok()?);
    let at = Timestamp::from_millis(u64::from_be_bytes(*at));
    (*version == VERSION).then_some(Cursor {
        run: *run,
        position: u64::from_be_bytes(*position),
        handed_out: (at > Timestamp::EPOCH).then_some(HandedOut { at, message }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["", "1", "AQ", "%", &"A".repeat(55), &"A".repeat(10_000)] {
            assert_eq!(text.parse::<Cursor>(), Err(CursorError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_cursor_is_read_as_it_was_written(
            run: [u8; 8], position: u64, at in 1..u64::MAX, message: [u8; 16], handed_out: bool,
        ) {
            let last = HandedOut { at: Timestamp::from_millis(at), message: MessageId::from_bytes(message) };
            let cursor = Cursor { run, position, handed_out: handed_out.then_some(last) };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn no_text_panics(text in ".{0,80}") {
            let _ = text.parse::<Cursor>();
        }
    }
}
