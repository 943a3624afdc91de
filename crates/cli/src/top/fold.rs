//! Takes a picture into the model: rows from wire types, rates from differences, agents from what they did.

use super::model::{Face, Model};
use super::picture::{AgentSum, Picture, Sums};
use super::rate::MINUTE_MS;
use super::rows::{AgentRow, DecisionRow, Ending, Hold, KeyRow, PostRow, QueueRow, WindowRow};
use jiff::Timestamp;
use portunus_api::agents::Agent;
use portunus_api::keys::{KeyStatus, KeysStatus, Rest, Window};
use portunus_api::status::{Status, StoreCondition};
use std::collections::{BTreeMap, HashSet};

/// Decisions that are kept.
const DECISIONS: usize = 500;

/// Messages and notifications that are kept.
const POSTS: usize = 300;

/// Agents that are listed; those that did something or are not heard of come first.
const AGENTS: usize = 1_000;

/// What was counted from the decisions alone, for a plane that does not show its sums.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    sums: BTreeMap<String, AgentSum>,
    agents: Vec<Agent>,
    /// The plane's own sums, once it showed them.
    shown: Option<Sums>,
}

impl Counted {
    /// What was counted, in the shape in which the plane shows it.
    fn sums(&self) -> Sums {
        let agents: Vec<AgentSum> = self.sums.values().cloned().collect();
        let total = |of: fn(&AgentSum) -> u64| agents.iter().map(of).fold(0, u64::saturating_add);
        let total = AgentSum {
            name: String::new(),
            requests: total(|sum| sum.requests),
            failed: total(|sum| sum.failed),
            tokens: total(|sum| sum.tokens),
            cost_nanos: total(|sum| sum.cost_nanos),
        };
        Sums { total, agents }
    }
}

/// Takes one picture in.
pub(super) fn take_in(model: &mut Model, picture: Picture) {
    let at = picture.at_ms;
    model.face = face(std::mem::take(&mut model.face.url), &picture.status);
    model.queues = queues(&picture);
    model.keys = keys(&picture.keys);
    decisions(model, picture.decisions);
    posts(model, picture.posts);
    if let Some(agents) = picture.agents {
        model.counted.agents = agents;
    }
    if let Some(sums) = picture.sums {
        model.counted.shown = Some(sums);
    }
    let sums = match &model.counted.shown {
        Some(shown) => shown.clone(),
        None => model.counted.sums(),
    };
    let total = &sums.total;
    let requests = picture.ended.unwrap_or(total.requests);
    model.requests.read(at, requests);
    model.failures.read(at, total.failed);
    model.tokens.read(at, total.tokens);
    let known = model.counted.shown.is_some();
    model.cost_nanos = Some(total.cost_nanos).filter(|_| known);
    agents(model, sums.agents);
}

fn face(url: String, status: &Status) -> Face {
    let mut warnings = Vec::new();
    if status.store == StoreCondition::Unavailable {
        warnings.push("the database does not answer: changes are refused".to_owned());
    }
    if status.lost_writes > 0 {
        warnings.push(format!("{} events were lost", status.lost_writes));
    }
    if status.draining {
        warnings.push("draining: it ends when what runs is finished".to_owned());
    }
    if status.liveness.observer_suspect {
        warnings.push("most agents fell silent together: is the plane cut off?".to_owned());
    }
    Face {
        url,
        version: status.version.clone(),
        uptime_ms: status.uptime_ms,
        warnings,
        agents: status.agents,
        offline: status.liveness.offline,
    }
}

fn queues(picture: &Picture) -> Vec<QueueRow> {
    let mut rows = Vec::new();
    for pool in &picture.status.pools {
        let queue = picture.keys.pools.iter().find(|q| q.pool == pool.pool);
        let oldest = queue.filter(|queue| queue.waiting > 0).map(|queue| {
            let waited = i64::try_from(queue.oldest_wait_ms).unwrap_or(i64::MAX);
            picture.at_ms.saturating_sub(waited)
        });
        rows.push(QueueRow {
            pool: pool.pool.clone(),
            keys: pool.keys,
            ready: pool.ready,
            waiting: queue.map_or(pool.waiting, |queue| queue.waiting),
            oldest_ms: oldest,
            ready_ms: pool.ready_at.as_deref().and_then(millis),
        });
    }
    rows
}

/// Milliseconds since 1970 of an RFC 3339 moment.
pub(super) fn millis(moment: &str) -> Option<i64> {
    let moment: Timestamp = moment.parse().ok()?;
    Some(moment.as_millisecond())
}

fn keys(status: &KeysStatus) -> Vec<KeyRow> {
    let all = status
        .pools
        .iter()
        .flat_map(|pool| pool.keys.iter().map(|key| (pool.pool.as_str(), key)));
    all.enumerate()
        .map(|(place, (pool, key))| key_row(pool, key, place))
        .collect()
}

fn key_row(pool: &str, key: &KeyStatus, place: usize) -> KeyRow {
    let mut windows: Vec<WindowRow> = key
        .windows
        .iter()
        .map(|window| {
            let same = |rest: &&Rest| rest.kind == window.kind && rest.family == window.family;
            window_row(window, key.rests.iter().find(same))
        })
        .collect();
    let unseen = |rest: &&Rest| {
        let same = |w: &Window| rest.kind == w.kind && rest.family == w.family;
        !key.windows.iter().any(same)
    };
    windows.extend(key.rests.iter().filter(unseen).map(|rest| WindowRow {
        kind: rest.kind.clone(),
        family: rest.family.clone(),
        utilization: None,
        remaining: None,
        back_ms: millis(&rest.until),
        hold: hold(rest),
    }));
    KeyRow {
        id: key.id.clone(),
        name: format!("{pool}:{}", key.label),
        place,
        priority: key.priority,
        condition: key.condition,
        quarantine: key.quarantine,
        unreachable: key.unreachable.is_some(),
        in_flight: key.in_flight,
        ramp: key.ramp,
        last_used_ms: key.last_used_at.as_deref().and_then(millis),
        windows,
    }
}

fn window_row(window: &Window, rest: Option<&Rest>) -> WindowRow {
    let back = rest.map(|rest| rest.until.as_str());
    WindowRow {
        kind: window.kind.clone(),
        family: window.family.clone(),
        utilization: window.utilization,
        remaining: window.remaining,
        back_ms: back.or(window.reset_at.as_deref()).and_then(millis),
        hold: rest.map_or(Hold::Open, hold),
    }
}

fn hold(rest: &Rest) -> Hold {
    match rest.reason.as_str() {
        "money" => Hold::Money,
        "unstated" => Hold::Unstated,
        _ => Hold::Rests,
    }
}

fn decisions(model: &mut Model, newest: Vec<DecisionRow>) {
    let known: HashSet<&str> = model.decisions.iter().map(|row| row.id.as_str()).collect();
    let fresh: Vec<DecisionRow> = newest
        .into_iter()
        .filter(|row| !known.contains(row.id.as_str()))
        .collect();
    for row in fresh.into_iter().rev() {
        count(&mut model.counted.sums, &row);
        model.decisions.push_front(row);
    }
    model.decisions.truncate(DECISIONS);
}

/// The newest; one that comes again takes its place, because it may have been read meanwhile.
fn posts(model: &mut Model, posts: Vec<PostRow>) {
    let again: HashSet<&str> = posts.iter().map(|row| row.id.as_str()).collect();
    model.posts.retain(|row| !again.contains(row.id.as_str()));
    model.posts.extend(posts);
    model.posts.sort_by_key(|row| std::cmp::Reverse(row.at_ms));
    model.posts.truncate(POSTS);
}

fn count(sums: &mut BTreeMap<String, AgentSum>, row: &DecisionRow) {
    let sum = sums.entry(row.agent.clone()).or_insert_with(|| AgentSum {
        name: row.agent.clone(),
        ..AgentSum::default()
    });
    sum.requests += 1;
    sum.failed += u64::from(row.ending != Ending::Served);
    sum.tokens = sum.tokens.saturating_add(row.tokens.unwrap_or(0));
    sum.cost_nanos = sum.cost_nanos.saturating_add(row.cost_nanos.unwrap_or(0));
}

/// What the kept decisions say of one agent.
#[derive(Default)]
struct Lately {
    in_last_minute: u64,
    first_bytes: Vec<u64>,
    last: Option<(i64, Ending)>,
}

fn lately(model: &Model) -> BTreeMap<String, Lately> {
    let mut all: BTreeMap<String, Lately> = BTreeMap::new();
    for row in &model.decisions {
        let one = all.entry(row.agent.clone()).or_default();
        let ended = row.ended_ms();
        one.in_last_minute += u64::from(ended > model.now_ms().saturating_sub(MINUTE_MS));
        one.first_bytes.extend(row.first_byte_us);
        if one.last.is_none_or(|(newest, _)| newest < ended) {
            one.last = Some((ended, row.ending));
        }
    }
    all
}

fn agents(model: &mut Model, sums: Vec<AgentSum>) {
    let now = model.now_ms();
    let mut lately = lately(model);
    let mut rows: BTreeMap<String, AgentRow> = BTreeMap::new();
    for sum in sums {
        let meter = model.meters.entry(sum.name.clone()).or_default();
        meter.read(now, sum.requests);
        rows.insert(
            sum.name.clone(),
            AgentRow {
                per_minute: meter.last_minute(),
                requests: sum.requests,
                failed: sum.failed,
                tokens: sum.tokens,
                cost_nanos: sum.cost_nanos,
                name: sum.name,
                ..AgentRow::default()
            },
        );
    }
    for name in lately.keys() {
        row_of(&mut rows, name);
    }
    for agent in &model.counted.agents {
        row_of(&mut rows, &agent.name).stands(agent);
    }
    for row in rows.values_mut() {
        let Some(mut one) = lately.remove(&row.name) else {
            continue;
        };
        // The kept decisions reach back to before we began to look, the meter does not.
        row.per_minute = row.per_minute.max(one.in_last_minute);
        row.median_us = median(&mut one.first_bytes);
        (row.last_ms, row.last) = one.last.unzip();
    }
    model.meters.retain(|name, _| rows.contains_key(name));
    let mut rows: Vec<AgentRow> = rows.into_values().collect();
    // Those that ask come first, then those that somebody may look for.
    rows.sort_by_key(|row| {
        let needs_a_look = row.needs_a_look();
        let asked = row.per_minute > 0;
        std::cmp::Reverse((
            needs_a_look || asked,
            row.per_minute,
            row.requests,
            row.trouble(),
        ))
    });
    rows.truncate(AGENTS);
    model.agents = rows;
}

fn row_of<'a>(rows: &'a mut BTreeMap<String, AgentRow>, name: &str) -> &'a mut AgentRow {
    rows.entry(name.to_owned()).or_insert_with(|| AgentRow {
        name: name.to_owned(),
        ..AgentRow::default()
    })
}

impl AgentRow {
    /// Takes in how the agent stands.
    fn stands(&mut self, agent: &Agent) {
        self.display_name.clone_from(&agent.display_name);
        self.status = Some(agent.status);
        self.cadence.clone_from(&agent.cadence);
        self.seen_ms = agent.last_seen_at.as_deref().and_then(millis);
        self.note.clone_from(&agent.note);
    }
}

fn median(values: &mut [u64]) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

impl Model {
    /// What failed and how many tokens were used in the last minute.
    pub(crate) fn minute(&self) -> (u64, u64) {
        // As with agents: the kept decisions reach back to before we began to look.
        let since = self.now_ms().saturating_sub(MINUTE_MS);
        let mut seen = (0_u64, 0_u64);
        for row in self.decisions.iter().filter(|row| row.ended_ms() > since) {
            seen.0 += u64::from(row.ending != Ending::Served);
            seen.1 = seen.1.saturating_add(row.tokens.unwrap_or(0));
        }
        (
            self.failures.last_minute().max(seen.0),
            self.tokens.last_minute().max(seen.1),
        )
    }
}
