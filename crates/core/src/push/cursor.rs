//! From where a later connection goes on: a place in the feed of one run of the plane, and what was last handed out of the
//! inbox. It is sealed under the pepper for the principal to whom it is given: nobody makes one up, and nobody goes on from
//! somebody else's.

use crate::agent::Principal;
use crate::ids::{ConnectionId, MessageId};
use crate::time::Timestamp;
use crate::token::Pepper;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

const VERSION: u8 = 3;
const LENGTH: usize = 58;
const SEAL: usize = 16;

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
    /// Of what the client knows all that there was at that place: a bit for each topic of that run's feed. Of the others it
    /// may have heard a part.
    pub told: u8,
    /// Whom messages are pushed to: the first connection of those that went on one from the other.
    pub reader: ConnectionId,
    /// What was last handed out, if anything was.
    pub handed_out: Option<HandedOut>,
}

/// The text is no cursor that this plane gave to this principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor was not made by this plane for whoever came with it")]
pub struct CursorError;

impl Cursor {
    /// As it is given to `whose`.
    #[must_use]
    pub fn sealed(&self, pepper: &Pepper, whose: Principal) -> String {
        let (at, message) = match &self.handed_out {
            None => (0, [0; 16]),
            Some(last) => (last.at.as_millis(), *last.message.as_bytes()),
        };
        let mut bytes = Vec::with_capacity(LENGTH + SEAL);
        bytes.push(VERSION);
        bytes.extend(self.run);
        bytes.extend(self.position.to_be_bytes());
        bytes.push(self.told);
        bytes.extend(at.to_be_bytes());
        bytes.extend(message);
        bytes.extend(self.reader.as_bytes());
        let seal = pepper.cursor_mac(whose, &bytes);
        bytes.extend(seal);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads one that was given to `whose`.
    ///
    /// # Errors
    ///
    /// [`CursorError`].
    pub fn unsealed(text: &str, pepper: &Pepper, whose: Principal) -> Result<Self, CursorError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
        let (said, seal) = bytes.split_last_chunk::<SEAL>().ok_or(CursorError)?;
        if !bool::from(pepper.cursor_mac(whose, said).ct_eq(seal)) {
            return Err(CursorError);
        }
        read(said).ok_or(CursorError)
    }
}

fn read(bytes: &[u8]) -> Option<Cursor> {
    let bytes: &[u8; LENGTH] = bytes.try_into().ok()?;
    let (version, rest) = bytes.split_first()?;
    let (run, rest) = rest.split_first_chunk::<8>()?;
    let (position, rest) = rest.split_first_chunk::<8>()?;
    let (told, rest) = rest.split_first()?;
    let (at, message) = rest.split_first_chunk::<8>()?;
    let (message, reader) = message.split_first_chunk::<16>()?;
    let message = MessageId::from_bytes(*message);
    let at = Timestamp::from_millis(u64::from_be_bytes(*at));
    (*version == VERSION).then_some(Cursor {
        run: *run,
        position: u64::from_be_bytes(*position),
        told: *told,
        reader: ConnectionId::from_bytes(reader.try_into().ok()?),
        handed_out: (at > Timestamp::EPOCH).then_some(HandedOut { at, message }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AgentId, OperatorId};
    use proptest::prelude::*;

    const WHOSE: Principal = Principal::Agent(AgentId::from_bytes([5; 16]));

    fn pepper() -> Pepper {
        Pepper::new(1, &[7; 32])
    }

    fn read_as(text: &str, whose: Principal) -> Result<Cursor, CursorError> {
        Cursor::unsealed(text, &pepper(), whose)
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["", "1", "AQ", "%", &"A".repeat(99), &"A".repeat(10_000)] {
            assert_eq!(read_as(text, WHOSE), Err(CursorError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_cursor_is_read_as_it_was_written_and_by_nobody_else(
            run: [u8; 8], position: u64, told: u8, at in 1..u64::MAX, message: [u8; 16], handed_out: bool, changed in 0..74_usize,
        ) {
            let last = HandedOut { at: Timestamp::from_millis(at), message: MessageId::from_bytes(message) };
            let cursor = Cursor { run, position, told, reader: ConnectionId::from_bytes(message), handed_out: handed_out.then_some(last) };
            let text = cursor.sealed(&pepper(), WHOSE);
            prop_assert_eq!(read_as(&text, WHOSE), Ok(cursor));
            for other in [
                Principal::Agent(AgentId::from_bytes([6; 16])),
                Principal::Operator(OperatorId::from_bytes([5; 16])),
            ] {
                prop_assert_eq!(read_as(&text, other), Err(CursorError));
            }
            for other in [Pepper::new(1, &[8; 32]), Pepper::new(2, &[7; 32])] {
                prop_assert_eq!(Cursor::unsealed(&text, &other, WHOSE), Err(CursorError));
            }
            let mut bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
            bytes[changed] ^= 1;
            prop_assert_eq!(read_as(&URL_SAFE_NO_PAD.encode(bytes), WHOSE), Err(CursorError));
        }

        #[test]
        fn no_text_panics(text in ".{0,80}") {
            let _ = read_as(&text, WHOSE);
        }
    }
}
