//! Pictures of planes that tests look at.

use super::model::{Message, Model};
use super::picture::Picture;
use super::posts::{of_message, of_notification};
use super::rows::{DecisionRow, PostRow};
use super::story::{Line, Mood, Score};
use jiff::Timestamp;
use portunus_api::agents::Agent;
use portunus_api::decisions::{
    AgentThen, Attempt, Decision, Outcome, PassedOver, Step, TokensUsed,
};
use portunus_api::keys::{
    KeyCondition, KeyStatus, KeysStatus, PoolStatus, Quarantine, Rest, Window,
};
use portunus_api::status::{PoolSummary, Status};
use serde_json::json;
use std::time::Duration;

/// 2026-11-03T14:05:00Z.
pub(crate) const NOW_MS: i64 = 1_793_714_700_000;

/// A moment so many milliseconds after [`NOW_MS`], as the plane writes it.
pub(crate) fn moment(after_ms: i64) -> String {
    let moment = Timestamp::from_millisecond(NOW_MS + after_ms).unwrap();
    moment.to_string()
}

/// A window, spent to that fraction, full again after so many milliseconds.
pub(crate) fn window(kind: &str, family: Option<&str>, spent: f64, after_ms: i64) -> Window {
    Window {
        family: family.map(str::to_owned),
        kind: kind.to_owned(),
        utilization: Some(spent),
        remaining: None,
        reset_at: Some(moment(after_ms)),
    }
}

/// A key that serves.
pub(crate) fn key(label: &str, windows: Vec<Window>) -> KeyStatus {
    KeyStatus {
        id: format!("key_{label}"),
        label: label.to_owned(),
        priority: 0,
        condition: KeyCondition::Ready,
        quarantine: None,
        unreachable: None,
        rests: Vec::new(),
        windows,
        in_flight: 0,
        ramp: None,
        last_used_at: Some(moment(-2_000)),
    }
}

/// A rest of a whole key.
pub(crate) fn rest(kind: &str, after_ms: i64, reason: &str) -> Rest {
    Rest {
        family: None,
        kind: kind.to_owned(),
        until: moment(after_ms),
        remaining_ms: u64::try_from(after_ms).unwrap(),
        reason: reason.to_owned(),
    }
}

/// Keys in every condition.
pub(crate) fn keys() -> KeysStatus {
    let resting = KeyStatus {
        condition: KeyCondition::Resting,
        rests: vec![rest("5h", 6_200, "rejected")],
        ..key(
            "amber",
            vec![
                window("5h", None, 1.0, 6_200),
                window("7d", None, 0.42, 187_200_000),
            ],
        )
    };
    let ramping = KeyStatus {
        condition: KeyCondition::Ramping,
        ramp: Some(4),
        in_flight: 3,
        ..key(
            "birch",
            vec![
                window("requests", Some("sonnet"), 0.31, 12_000),
                window("tokens", Some("sonnet"), 0.82, 41_000),
                window("input tokens", None, 0.07, 3_000),
            ],
        )
    };
    let dead = KeyStatus {
        condition: KeyCondition::Quarantined,
        quarantine: Some(Quarantine::CredentialDead),
        ..key("cedar", Vec::new())
    };
    let poor = KeyStatus {
        condition: KeyCondition::PartlyResting,
        rests: vec![rest("money", 1_800_000, "money")],
        ..key("denim", vec![window("requests", None, f64::NAN, 900)])
    };
    let plain = KeyStatus {
        in_flight: 12,
        ..key("ember", vec![window("requests", None, 0.5, 30_000)])
    };
    KeysStatus {
        at: moment(0),
        pools: vec![
            PoolStatus {
                pool: "anthropic".to_owned(),
                waiting: 4,
                oldest_wait_ms: 2_300,
                keys: vec![resting, ramping, dead],
            },
            PoolStatus {
                pool: "openai".to_owned(),
                waiting: 0,
                oldest_wait_ms: 0,
                keys: vec![poor, plain],
            },
        ],
    }
}

fn pool(pool: &str, keys: u64, ready: u64, waiting: u64) -> PoolSummary {
    PoolSummary {
        pool: pool.to_owned(),
        keys,
        ready,
        resting: keys - ready,
        quarantined: 0,
        disabled: 0,
        unreachable: 0,
        waiting,
        ready_at: (ready == 0).then(|| moment(6_200)),
    }
}

/// A plane that is well. Read from JSON, so that a new field of the wire does not break every test here.
pub(crate) fn status() -> Status {
    serde_json::from_value(json!({
        "version": "0.1.0",
        "started_at": moment(-11_100_000),
        "uptime_ms": 11_100_000,
        "agents": 3,
        "store": "available",
        "pools": [pool("anthropic", 3, 0, 4), pool("openai", 2, 1, 0)],
        "authentication": {"accepted": 5, "missing": 0, "rejected": 0},
        "lost_writes": 0,
        "import_offers": [],
    }))
    .unwrap()
}

fn attempt(at_us: u64, took_us: u64, label: &str, class: &str, status: u16) -> Step {
    Step::Attempted(Attempt {
        at_us,
        took_us,
        pool: "anthropic".to_owned(),
        key: format!("key_{label}"),
        label: label.to_owned(),
        chosen_for: "headroom".to_owned(),
        passed_over: vec![PassedOver {
            key: "key_cedar".to_owned(),
            label: Some("cedar".to_owned()),
            why: "quarantined".to_owned(),
            window: None,
            until: None,
            headroom_tenths: None,
        }],
        passed_over_unnamed: 0,
        status: Some(status),
        class: class.to_owned(),
        detail: None,
    })
}

/// The `nth` of many requests: most are served, some after a wait or by a second key, some are not.
pub(crate) fn decision(nth: u64) -> Decision {
    let agents = ["mayor", "scout", "\u{1b}[31mred\u{202e}漢字"];
    let agent = agents[usize::try_from(nth % 3).unwrap()];
    let (outcome, status) = match nth % 10 {
        3 => (Outcome::Refused, Some(429)),
        7 => (Outcome::ClientLeft, None),
        _ => (Outcome::Served, Some(200)),
    };
    let mut steps = Vec::new();
    if nth % 4 == 1 {
        steps.push(Step::Waited {
            at_us: 300,
            took_us: 1_850_000,
            obstacles: Vec::new(),
            earliest: Some(moment(0)),
        });
    }
    if nth % 5 == 2 {
        steps.push(attempt(400, 90_000, "amber", "quota", 429));
    }
    steps.push(attempt(100_000, 250_000, "birch", "ok", 200));
    let waited_us = if nth % 4 == 1 { 1_850_000 } else { 0 };
    let total_us = 480_000 + waited_us + nth * 1_000;
    Decision {
        seq: Some(nth),
        id: format!("req_{nth:022}"),
        at: moment(i64::try_from(nth).unwrap() * 700 - 30_000),
        agent: Some(AgentThen {
            id: format!("agt_{agent}"),
            name: agent.to_owned(),
            display_name: (agent == "scout").then(|| "The Scout".to_owned()),
        }),
        endpoint: "messages".to_owned(),
        model: Some("claude-sonnet-4-5".to_owned()),
        steps,
        outcome,
        status,
        reason: None,
        waited_us,
        first_byte_us: (outcome == Outcome::Served).then_some(total_us / 2),
        total_us,
        usage: (outcome == Outcome::Served).then_some(TokensUsed {
            input: 1_200,
            cache_read: 300,
            cache_write: 0,
            output: 80 + nth,
            reasoning: 0,
            estimated: false,
        }),
        cost_usd: (outcome == Outcome::Served).then_some(0.004_8),
    }
}

/// A picture with the newest of so many requests.
pub(crate) fn picture(requests: u64) -> Picture {
    let newest = (0..requests).rev().take(100);
    Picture {
        at_ms: NOW_MS,
        status: status(),
        keys: keys(),
        ended: Some(requests),
        decisions: newest.map(|nth| DecisionRow::of(decision(nth))).collect(),
        sums: None,
        agents: Some(vec![
            agent("mayor", "online", Some("10m"), -4_000),
            agent("idle", "offline", Some("45s"), -200_000),
            Agent {
                display_name: Some("The Scout".to_owned()),
                note: Some("looks for water".to_owned()),
                ..agent("scout", "late", Some("1m"), -65_000)
            },
        ]),
        posts: posts(),
    }
}

fn post(number: u64, board: &str, from: &str, after_ms: i64, text: &str) -> PostRow {
    let message = serde_json::from_value(json!({
        "id": format!("msg_{number:022}"),
        "board": {"id": format!("brd_{board}"), "name": board},
        "number": number,
        "sender": {"kind": "agent", "id": format!("agt_{from}"), "name": from},
        "text": text, "tags": [], "mentions": [], "unresolved": [], "to_everyone": false,
        "at": moment(after_ms), "expires_at": moment(after_ms + 600_000),
    }));
    of_message(&message.unwrap())
}

fn notice(number: u64, priority: &str, from: &str, after_ms: i64, title: &str) -> PostRow {
    let notification = serde_json::from_value(json!({
        "id": format!("ntf_{number:022}"), "number": number,
        "agent": {"id": format!("agt_{from}"), "name": from},
        "title": title, "body": "the ballots of the east\nare still on their way", "priority": priority,
        "at": moment(after_ms), "read": false,
    }));
    of_notification(&notification.unwrap())
}

/// What was written lately, some of it by somebody who means no good.
fn posts() -> Vec<PostRow> {
    vec![
        post(
            1,
            "diary",
            "mayor",
            -90_000,
            "@scout, please look for water",
        ),
        post(2, "diary", "scout", -60_000, "found some\nbehind the hill"),
        post(3, "town", "red", -30_000, "\u{1b}[2J\u{202e}all is well"),
        notice(1, "high", "mayor", -5_000, "I need a decision"),
    ]
}

/// An agent that was last seen so many milliseconds after [`NOW_MS`].
fn agent(name: &str, status: &str, cadence: Option<&str>, seen_ms: i64) -> Agent {
    serde_json::from_value(json!({
        "id": format!("agt_{name}"),
        "name": name,
        "created_at": moment(-11_000_000),
        "status": status,
        "cadence": cadence,
        "last_seen_at": moment(seen_ms),
    }))
    .unwrap()
}

/// A model that has looked for a while.
pub(crate) fn model() -> Model {
    let mut model = Model::new("http://127.0.0.1:7070".to_owned());
    let mut ended = 0;
    for second in 0..30_u64 {
        let mut picture = picture(second * 4 / 3);
        ended += 3 + second % 7 * second % 11;
        picture.ended = Some(ended);
        let back = i64::try_from(30 - second).unwrap() * 1_000;
        picture.at_ms = NOW_MS - back;
        model.update(Message::Picture(Box::new(picture)));
    }
    let mut last = picture(40);
    last.ended = Some(ended + 9);
    model.update(Message::Picture(Box::new(last)));
    model
}

/// A demonstration that has run for a while.
pub(crate) fn stage() -> Model {
    let mut model = model().on_stage(Duration::from_secs(20));
    model.update(Message::Tick(Duration::from_millis(8_400)));
    for (at, mood, what) in [
        (
            31,
            Mood::Trouble,
            "anthropic:amber is limited (5h), rests 2.4 s",
        ),
        (
            31,
            Mood::Good,
            "smith's call met a limit on anthropic:amber: replaced",
        ),
        (
            48,
            Mood::Bad,
            "clerk (chat) saw a failure: 502: an upstream that spoke of something \u{1b}[2J else for longer than any line of a small screen is",
        ),
        (84, Mood::Plain, "those who waited are served"),
    ] {
        model.update(Message::Story(Line {
            at_tenths: at,
            mood,
            who: "attempt".to_owned(),
            what: what.to_owned(),
        }));
    }
    model.update(Message::Score(Score {
        calls: 64,
        failures: 1,
    }));
    model
}
