//! Random requests, settlements, changes and clock steps against a model that keeps a list of everything.

use super::scene::{Scene, amounts, budget};
use portunus_core::budget::{Amounts, Hold, Quantity, Window};
use portunus_core::time::Timestamp;
use proptest::prelude::*;

const QUANTITIES: [Quantity; 8] = [
    Quantity::Requests(Window::Minute),
    Quantity::Requests(Window::Day),
    Quantity::Tokens(Window::Minute),
    Quantity::Tokens(Window::Total),
    Quantity::Money(Window::Day),
    Quantity::Money(Window::Month),
    Quantity::Requests(Window::Total),
    Quantity::Concurrency,
];

#[derive(Clone, Debug)]
enum Step {
    Reserve {
        tokens: u64,
        nanos: u64,
    },
    Settle {
        which: usize,
        tokens: u64,
        nanos: u64,
    },
    Release {
        which: usize,
    },
    Wait {
        ms: u64,
    },
    GoBack {
        ms: u64,
    },
    Limit {
        quantity: usize,
        limit: u64,
    },
    Remove {
        quantity: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let (tokens, nanos) = (|| 0..60_u64, || 0..60_u64);
    prop_oneof![
        8 => (tokens(), nanos()).prop_map(|(tokens, nanos)| Step::Reserve { tokens, nanos }),
        5 => (0..6_usize, tokens(), nanos())
            .prop_map(|(which, tokens, nanos)| Step::Settle { which, tokens, nanos }),
        3 => (0..6_usize).prop_map(|which| Step::Release { which }),
        3 => (0..40_000_u64).prop_map(|ms| Step::Wait { ms }),
        1 => (0..3_000_000_000_u64).prop_map(|ms| Step::Wait { ms }),
        1 => (0..50_000_u64).prop_map(|ms| Step::GoBack { ms }),
        2 => (0..8_usize, 0..300_u64).prop_map(|(quantity, limit)| Step::Limit { quantity, limit }),
        1 => (0..8_usize).prop_map(|quantity| Step::Remove { quantity }),
    ]
}

/// One budget as the model sees it: every charge ever made, with the name of its window.
#[derive(Default)]
struct Book {
    limit: Option<u64>,
    charges: Vec<(String, u64)>,
}

/// A request that runs: what it reserved, where, and in which windows.
struct Running {
    amounts: Amounts,
    windows: Vec<Option<String>>,
}

struct Model {
    books: Vec<Book>,
    running: Vec<Running>,
    /// Time, which never goes back here.
    latest: Timestamp,
}

/// The name of the window that a moment is in: the beginning of its RFC 3339.
fn window(quantity: Quantity, at: Timestamp) -> String {
    let millis = i64::try_from(at.as_millis()).unwrap();
    let text = jiff::Timestamp::from_millisecond(millis)
        .unwrap()
        .to_string();
    let length = match quantity.window() {
        Some(Window::Minute) => "2026-11-22T12:00".len(),
        Some(Window::Day) => "2026-11-22".len(),
        Some(Window::Month) => "2026-11".len(),
        Some(Window::Total) | None => 0,
    };
    text[..length].to_owned()
}

impl Model {
    fn used(&self, place: usize) -> (u64, u64) {
        let quantity = QUANTITIES[place];
        let now = window(quantity, self.latest);
        let charges = self.books[place].charges.iter();
        let spent = charges.filter(|(at, _)| *at == now).map(|(_, n)| n).sum();
        let here = self
            .running
            .iter()
            .filter(|r| r.windows[place].as_deref() == Some(&*now));
        let reserved = here.map(|r| r.amounts.of(quantity).unwrap()).sum();
        (spent, reserved)
    }

    fn has_room(&self, amounts: &Amounts) -> bool {
        (0..QUANTITIES.len()).all(|place| {
            let (spent, reserved) = self.used(place);
            let needed = amounts.of(QUANTITIES[place]).unwrap();
            // What a request needs nothing of does not stop it, also when a limit was lowered below what is spent.
            needed == 0
                || self.books[place]
                    .limit
                    .is_none_or(|limit| spent + reserved + needed <= limit)
        })
    }

    fn reserve(&mut self, amounts: Amounts) {
        let place = |(book, quantity): (&Book, &Quantity)| {
            book.limit.map(|_| window(*quantity, self.latest))
        };
        let windows = self.books.iter().zip(&QUANTITIES).map(place).collect();
        self.running.push(Running { amounts, windows });
    }

    fn settle(&mut self, which: usize, used: Amounts) {
        let ended = self.running.remove(which);
        for (place, quantity) in QUANTITIES.into_iter().enumerate() {
            let Some(admitted) = &ended.windows[place] else {
                continue;
            };
            let now = window(quantity, self.latest);
            let (reserved, used) = (
                ended.amounts.of(quantity).unwrap(),
                used.of(quantity).unwrap(),
            );
            let charge = match quantity {
                Quantity::Concurrency => 0,
                _ if *admitted == now => used,
                _ => used.saturating_sub(reserved),
            };
            self.books[place].charges.push((now, charge));
        }
    }

    fn remove(&mut self, place: usize) {
        self.books[place] = Book::default();
        for running in &mut self.running {
            running.windows[place] = None;
        }
    }
}

fn play(steps: Vec<Step>) {
    let mut scene = Scene::at("2026-11-30T23:58:30Z", &[]);
    let mut holds: Vec<Hold> = Vec::new();
    let mut model = Model {
        books: QUANTITIES.map(|_| Book::default()).into(),
        running: Vec::new(),
        latest: scene.now,
    };
    for (place, quantity) in QUANTITIES.into_iter().enumerate() {
        scene.account.bind(budget(quantity, 120), scene.now);
        model.books[place].limit = Some(120);
    }
    for step in steps {
        match step {
            Step::Reserve { tokens, nanos } => {
                let amounts = amounts(tokens, nanos);
                let expected = model.has_room(&amounts);
                let found = scene.reserve(amounts);
                assert_eq!(found.is_ok(), expected, "{found:?}");
                if let Ok(hold) = found {
                    holds.push(hold);
                    model.reserve(amounts);
                    // The promise itself, by the account's own numbers.
                    for level in scene.account.levels(scene.now) {
                        let level_used = level.spent + level.reserved;
                        let needed = amounts.of(level.budget.quantity).unwrap();
                        assert!(needed == 0 || level_used <= level.budget.limit, "{level:?}");
                    }
                }
            }
            Step::Settle {
                which,
                tokens,
                nanos,
            } if which < holds.len() => {
                scene.settle(holds.remove(which), amounts(tokens, nanos));
                model.settle(which, amounts(tokens, nanos));
            }
            Step::Release { which } if which < holds.len() => {
                scene.account.release(holds.remove(which));
                model.running.remove(which);
            }
            Step::Settle { .. } | Step::Release { .. } => {}
            Step::Wait { ms } => scene.now = scene.now.plus_ms(ms),
            Step::GoBack { ms } => scene.now = model.latest.minus_ms(ms),
            Step::Limit { quantity, limit } => {
                scene
                    .account
                    .bind(budget(QUANTITIES[quantity], limit), scene.now);
                model.books[quantity].limit = Some(limit);
            }
            Step::Remove { quantity } => {
                scene.account.unbind(QUANTITIES[quantity]);
                model.remove(quantity);
            }
        }
        model.latest = model.latest.max(scene.now);
        for level in scene.account.levels(scene.now) {
            let place = QUANTITIES
                .iter()
                .position(|q| *q == level.budget.quantity)
                .unwrap();
            assert_eq!(
                (level.spent, level.reserved),
                model.used(place),
                "{level:?}"
            );
        }
    }
    // Whatever happened, when nothing runs any more nothing is reserved.
    for hold in holds {
        scene.account.release(hold);
    }
    assert!(
        scene
            .account
            .levels(scene.now)
            .iter()
            .all(|level| level.reserved == 0)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_reservation_passes_a_cap_and_everything_is_counted_once(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        play(steps);
    }
}
