//! How one panel lists its rows: what it is sorted by, what it is narrowed to, and which row is chosen.
//!
//! A choice is kept by the row's name, so that it stays with its row when rows move.

use std::cmp::Ordering;

/// What a list needs to know of a row.
pub(crate) trait Listed {
    /// The orders that it can be listed in; the first is the one at the start.
    const SORTS: &'static [&'static str];
    /// What tells it from all others.
    fn identity(&self) -> &str;
    /// Compares by one of [`Listed::SORTS`].
    fn order(&self, other: &Self, sort: &str) -> Ordering;
    /// Whether the text, in lower case, occurs in what a person sees of it.
    fn mentions(&self, text: &str) -> bool;
}

/// Which way a sorted list runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Direction {
    /// As the sort has it.
    #[default]
    Usual,
    /// The other way round.
    Reversed,
}

/// The state of one list.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    sort: usize,
    direction: Direction,
    filter: String,
    chosen: Option<Chosen>,
}

/// The chosen row, and where it was when it was last seen.
#[derive(Clone, Debug)]
struct Chosen {
    name: String,
    at: usize,
}

/// Where to go in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// So many rows up.
    Up(usize),
    /// So many rows down.
    Down(usize),
    /// To the first row.
    First,
    /// To the last row.
    Last,
}

impl List {
    /// The rows as they are shown.
    pub(crate) fn shown<'a, R: Listed>(&self, rows: impl Iterator<Item = &'a R>) -> Vec<&'a R> {
        let wanted = self.filter.to_lowercase();
        let mut shown: Vec<&R> = rows
            .filter(|row| wanted.is_empty() || row.mentions(&wanted))
            .collect();
        let sort = self.sort_name::<R>();
        shown.sort_by(|a, b| {
            let order = a.order(b, sort);
            let order = match self.direction {
                Direction::Usual => order,
                Direction::Reversed => order.reverse(),
            };
            order.then_with(|| a.identity().cmp(b.identity()))
        });
        shown
    }

    /// Where the chosen row is among `shown`; none in an empty list.
    pub(crate) fn position<R: Listed>(&self, shown: &[&R]) -> Option<usize> {
        let last = shown.len().checked_sub(1)?;
        let Some(chosen) = &self.chosen else {
            return Some(0);
        };
        let found = shown.iter().position(|row| row.identity() == chosen.name);
        Some(found.unwrap_or(chosen.at.min(last)))
    }

    /// Chooses another row.
    pub(crate) fn go<R: Listed>(&mut self, shown: &[&R], to: Move) {
        let (Some(at), Some(last)) = (self.position(shown), shown.len().checked_sub(1)) else {
            return;
        };
        let at = match to {
            Move::Up(rows) => at.saturating_sub(rows),
            Move::Down(rows) => at.saturating_add(rows).min(last),
            Move::First => 0,
            Move::Last => last,
        };
        // At the top there is no choice: it follows whatever comes first.
        self.chosen = shown.get(at).filter(|_| at > 0).map(|row| Chosen {
            name: row.identity().to_owned(),
            at,
        });
    }

    /// Remembers where the chosen row went, so that its neighbour takes over should it vanish.
    pub(crate) fn settle<R: Listed>(&mut self, shown: &[&R]) {
        let at = self.position(shown);
        if let (Some(chosen), Some(at)) = (&mut self.chosen, at)
            && let Some(row) = shown.get(at)
        {
            chosen.at = at;
            row.identity().clone_into(&mut chosen.name);
        }
    }

    /// Sorts by the next order.
    pub(crate) fn next_sort<R: Listed>(&mut self) {
        self.sort = (self.sort + 1).checked_rem(R::SORTS.len()).unwrap_or(0);
        self.direction = Direction::Usual;
    }

    /// Turns the list round.
    pub(crate) fn reverse(&mut self) {
        self.direction = match self.direction {
            Direction::Usual => Direction::Reversed,
            Direction::Reversed => Direction::Usual,
        };
    }

    /// What it is sorted by.
    pub(crate) fn sort_name<R: Listed>(&self) -> &'static str {
        R::SORTS.get(self.sort).copied().unwrap_or_default()
    }

    /// Which way it runs.
    pub(crate) const fn direction(&self) -> Direction {
        self.direction
    }

    /// What it is narrowed to; empty when it is not.
    pub(crate) fn filter(&self) -> &str {
        &self.filter
    }

    /// Narrows it.
    pub(crate) fn set_filter(&mut self, filter: String) {
        self.filter = filter;
    }
}
