//! Random lives of a pool, checked against what its promises say and nothing of how it works.

use crate::scene::{OPUS, SONNET, agent, config, family_window, key, key_window, reading};
use portunus_core::ids::KeyId;
use portunus_core::pool::{
    Acquired, Ask, Class, Family, KeyConfig, LeaseId, Leased, Leave, Observation, Place, PoolState,
    Ticket, WindowId, WindowReading, WindowScope, WindowStatus,
};
use portunus_core::provider_key::KeySwitch;
use portunus_core::time::Timestamp;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

const KEYS: u8 = 4;

#[derive(Clone, Debug)]
enum Command {
    Advance { ms: u64 },
    Try(Wanted),
    Enqueue(Wanted),
    Leave { which: usize, leave: Leave },
    Answer { which: usize, answer: Answer },
    End { which: usize },
    Enable { key: u8 },
    Disable { key: u8 },
    Clear { key: u8 },
    Remove { key: u8 },
}

#[derive(Clone, Debug)]
struct Wanted {
    agent: u8,
    family: &'static str,
    bound: Option<u8>,
    excluded: Option<u8>,
    conversation: Option<u64>,
}

#[derive(Clone, Debug)]
enum Answer {
    Plain,
    Limited(Vec<(u8, u64)>),
    Allowed(Vec<u8>),
    Overload,
    Dead,
}

fn windows() -> [WindowId; 4] {
    [
        key_window("5h"),
        key_window("7d"),
        family_window(SONNET, "7d_sonnet"),
        family_window(OPUS, "requests"),
    ]
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let some_key = || proptest::option::weighted(0.15, 0..KEYS);
    (
        0..3u8,
        prop_oneof![Just(SONNET), Just(OPUS)],
        some_key(),
        some_key(),
        proptest::option::of(0..3u64),
    )
        .prop_map(|(agent, family, bound, excluded, conversation)| Wanted {
            agent,
            family,
            bound,
            excluded,
            conversation,
        })
}

fn answer() -> impl Strategy<Value = Answer> {
    // Resets of a moment that reject again grow, which has a test of its own.
    let limits = proptest::collection::vec((0..4u8, 501..60_000u64), 1..3);
    prop_oneof![
        3 => Just(Answer::Plain),
        4 => limits.prop_map(Answer::Limited),
        3 => proptest::collection::vec(0..4u8, 1..3).prop_map(Answer::Allowed),
        1 => Just(Answer::Overload),
        1 => Just(Answer::Dead),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let leave = prop_oneof![Just(Leave::Forget), Just(Leave::KeepPlace)];
    prop_oneof![
        4 => (0..20_000u64).prop_map(|ms| Command::Advance { ms }),
        6 => wanted().prop_map(Command::Try),
        6 => wanted().prop_map(Command::Enqueue),
        1 => (any::<usize>(), leave).prop_map(|(which, leave)| Command::Leave { which, leave }),
        10 => (any::<usize>(), answer()).prop_map(|(which, answer)| Command::Answer { which, answer }),
        5 => any::<usize>().prop_map(|which| Command::End { which }),
        2 => (0..KEYS).prop_map(|key| Command::Enable { key }),
        1 => (0..KEYS).prop_map(|key| Command::Disable { key }),
        1 => (0..KEYS).prop_map(|key| Command::Clear { key }),
        1 => (0..KEYS).prop_map(|key| Command::Remove { key }),
    ]
}

/// What an outsider knows of a key.
#[derive(Default)]
struct KeyModel {
    is_disabled: bool,
    is_condemned: bool,
    rests: HashMap<WindowId, ModelRest>,
    clear_mark: Option<LeaseId>,
}

/// What an outsider knows of one window.
struct ModelRest {
    until: Timestamp,
    /// The youngest lease of which the provider said so; only younger ones may heal it.
    mark: LeaseId,
    /// The lease that heard that the window is well.
    healed_by: Option<LeaseId>,
}

impl ModelRest {
    fn stands(&self, now: Timestamp) -> bool {
        self.healed_by.is_none() && self.until > now
    }

    fn heal(&mut self, lease: LeaseId) {
        if lease > self.mark {
            self.healed_by = self.healed_by.max(Some(lease));
        }
    }

    /// Of a window that a younger lease found well, a rejection that says no more than was known is old news.
    fn is_outdated(&self, lease: LeaseId, until: Timestamp) -> bool {
        self.healed_by.is_some_and(|by| lease < by) && until <= self.until
    }
}

impl KeyModel {
    fn may_serve(&self, ask: &Ask, id: KeyId, now: Timestamp) -> bool {
        !self.is_disabled
            && !self.is_condemned
            && !ask.excluded.contains(&id)
            && ask.bound.is_none_or(|bound| bound == id)
            && !self
                .rests
                .iter()
                .any(|(window, rest)| rest.stands(now) && window.scope.binds(&ask.family))
    }
}

struct World {
    pool: PoolState,
    now: Timestamp,
    keys: BTreeMap<KeyId, KeyModel>,
    open: Vec<(Leased, Ask)>,
    answered: BTreeSet<LeaseId>,
    waiting: BTreeMap<Ticket, Ask>,
    last_lease: Option<LeaseId>,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            pool: PoolState::new(),
            now: Timestamp::from_secs(1_000),
            keys: BTreeMap::new(),
            open: Vec::new(),
            answered: BTreeSet::new(),
            waiting: BTreeMap::new(),
            last_lease: None,
        };
        for number in 0..KEYS {
            world.run(Command::Enable { key: number });
        }
        world
    }

    fn ask(wanted: &Wanted) -> Ask {
        Ask {
            agent: agent(wanted.agent),
            model: Arc::from(wanted.family),
            family: Family::new(wanted.family),
            conversation: wanted.conversation,
            excluded: wanted.excluded.map(key).into_iter().collect(),
            avoided: Vec::new(),
            bound: wanted.bound.map(key),
        }
    }

    fn run(&mut self, command: Command) {
        match command {
            Command::Advance { ms } => {
                self.now = self.now.plus_ms(ms);
                self.pool.dispatch(self.now);
            }
            Command::Try(wanted) => self.try_now(Self::ask(&wanted)),
            Command::Enqueue(wanted) => self.enqueue(Self::ask(&wanted)),
            Command::Leave { which, leave } => {
                if let Some(ticket) = pick(self.waiting.keys(), which).copied() {
                    self.pool.leave(ticket, leave, self.now);
                    self.waiting.remove(&ticket);
                }
            }
            Command::Answer { which, answer } if !self.open.is_empty() => {
                self.answer(which % self.open.len(), &answer);
            }
            Command::End { which } if !self.open.is_empty() => {
                let (leased, _) = self.open.swap_remove(which % self.open.len());
                self.pool.release(leased, self.now);
            }
            Command::Answer { .. } | Command::End { .. } => {}
            Command::Enable { key } => self.switch(key, KeySwitch::Enabled),
            Command::Disable { key } => self.switch(key, KeySwitch::Disabled),
            Command::Clear { key: number } => {
                self.pool.clear_key(key(number), self.now);
                let mark = self.last_lease;
                if let Some(model) = self.keys.get_mut(&key(number)) {
                    model.rests.clear();
                    model.is_condemned = false;
                    model.clear_mark = mark;
                }
            }
            Command::Remove { key: number } => {
                self.pool.remove_key(key(number), self.now);
                self.keys.remove(&key(number));
            }
        }
        self.collect();
        self.check();
    }

    fn switch(&mut self, number: u8, switch: KeySwitch) {
        let config = KeyConfig {
            switch,
            ..config(number)
        };
        self.pool.put_key(config, self.now);
        let model = self.keys.entry(key(number)).or_default();
        model.is_disabled = switch == KeySwitch::Disabled;
    }

    fn try_now(&mut self, ask: Ask) {
        match self.pool.acquire(&ask, self.now) {
            Acquired::Granted(leased) => self.granted(leased, ask),
            Acquired::Wait { .. } | Acquired::Impossible(_) => {
                self.collect();
                self.nobody_idles_for(&ask);
            }
        }
    }

    fn enqueue(&mut self, ask: Ask) {
        match self.pool.acquire(&ask, self.now) {
            Acquired::Granted(leased) => self.granted(leased, ask),
            Acquired::Impossible(_) => self.nobody_idles_for(&ask),
            Acquired::Wait { .. } => {
                let place = Place::from(u64::from(ask.agent.as_bytes()[0]));
                let ticket = self.pool.enqueue(ask.clone(), place, self.now);
                self.waiting.insert(ticket, ask);
            }
        }
    }

    fn granted(&mut self, leased: Leased, ask: Ask) {
        let model = &self.keys[&leased.key()];
        assert!(
            model.may_serve(&ask, leased.key(), self.now),
            "{leased:?} of a key that may not serve {ask:?}"
        );
        self.last_lease = self.last_lease.max(Some(leased.id()));
        self.open.push((leased, ask));
    }

    fn answer(&mut self, which: usize, answer: &Answer) {
        let (leased, ask) = &self.open[which];
        let windows = windows();
        let of = |which: u8| windows[usize::from(which)].clone();
        // What rejects only other families rests this one for a random while; that has a test of its own.
        let binds = |(which, _): &(u8, u64)| of(*which).scope.binds(&ask.family);
        // Resets come with the head of an answer, so once; of one that was answered the pool forgets what is old news.
        let is_first = self.answered.insert(leased.id());
        let answer = match answer {
            Answer::Limited(_) if !is_first => &Answer::Overload,
            Answer::Limited(limits) if !limits.iter().any(binds) => &Answer::Overload,
            other => other,
        };
        let observation = match answer {
            Answer::Plain => Observation::bare(Class::Ok),
            Answer::Overload => Observation::bare(Class::Overload {
                retry_after_ms: None,
            }),
            Answer::Dead => Observation::bare(Class::CredentialDead),
            Answer::Limited(limits) => Observation {
                class: Class::Quota,
                windows: limits
                    .iter()
                    .map(|(which, ms)| WindowReading {
                        reset: Some(self.now.plus_ms(*ms)),
                        ..reading(of(*which), WindowStatus::Rejected, None)
                    })
                    .collect(),
            },
            Answer::Allowed(which) => Observation {
                class: Class::Ok,
                windows: which
                    .iter()
                    .map(|which| reading(of(*which), WindowStatus::Allowed, None))
                    .collect(),
            },
        };
        self.pool.charge(leased, &observation, self.now);
        let (id, family) = (leased.id(), ask.family.clone());
        let (now, newest) = (self.now, self.last_lease);
        let Some(model) = self.keys.get_mut(&leased.key()) else {
            return;
        };
        match answer {
            Answer::Overload => {}
            Answer::Dead => model.is_condemned |= Some(id) > model.clear_mark,
            Answer::Plain => {
                let own = |window: &WindowId| {
                    window.scope != WindowScope::Key && window.scope.binds(&family)
                };
                let rests = model.rests.iter_mut();
                rests
                    .filter(|(window, _)| own(window))
                    .for_each(|(_, rest)| rest.heal(id));
            }
            Answer::Allowed(which) => {
                for window in which.iter().map(|which| of(*which)) {
                    if let Some(rest) = model.rests.get_mut(&window) {
                        rest.heal(id);
                    }
                }
            }
            Answer::Limited(limits) => {
                for (which, ms) in limits {
                    let newest = newest.expect("a lease was answered");
                    let until = now.plus_ms(*ms);
                    let known = model.rests.get(&of(*which));
                    if known.is_some_and(|rest| rest.is_outdated(id, until)) {
                        continue;
                    }
                    let stood = known.filter(|rest| rest.stands(now));
                    let rest = ModelRest {
                        until: stood.map_or(until, |rest| rest.until.max(until)),
                        mark: newest,
                        healed_by: None,
                    };
                    model.rests.insert(of(*which), rest);
                }
            }
        }
    }

    fn collect(&mut self) {
        let outbox = self.pool.take_outbox();
        for grant in outbox.grants {
            let ask = self.waiting.remove(&grant.ticket).expect("one who waits");
            self.granted(grant.leased, ask);
        }
        for refusal in outbox.refusals {
            let ask = self.waiting.remove(&refusal.ticket).expect("one who waits");
            self.nobody_idles_for(&ask);
        }
    }

    /// No key that may serve `ask` and is not on its way back from a rest stands idle.
    fn nobody_idles_for(&self, ask: &Ask) {
        for status in self.pool.status(self.now).keys {
            let may_serve = self.keys[&status.key].may_serve(ask, status.key, self.now);
            assert!(
                !may_serve || status.permits.is_some(),
                "{ask:?} is not served by the idle {status:?}"
            );
        }
    }

    fn check(&self) {
        let status = self.pool.status(self.now);
        assert_eq!(status.waiting, self.waiting.len());
        assert_eq!(status.keys.len(), self.keys.len());
        for seen in &status.keys {
            let model = &self.keys[&seen.key];
            let open = self.open.iter().filter(|(l, _)| l.key() == seen.key);
            assert!(open.count() >= seen.in_flight as usize);
            let mut rests: Vec<_> = seen
                .rests
                .iter()
                .map(|r| (r.window.clone(), r.until))
                .collect();
            let standing = model.rests.iter().filter(|(_, rest)| rest.stands(self.now));
            let mut expected: Vec<_> = standing
                .map(|(window, rest)| (window.clone(), rest.until))
                .collect();
            rests.sort();
            expected.sort();
            assert_eq!(rests, expected);
            assert_eq!(seen.quarantine.is_some(), model.is_condemned);
        }
        for ask in self.waiting.values() {
            self.nobody_idles_for(ask);
        }
    }

    /// Everything is answered well from now on: whoever waits for a living key is served.
    fn settle(&mut self) {
        for round in 0..10_000 {
            while let Some((leased, _)) = self.open.pop() {
                self.pool
                    .charge(&leased, &Observation::bare(Class::Ok), self.now);
                self.pool.release(leased, self.now);
                self.collect();
            }
            match self.pool.next_wake(self.now) {
                Some(wake) => self.now = wake,
                None => break,
            }
            self.pool.dispatch(self.now);
            self.collect();
            assert!(round < 9_999, "time alone does not serve them");
        }
        assert!(self.waiting.is_empty(), "left waiting: {:?}", self.waiting);
        for key in self.pool.status(self.now).keys {
            assert_eq!(key.in_flight, 0);
        }
    }
}

fn pick<T>(mut items: impl ExactSizeIterator<Item = T>, which: usize) -> Option<T> {
    let index = which.checked_rem(items.len())?;
    items.nth(index)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn p7_any_key_can_serve_and_p8_a_limit_is_believed_exactly_in_random_lives(
        commands in proptest::collection::vec(command(), 1..120),
    ) {
        let mut world = World::new();
        for command in commands {
            world.run(command);
        }
        world.settle();
    }
}

/// A provider whose keys allow `allowance` requests per ten seconds each.
struct Provider {
    allowance: u32,
    used: HashMap<(KeyId, u64), u32>,
    rejections: u32,
}

impl Provider {
    fn answer(&mut self, key: KeyId, now: Timestamp) -> Observation {
        let window = now.as_millis() / 10_000;
        let used = self.used.entry((key, window)).or_default();
        *used += 1;
        if *used <= self.allowance {
            return Observation::bare(Class::Ok);
        }
        self.rejections += 1;
        let mut rejected = reading(key_window("requests"), WindowStatus::Rejected, None);
        rejected.reset = Some(Timestamp::from_millis((window + 1) * 10_000));
        Observation {
            class: Class::Quota,
            windows: vec![rejected],
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A fleet comes at once; every request is served as soon as the provider's allowance lets it, without a herd.
    #[test]
    fn p7_any_key_can_serve_a_fleet_as_fast_as_its_keys_allow(
        keys in 1..6u8,
        allowance in 1..30u32,
        requests in 1..200u32,
    ) {
        let mut pool = PoolState::new();
        let mut now = Timestamp::from_secs(1_000);
        for number in 0..keys {
            pool.put_key(config(number), now);
        }
        let mut provider = Provider { allowance, used: HashMap::new(), rejections: 0 };
        let ask = |number: u8| World::ask(&Wanted {
            agent: number, family: SONNET, bound: None, excluded: None, conversation: None,
        });
        let mut out: Vec<(Leased, u8)> = Vec::new();
        let mut waiting: HashMap<Ticket, u8> = HashMap::new();
        let mut left = requests;
        let start = |pool: &mut PoolState, out: &mut Vec<(Leased, u8)>, waiting: &mut HashMap<Ticket, u8>, who, now| {
            match pool.acquire(&ask(who), now) {
                Acquired::Granted(leased) => out.push((leased, who)),
                Acquired::Wait { .. } => {
                    let ticket = pool.enqueue(ask(who), Place::from(0), now);
                    waiting.insert(ticket, who);
                }
                Acquired::Impossible(why) => panic!("{why}"),
            }
        };
        for number in 0..requests {
            let who = u8::try_from(number % 7).unwrap();
            start(&mut pool, &mut out, &mut waiting, who, now);
        }
        while left > 0 {
            now = now.plus_ms(5);
            for (leased, who) in std::mem::take(&mut out) {
                let answer = provider.answer(leased.key(), now);
                pool.charge(&leased, &answer, now);
                pool.release(leased, now);
                match answer.class {
                    Class::Ok => left -= 1,
                    _ => start(&mut pool, &mut out, &mut waiting, who, now),
                }
            }
            pool.dispatch(now);
            for grant in pool.take_outbox().grants {
                let who = waiting.remove(&grant.ticket).unwrap();
                out.push((grant.leased, who));
            }
        }
        let per_window = allowance * u32::from(keys);
        let windows = u64::from(requests.div_ceil(per_window));
        let took_ms = Timestamp::from_secs(1_000).ms_until(now);
        prop_assert!(took_ms < windows * 10_000, "{took_ms} ms for {windows} windows");
        // At first nothing is known of any key; afterwards a window costs a key what its ramp is too wide by.
        let rejections = u64::from(provider.rejections);
        let bound = u64::from(requests) + windows * u64::from(keys) * u64::from(allowance) * 2;
        prop_assert!(rejections <= bound, "{rejections} rejections, more than {bound}");
    }
}
