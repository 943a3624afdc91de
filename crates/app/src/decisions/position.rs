//! Where a page of decisions begins, and how that is written as a cursor: the direction and the number beside it.

use crate::listing::ListError;
use portunus_store::{Cursor, SegmentOrder};

/// A place in the record, and the direction in which it is read from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// Backwards from this number, which is not shown any more.
    Before(u64),
    /// Forwards from this number, which is not shown any more.
    After(u64),
}

impl Position {
    /// Backwards from the newest.
    pub(super) const NEWEST: Self = Self::Before(u64::MAX);

    pub(super) fn of_cursor(cursor: &Cursor) -> Result<Self, ListError> {
        let mut parts = cursor.as_str().splitn(3, '.');
        let (list, direction, number) = (parts.next(), parts.next(), parts.next());
        let number = number.and_then(|number| number.parse().ok());
        match (list, direction, number) {
            (Some("decisions"), Some("before"), Some(number)) => Ok(Self::Before(number)),
            (Some("decisions"), Some("after"), Some(number)) => Ok(Self::After(number)),
            _ => Err(ListError::BadCursor),
        }
    }

    pub(super) fn cursor(self) -> Cursor {
        Cursor::new(match self {
            Self::Before(number) => format!("decisions.before.{number}"),
            Self::After(number) => format!("decisions.after.{number}"),
        })
    }

    /// The same direction from another number.
    pub(super) const fn moved_to(self, number: u64) -> Self {
        match self {
            Self::Before(_) => Self::Before(number),
            Self::After(_) => Self::After(number),
        }
    }

    /// Whether a number is still to be shown.
    pub(super) const fn is_ahead(self, number: u64) -> bool {
        match self {
            Self::Before(place) => number < place,
            Self::After(place) => number > place,
        }
    }

    /// The segments that lie ahead.
    pub(super) const fn order(self) -> SegmentOrder {
        match self {
            Self::Before(place) => SegmentOrder::NewestBelow(place),
            Self::After(place) => SegmentOrder::OldestFrom(place.saturating_add(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_keeps_its_direction_and_a_strange_one_is_refused() {
        for position in [Position::Before(7), Position::After(0)] {
            assert_eq!(Position::of_cursor(&position.cursor()), Ok(position));
        }
        for text in [
            "decisions.7",
            "decisions.before.",
            "audit.before.7",
            "decisions.after.-1",
            "",
        ] {
            let refused = Position::of_cursor(&Cursor::new(text.into()));
            assert_eq!(refused, Err(ListError::BadCursor), "{text:?}");
        }
    }
}
