//! What the orders find is what a look at every key finds, whatever happens to the keys.

use super::*;
use crate::ids::AgentId;
use crate::pool::{
    Acquired, ChosenFor, Class, EntitlementScope, Family, KeyConfig, Leased, NAMED, Observation,
    PoolState, WhyNot, WindowId, WindowReading, WindowScope, WindowStatus,
};
use crate::provider_key::KeySwitch;
use proptest::prelude::*;
use std::sync::Arc;

/// More than a choice names.
const KEYS: u8 = 24;

#[derive(Clone, Debug)]
enum Command {
    Advance(u64),
    SetBack(u64),
    Lease(Wanted),
    Answer(usize, Answer),
    End(usize),
    Put {
        key: u8,
        priority: u32,
        switch: KeySwitch,
    },
    Remove(u8),
    Clear(u8),
}

#[derive(Clone, Debug)]
struct Wanted {
    model: u8,
    excluded: Vec<u8>,
    avoided: Vec<u8>,
    bound: Option<u8>,
    home: Option<u8>,
}

#[derive(Clone, Debug)]
enum Answer {
    Shows { window: u8, left: u64, ms: u64 },
    Rejects { window: u8, ms: u64 },
    Well,
    NoMoney,
    NotThisModel,
    Dead,
}

fn some_key() -> impl Strategy<Value = u8> {
    0..KEYS
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let few = || {
        prop_oneof![
            3 => Just(Vec::new()),
            1 => proptest::collection::vec(some_key(), 1..6),
        ]
    };
    (
        0..4u8,
        few(),
        few(),
        proptest::option::weighted(0.1, some_key()),
        proptest::option::weighted(0.5, some_key()),
    )
        .prop_map(|(model, excluded, avoided, bound, home)| Wanted {
            model,
            excluded,
            avoided,
            bound,
            home,
        })
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        6 => (0..3u8, 0..4u64, 1..30_000u64)
            .prop_map(|(window, left, ms)| Answer::Shows { window, left, ms }),
        4 => (0..3u8, 1..30_000u64).prop_map(|(window, ms)| Answer::Rejects { window, ms }),
        4 => Just(Answer::Well),
        1 => Just(Answer::NoMoney),
        2 => Just(Answer::NotThisModel),
        1 => Just(Answer::Dead),
    ]
}

fn switch() -> impl Strategy<Value = KeySwitch> {
    prop_oneof![4 => Just(KeySwitch::Enabled), 1 => Just(KeySwitch::Disabled)]
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        6 => (0..8_000u64).prop_map(Command::Advance),
        1 => (0..60_000u64).prop_map(Command::SetBack),
        12 => wanted().prop_map(Command::Lease),
        10 => (any::<usize>(), answer()).prop_map(|(which, answer)| Command::Answer(which, answer)),
        6 => any::<usize>().prop_map(Command::End),
        3 => (some_key(), 0..3u32, switch())
            .prop_map(|(key, priority, switch)| Command::Put { key, priority, switch }),
        1 => some_key().prop_map(Command::Remove),
        2 => some_key().prop_map(Command::Clear),
    ]
}

fn id(number: u8) -> KeyId {
    KeyId::from_bytes([number; 16])
}

fn ask(wanted: &Wanted) -> Ask {
    // Two models of one family, and two families.
    let model = format!("model-{}", wanted.model);
    Ask {
        agent: AgentId::from_bytes([1; 16]),
        model: Arc::from(model),
        family: Family::new(&format!("family-{}", wanted.model / 2)),
        conversation: None,
        excluded: wanted.excluded.iter().copied().map(id).collect(),
        avoided: wanted.avoided.iter().copied().map(id).collect(),
        bound: wanted.bound.map(id),
    }
}

fn window(number: u8) -> WindowId {
    let scope = match number {
        0 => WindowScope::Key,
        other => WindowScope::Family(Family::new(&format!("family-{}", other - 1))),
    };
    WindowId {
        scope,
        kind: Arc::from("requests"),
    }
}

struct World {
    pool: PoolState,
    now: Timestamp,
    open: Vec<Leased>,
}

impl World {
    fn new() -> Self {
        let now = Timestamp::from_secs(1_000);
        let mut world = Self {
            pool: PoolState::new(),
            now,
            open: Vec::new(),
        };
        for key in 0..KEYS {
            world.put(key, 0, KeySwitch::Enabled);
        }
        world
    }

    fn put(&mut self, key: u8, priority: u32, switch: KeySwitch) {
        let config = KeyConfig {
            id: id(key),
            priority,
            switch,
            quarantine: None,
        };
        self.pool.put_key(config, self.now);
    }

    fn run(&mut self, command: &Command) {
        match command {
            Command::Advance(ms) => self.now = self.now.plus_ms(*ms),
            Command::SetBack(ms) => self.now = self.now.minus_ms(*ms),
            Command::Lease(wanted) => {
                self.compare(wanted);
                if let Acquired::Granted(leased) = self.pool.acquire(&ask(wanted), self.now) {
                    self.open.push(leased);
                }
            }
            Command::Answer(which, answer) => {
                if let Some(which) = which.checked_rem(self.open.len()) {
                    let observation = self.observation(answer);
                    self.pool.charge(&self.open[which], &observation, self.now);
                }
            }
            Command::End(which) => {
                if let Some(which) = which.checked_rem(self.open.len()) {
                    let leased = self.open.swap_remove(which);
                    self.pool.release(leased, self.now);
                }
            }
            Command::Put {
                key,
                priority,
                switch,
            } => self.put(*key, *priority, *switch),
            Command::Remove(key) => self.pool.remove_key(id(*key), self.now),
            Command::Clear(key) => self.pool.clear_key(id(*key), self.now),
        }
        let _ = self.pool.take_outbox();
    }

    fn observation(&self, answer: &Answer) -> Observation {
        let reading = |number, status, remaining: Option<u64>, ms| WindowReading {
            id: window(number),
            status,
            utilization: None,
            remaining,
            reset: Some(self.now.plus_ms(ms)),
        };
        let (class, windows) = match *answer {
            Answer::Shows { window, left, ms } => {
                let shown = reading(window, WindowStatus::Unstated, Some(left), ms);
                (Class::Ok, vec![shown])
            }
            Answer::Rejects { window, ms } => {
                let rejected = reading(window, WindowStatus::Rejected, None, ms);
                (Class::Quota, vec![rejected])
            }
            Answer::Well => (Class::Ok, Vec::new()),
            Answer::NoMoney => (Class::MoneyOut, Vec::new()),
            Answer::NotThisModel => (Class::Entitlement(EntitlementScope::KeyModel), Vec::new()),
            Answer::Dead => (Class::CredentialDead, Vec::new()),
        };
        Observation { class, windows }
    }

    /// Compares what the orders say to what a look at each key says.
    fn compare(&mut self, wanted: &Wanted) {
        let now = self.pool.note_time(self.now);
        let ask = ask(wanted);
        let ring = &mut self.pool.ring;
        let within = |key: &&KeyState| ask.bound.is_none_or(|bound| bound == key.id);
        let keys = ring.iter().enumerate();
        let looked = select(keys.filter(|(_, key)| within(key)), &ask, None, now);
        assert_eq!(ring.verdict(&ask, now), looked, "{ask:?}");
        assert_eq!(ring.verdict(&ask, now), looked, "the same again");
        if ask.bound.is_some() {
            return;
        }
        let home = wanted.home.map(id);
        let looked = select(ring.iter().enumerate(), &ask, home, now);
        let reach = ring.reach(&ask, home, now);
        let found = reach.first_that(|_| true);
        let Verdict::Use(first) = looked else {
            assert_eq!(found, None);
            let named = reach.hindrances(&ask, now).count();
            assert_eq!(
                named,
                reach.keys.len(),
                "something stands in each key's way"
            );
            return;
        };
        assert_eq!(found.map(|(slot, _)| slot), Some(first));
        let rest = reach.keys.iter().enumerate().filter(|(at, _)| *at != first);
        let second = select(rest, &ask, home, now);
        Self::check_choice(&reach, found.unwrap(), second, &ask, now);
    }

    fn check_choice(
        reach: &Reach<'_>,
        (first, rank): (usize, Rank),
        second: Verdict,
        ask: &Ask,
        now: Timestamp,
    ) {
        let choice = reach.choice((first, rank), ask, now);
        let expected = match second {
            Verdict::Use(second) => rank.decided_by(reach.rank(second).unwrap()),
            Verdict::Wait(_) | Verdict::Impossible(_) => ChosenFor::OnlyOne,
        };
        assert_eq!(choice.chosen_for, expected);
        let others = reach.keys.len() - 1;
        assert!(choice.passed.len() <= NAMED);
        assert_eq!(choice.passed.len() + choice.unnamed as usize, others);
        if others <= NAMED {
            assert_eq!(choice.unnamed, 0, "a small pool is told whole");
        }
        let mut named: Vec<KeyId> = choice.passed.iter().map(|passed| passed.key).collect();
        named.sort_unstable();
        named.dedup();
        assert_eq!(named.len(), choice.passed.len(), "nobody is named twice");
        for passed in &choice.passed {
            let slot = reach.keys.iter().position(|key| key.id == passed.key);
            let slot = slot.unwrap();
            assert_ne!(slot, first);
            let outranked = matches!(
                passed.why,
                WhyNot::Spent
                    | WhyNot::LowerPriority
                    | WhyNot::ConversationElsewhere
                    | WhyNot::LessHeadroom(_)
                    | WhyNot::UsedMoreRecently
            );
            let serves = Rank::of(&reach.keys[slot], reach.keys[slot].availability(ask, now));
            assert_eq!(serves.is_ok(), outranked, "{passed:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn p7_the_orders_find_the_key_that_a_look_at_every_key_finds(
        commands in proptest::collection::vec(command(), 1..160),
    ) {
        let mut world = World::new();
        for command in &commands {
            world.run(command);
        }
    }
}
