//! The addresses of the plane: which one is asked first, and which after it.

use portunus_client::Endpoint;
use std::sync::atomic::{AtomicUsize, Ordering};

/// All addresses; the one that worked last is asked first.
#[derive(Debug)]
pub(crate) struct Planes {
    all: Vec<Endpoint>,
    preferred: AtomicUsize,
}

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(usize);

impl Planes {
    pub(crate) const fn new(all: Vec<Endpoint>) -> Self {
        Self {
            all,
            preferred: AtomicUsize::new(0),
        }
    }

    /// The one to ask first.
    pub(crate) fn first(&self) -> Place {
        Place(self.preferred.load(Ordering::Relaxed))
    }

    /// The one to ask after `place`.
    pub(crate) fn after(&self, place: Place) -> Place {
        Place((place.0 + 1) % self.all.len().max(1))
    }

    /// It answered.
    pub(crate) fn works(&self, place: Place) {
        self.preferred.store(place.0, Ordering::Relaxed);
    }

    pub(crate) fn address(&self, place: Place) -> Option<&Endpoint> {
        self.all.get(place.0)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_worked_is_asked_first_and_the_others_in_a_round() {
        let all = ["http://a", "http://b", "http://c"].map(|text| text.parse().unwrap());
        let planes = Planes::new(all.to_vec());
        let second = planes.after(planes.first());
        planes.works(second);
        let name = |place| planes.address(place).unwrap().to_string();
        let third = planes.after(planes.first());
        assert_eq!(
            [name(planes.first()), name(third), name(planes.after(third))],
            ["http://b", "http://c", "http://a"]
        );
    }
}
