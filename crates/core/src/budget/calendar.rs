//! The calendar of an account: which minute, day and month it is, by a clock that may be set back.

use super::quantity::Window;
use crate::time::Timestamp;
use std::fmt;

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

/// A stretch of time, its end excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) starts: Timestamp,
    pub(super) ends: Timestamp,
    /// How many frames came before it in this calendar.
    turn: u32,
}

impl Frame {
    /// The frame of `window` that contains `now`; for ever in total.
    pub(super) fn of(window: Window, now: Timestamp) -> Self {
        let whole = |length: u64| {
            let starts = now.as_millis() / length * length;
            (starts, starts.saturating_add(length))
        };
        let (starts, ends) = match window {
            Window::Minute => whole(MINUTE_MS),
            Window::Day => whole(DAY_MS),
            Window::Month => {
                let day = now.as_millis() / DAY_MS;
                let date = Date::of(day);
                let first = day + 1 - date.day;
                let next = first + days_in(date.year, date.month);
                (first.saturating_mul(DAY_MS), next.saturating_mul(DAY_MS))
            }
            Window::Total => (0, u64::MAX),
        };
        Self {
            starts: Timestamp::from_millis(starts),
            ends: Timestamp::from_millis(ends),
            turn: 0,
        }
    }

    fn contains(&self, now: Timestamp) -> bool {
        self.starts <= now && now < self.ends
    }
}

/// The present frame of each window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calendar {
    minute: Frame,
    day: Frame,
    month: Frame,
}

/// Which frames a reservation was made in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turns {
    minute: u32,
    day: u32,
    month: u32,
}

impl Turns {
    /// The number of the frame; everything happens in the same one in total.
    pub(super) const fn of(self, window: Option<Window>) -> u32 {
        match window {
            Some(Window::Minute) => self.minute,
            Some(Window::Day) => self.day,
            Some(Window::Month) => self.month,
            Some(Window::Total) | None => 0,
        }
    }
}

impl Calendar {
    pub(super) fn at(now: Timestamp) -> Self {
        Self {
            minute: Frame::of(Window::Minute, now),
            day: Frame::of(Window::Day, now),
            month: Frame::of(Window::Month, now),
        }
    }

    /// Turns to `now`; whether any frame is another one than before.
    ///
    /// A clock that is set back by less than a window's length stays in the frame that it was in, so that no frame
    /// is opened twice. One that is set back further was wrong before: the frame becomes that of the present, but it
    /// is not a fresh one, and what was counted stays counted.
    pub(super) fn turn_to(&mut self, now: Timestamp) -> bool {
        if self.minute.contains(now) && self.day.contains(now) {
            return false;
        }
        let mut turned = false;
        for (window, frame) in [
            (Window::Minute, &mut self.minute),
            (Window::Day, &mut self.day),
            (Window::Month, &mut self.month),
        ] {
            if frame.ends <= now {
                let turn = frame.turn.wrapping_add(1);
                *frame = Frame::of(window, now);
                frame.turn = turn;
                turned = true;
            } else if now < frame.starts && now.ms_until(frame.starts) > length(frame) {
                let turn = frame.turn;
                *frame = Frame::of(window, now);
                frame.turn = turn;
            }
        }
        turned
    }

    /// Takes over that a frame that begins at `starts` was opened before, also if the clock has not reached it yet.
    pub(super) fn remember(&mut self, window: Window, starts: Timestamp) {
        let frame = match window {
            Window::Minute => &mut self.minute,
            Window::Day => &mut self.day,
            Window::Month => &mut self.month,
            Window::Total => return,
        };
        if frame.starts < starts && frame.starts.ms_until(starts) <= length(frame) {
            *frame = Frame::of(window, starts);
        }
    }

    pub(super) fn frame(&self, window: Window) -> Frame {
        match window {
            Window::Minute => self.minute,
            Window::Day => self.day,
            Window::Month => self.month,
            Window::Total => Frame::of(Window::Total, Timestamp::EPOCH),
        }
    }

    /// When what is counted in `window` begins anew; `None` when it never does.
    pub(super) fn resets_at(&self, window: Option<Window>) -> Option<Timestamp> {
        match window {
            Some(Window::Total) | None => None,
            Some(window) => Some(self.frame(window).ends),
        }
    }

    pub(super) const fn turns(&self) -> Turns {
        Turns {
            minute: self.minute.turn,
            day: self.day.turn,
            month: self.month.turn,
        }
    }
}

const fn length(frame: &Frame) -> u64 {
    frame.starts.ms_until(frame.ends)
}

/// A day of the Gregorian calendar; months and days count from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Date {
    year: u64,
    month: u64,
    day: u64,
}

impl Date {
    /// The date `day` days after the first of January 1970.
    ///
    /// Years are taken from March on, so that a leap day is the last day of its year, and counted from the year
    /// zero, because every 400 years have the same 146,097 days.
    const fn of(day: u64) -> Self {
        let since_zero = day + 719_468;
        let era = since_zero / 146_097;
        let in_era = since_zero % 146_097;
        let year_of_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
        let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        // From March on, five months in turn have 31, 30, 31, 30 and 31 days: 153 together.
        let march_month = (5 * in_year + 2) / 153;
        let month = if march_month < 10 {
            march_month + 3
        } else {
            march_month - 9
        };
        let year = era * 400 + year_of_era;
        Self {
            year: if month <= 2 { year + 1 } else { year },
            month,
            day: in_year - (153 * march_month + 2) / 5 + 1,
        }
    }
}

const fn days_in(year: u64, month: u64) -> u64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

/// A moment as people and programs read it: `2026-11-23T00:00:00Z`, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub Timestamp);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_millis() / 1_000;
        let (date, left) = (Date::of(seconds / 86_400), seconds % 86_400);
        let (hour, minute, second) = (left / 3_600, left / 60 % 60, left % 60);
        let Date { year, month, day } = date;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Timestamp {
        let moment: jiff::Timestamp = text.parse().unwrap();
        Timestamp::from_millis(u64::try_from(moment.as_millisecond()).unwrap())
    }

    fn frame(window: Window, now: &str) -> (String, String) {
        let frame = Frame::of(window, moment(now));
        (
            Moment(frame.starts).to_string(),
            Moment(frame.ends).to_string(),
        )
    }

    fn between(starts: &str, ends: &str) -> (String, String) {
        (starts.to_owned(), ends.to_owned())
    }

    #[test]
    fn windows_begin_and_end_with_the_calendar() {
        let now = "2026-12-31T23:59:59.999Z";
        let next = "2027-01-01T00:00:00Z";
        assert_eq!(
            frame(Window::Minute, now),
            between("2026-12-31T23:59:00Z", next)
        );
        assert_eq!(
            frame(Window::Day, now),
            between("2026-12-31T00:00:00Z", next)
        );
        assert_eq!(
            frame(Window::Month, now),
            between("2026-12-01T00:00:00Z", next)
        );
        let first = "2027-01-01T00:00:00Z";
        assert_eq!(
            frame(Window::Month, first),
            between(first, "2027-02-01T00:00:00Z")
        );
    }

    #[test]
    fn february_ends_when_the_year_says() {
        for (now, ends) in [
            ("2027-02-28T12:00:00Z", "2027-03-01T00:00:00Z"),
            ("2028-02-29T23:59:59Z", "2028-03-01T00:00:00Z"),
            ("2100-02-28T12:00:00Z", "2100-03-01T00:00:00Z"),
            ("2000-02-29T12:00:00Z", "2000-03-01T00:00:00Z"),
        ] {
            assert_eq!(frame(Window::Month, now).1, ends, "{now}");
        }
        assert_eq!(
            Frame::of(Window::Month, moment("2028-02-10T00:00:00Z")).ends,
            moment("2028-03-01T00:00:00Z")
        );
    }

    #[test]
    fn every_day_of_five_centuries_has_its_date() {
        let mut expected = jiff::civil::date(1970, 1, 1);
        for day in 0..182_621 {
            let date = Date::of(day);
            let found = (date.year, date.month, date.day);
            let told = |number: i8| u64::try_from(number).unwrap();
            let year = u64::try_from(expected.year()).unwrap();
            assert_eq!(found, (year, told(expected.month()), told(expected.day())));
            assert_eq!(
                days_in(date.year, date.month),
                told(expected.days_in_month())
            );
            expected = expected.tomorrow().unwrap();
        }
    }

    #[test]
    fn a_clock_that_goes_back_opens_no_window_twice() {
        let mut calendar = Calendar::at(moment("2026-11-22T23:59:59Z"));
        assert!(calendar.turn_to(moment("2026-11-23T00:00:01Z")));
        let opened = calendar.turns();
        assert!(!calendar.turn_to(moment("2026-11-22T23:59:58Z")));
        assert!(!calendar.turn_to(moment("2026-11-23T00:00:30Z")));
        assert_eq!(calendar.turns(), opened);
        assert_eq!(
            calendar.frame(Window::Day).starts,
            moment("2026-11-23T00:00:00Z")
        );
    }

    #[test]
    fn a_clock_that_was_wrong_by_years_does_not_hold_a_window_for_years() {
        let mut calendar = Calendar::at(moment("2040-05-05T05:05:05Z"));
        let before = calendar.turns();
        assert!(!calendar.turn_to(moment("2026-11-22T12:00:00Z")));
        assert_eq!(calendar.turns(), before);
        let tomorrow = calendar.resets_at(Some(Window::Day));
        assert_eq!(tomorrow, Some(moment("2026-11-23T00:00:00Z")));
        assert_eq!(calendar.resets_at(Some(Window::Total)), None);
    }
}
