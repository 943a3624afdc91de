//! One connection that stays open: who may say what when, what is numbered and acknowledged, when the other end is gone.
//!
//! [`Line`] is the state of one connection, [`Cursor`] what a later one goes on from. Frames, sockets and what there is to
//! tell are left to `app` and `http`; time arrives as [`crate::time::Tick`] arguments.

pub mod cursor;
pub mod line;

pub use cursor::{Cursor, CursorError, HandedOut};
pub use line::{Breach, Due, Line, Terms};

use crate::ids::ConnectionId;

/// How long somebody who connects again should wait, in milliseconds: spread by connection over `span_ms`, so that a restart
/// makes no herd.
#[must_use]
pub fn spread_ms(connection: ConnectionId, span_ms: u64) -> u64 {
    let [first, second, ..] = *connection.as_bytes();
    let share = u64::from(u16::from_be_bytes([first, second]));
    span_ms.saturating_mul(share) / u64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_come_back_are_spread_over_the_whole_span() {
        let of = |byte| spread_ms(ConnectionId::from_bytes([byte; 16]), 5_000);
        assert_eq!((of(0), of(255)), (0, 5_000));
        assert!((2_400..2_600).contains(&of(128)));
    }
}
