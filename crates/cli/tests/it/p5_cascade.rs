//! P5, the door's half of the table: whatever ends a credential ends within a second the streams that it and what came of it
//! have open, their places in the queue and their leases, and nobody else's. The other half, with sessions, devices and
//! renewals, is `crates/http/tests/it/p5_cascade/`.

use crate::plane::{Plane, SECOND, Stream, comes_true, request, stream};
use portunus_testkit::provider::answer::Answer;
use portunus_testkit::{FakeProvider, Gate};
use serde_json::{Value, json};
use std::time::Instant;

/// What is done, as it is typed: `{NAME}` is the agent, `{KID}` its token's public handle. With the operator's token, or
/// with the credential that is named.
struct Row {
    with: Option<&'static str>,
    command: &'static str,
    ends: &'static [&'static str],
}

const ROWS: [Row; 7] = [
    Row {
        with: None,
        command: "tokens revoke {KID}",
        ends: &["token", "of-token", "narrowed"],
    },
    Row {
        with: None,
        command: "tokens rotate {NAME} --overlap 0",
        ends: &["of-old", "token", "of-token", "narrowed"],
    },
    Row {
        with: None,
        command: "tokens rotate {NAME}",
        ends: &[],
    },
    Row {
        with: None,
        command: "agents delete {NAME}",
        ends: &["of-old", "token", "of-token", "narrowed"],
    },
    Row {
        with: None,
        command: "agents archive {NAME}",
        ends: &["of-old", "token", "of-token", "narrowed"],
    },
    Row {
        with: None,
        command: "agents end-access {NAME}",
        ends: &["of-old", "of-token", "narrowed"],
    },
    Row {
        with: Some("of-token"),
        command: "token end",
        ends: &["of-token", "narrowed"],
    },
];

/// A credential with a stream that has begun, and a request that waits because every key of its pool rests.
struct Holding {
    name: &'static str,
    text: String,
    open: Stream,
    waiting: Stream,
}

fn body(model: &str, streams: bool) -> String {
    let hi = json!([{"role": "user", "content": "hi"}]);
    json!({"model": model, "max_tokens": 16, "stream": streams, "messages": hi}).to_string()
}

fn hold(plane: &Plane, name: &'static str, text: &str) -> Holding {
    let bearer = format!("Bearer {text}");
    let headers = [("authorization", bearer.as_str())];
    let claude = body("claude-sonnet-4-5", true);
    let mut open = stream(&plane.url, "POST", "/v1/messages", &headers, Some(&claude));
    open.read_until("content_block_delta");
    let gpt = body("gpt-5", false);
    let waiting = stream(
        &plane.url,
        "POST",
        "/v1/chat/completions",
        &headers,
        Some(&gpt),
    );
    Holding {
        name,
        text: text.to_owned(),
        open,
        waiting,
    }
}

fn exchanged(plane: &Plane, with: &str, words: &str) -> String {
    let said = plane.run_as(with, &format!("token exchange {words}"), "");
    said.well().out.trim().to_owned()
}

/// All that an agent of one token and its predecessor holds.
fn household(plane: &Plane, name: &str) -> Vec<Holding> {
    let old = plane.create_agent(name);
    let of_old = exchanged(plane, &old, "");
    let rotated = plane.run(&format!("tokens rotate {name} --json")).well();
    let token = rotated.json()["token"].as_str().unwrap().to_owned();
    let of_token = exchanged(plane, &token, "");
    let narrowed = exchanged(plane, &of_token, "--scope llm.call --scope self.show");
    let all = [
        ("of-old", of_old),
        ("token", token),
        ("of-token", of_token),
        ("narrowed", narrowed),
    ];
    all.map(|(name, text)| hold(plane, name, &text)).into()
}

/// How many requests wait in all pools, and how many leases are out.
fn held(plane: &Plane) -> (u64, u64) {
    let answer = plane.ask(&plane.operator, "GET", "/api/v1/keys/status", None);
    assert_eq!(answer.status, 200, "{answer:?}");
    let pools = answer.json();
    (summed(&pools, "waiting"), summed(&pools, "in_flight"))
}

/// The sum of a field, wherever it is.
fn summed(json: &Value, field: &str) -> u64 {
    match json {
        Value::Object(object) => object
            .iter()
            .map(|(name, value)| match value.as_u64() {
                Some(number) if name == field => number,
                _ => summed(value, field),
            })
            .sum(),
        Value::Array(items) => items.iter().map(|item| summed(item, field)).sum(),
        _ => 0,
    }
}

fn until(plane: &Plane, wanted: (u64, u64), what: &str) {
    let came = comes_true(|| held(plane) == wanted);
    assert!(came, "{what}: {:?} instead of {wanted:?}", held(plane));
}

fn kid_of(plane: &Plane, token: &str) -> String {
    let whoami = plane.ask(token, "GET", "/api/v1/whoami", None);
    whoami.json()["kid"].as_str().unwrap().to_owned()
}

/// Every cell of a row.
fn judge(plane: &Plane, row: &Row, name: &str, others: u64) {
    let holdings = household(plane, name);
    let all = u64::try_from(holdings.len()).unwrap();
    until(plane, (others + all, others + all), row.command);
    let named = |wanted: &str| {
        let found = holdings.iter().find(|one| one.name == wanted).unwrap();
        found.text.as_str()
    };
    let kid = kid_of(plane, named("token"));
    let command = row.command.replace("{NAME}", name).replace("{KID}", &kid);
    let with = row.with.map_or(plane.operator.as_str(), named);
    // What ends an access token reads it from there.
    plane.run_as(with, &command, with).well();

    let done = Instant::now();
    let (ended, going_on): (Vec<_>, Vec<_>) = holdings
        .into_iter()
        .partition(|one| row.ends.contains(&one.name));
    assert_eq!(ended.len(), row.ends.len());
    for mut one in ended {
        let cell = format!("{command}: {}", one.name);
        assert!(!plane.accepts(&one.text), "{cell}");
        one.open.read_to_end();
        one.waiting.read_to_end();
        assert!(
            done.elapsed() < SECOND * 2,
            "{cell}: took {:?}",
            done.elapsed()
        );
        assert!(!one.open.text().contains("message_stop"), "{cell}");
        let refused = one.waiting.text();
        assert!(refused.starts_with("HTTP/1.1 401"), "{cell}: {refused}");
    }
    let left = others + u64::try_from(going_on.len()).unwrap();
    until(plane, (left, left), &command);
    for one in &going_on {
        let cell = format!("{command}: {}", one.name);
        // The predecessor that an access token came of may be over; the access token is not.
        assert!(plane.accepts(&one.text), "{cell}");
    }
    drop(going_on);
    until(plane, (others, others), "clients that left");
}

#[test]
fn what_ends_a_credential_ends_what_it_and_its_children_do_on_the_door() {
    let provider = FakeProvider::start().unwrap();
    let plane = Plane::start();
    let url = provider.base_url();
    plane.add_key("anthropic", "a", "sk-a", &url);
    plane.add_key("openai", "o", "sk-o", &url);
    let silent = Answer::ok().held_after(4, &Gate::closed());
    provider.key("sk-a").always(silent);
    let resting = Answer::rate_limited().header("retry-after", "200");
    provider.key("sk-o").always(resting);
    let token = plane.create_agent("bystander");
    let bystander = hold(&plane, "bystander", &token);
    for (number, row) in ROWS.iter().enumerate() {
        judge(&plane, row, &format!("agent-{number}"), 1);
    }
    assert!(plane.accepts(&bystander.text));
    let (waiting, leases) = held(&plane);
    assert_eq!((waiting, leases), (1, 1), "the bystander noticed nothing");
}

/// A request of a browser that is signed in.
fn looks_in(plane: &Plane, cookie: &str) -> u16 {
    let headers = [("cookie", cookie)];
    request(&plane.url, "GET", "/api/v1/whoami", &headers, None).status
}

/// Signs in with a credential and gives the cookie.
fn sign_in(plane: &Plane, with: &str) -> String {
    let answer = plane.ask(with, "POST", "/api/v1/sessions", None);
    assert_eq!(answer.status, 201, "{answer:?}");
    let mut lines = answer.head.lines();
    let set = lines.find_map(|line| line.strip_prefix("set-cookie: "));
    set.unwrap().split(';').next().unwrap().to_owned()
}

/// A download that its client reads slowly: it has begun, and is far from its end.
fn download(plane: &Plane, header: (&str, &str)) -> Stream {
    let mut download = stream(&plane.url, "GET", "/api/v1/backup", &[header], None);
    download.read_until("SQLite format 3");
    download
}

/// A connection on which events come.
fn listen(plane: &Plane, header: (&str, &str)) -> Stream {
    let mut events = stream(&plane.url, "GET", "/api/v1/push/events", &[header], None);
    events.read_until("synced");
    events
}

fn ends_within_a_second(mut events: Stream) {
    let took = events.read_to_end();
    assert!(took < SECOND, "took {took:?}: {}", events.text());
}

/// Reads what is left; whether all of it came.
fn is_whole(mut download: Stream) -> bool {
    download.read_to_end();
    let text = String::from_utf8_lossy(&download.received);
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.unwrap().trim().parse().unwrap();
    let head = download
        .received
        .windows(4)
        .position(|four| four == b"\r\n\r\n");
    download.received.len() - head.unwrap() - 4 == length
}

/// More than the sockets between client and plane hold.
fn fatten(plane: &Plane) {
    let board = Some(json!({"name": "archive"}));
    plane.ask(&plane.operator, "POST", "/api/v1/boards", board.as_ref());
    let text = "x".repeat(60_000);
    for _ in 0..400 {
        let path = "/api/v1/boards/archive/messages";
        let posted = plane.ask(&plane.operator, "POST", path, Some(&json!({"text": text})));
        assert_eq!(posted.status, 201, "{posted:?}");
    }
}

#[test]
fn what_ends_an_operators_credential_ends_its_downloads_and_events_too() {
    let plane = Plane::start();
    fatten(&plane);
    let made = plane.run("operators create ann --role admin --json").well();
    let ann = made.json()["token"].as_str().unwrap().to_owned();
    let session = sign_in(&plane, &ann);
    let device = plane.ask(
        &ann,
        "POST",
        "/api/v1/devices",
        Some(&json!({"name": "laptop"})),
    );
    let device = device.json();
    let laptop = device["token"].as_str().unwrap();
    let by_laptop = sign_in(&plane, laptop);
    let bearer = format!("Bearer {ann}");
    let bearer_of_laptop = format!("Bearer {laptop}");
    let all = [
        ("authorization", bearer.as_str()),
        ("cookie", session.as_str()),
        ("authorization", bearer_of_laptop.as_str()),
        ("cookie", by_laptop.as_str()),
    ];
    let [token, in_session, of_laptop, in_laptops] = all.map(|header| download(&plane, header));
    let heard = all.map(|header| listen(&plane, header));
    let [by_token, by_session, by_device, by_devices_session] = heard;

    let unpair = format!(
        "operators unpair {}",
        device["device"]["id"].as_str().unwrap()
    );
    plane.run(&unpair).well();
    assert!(!plane.accepts(laptop) && looks_in(&plane, &by_laptop) == 401);
    ends_within_a_second(by_device);
    ends_within_a_second(by_devices_session);
    assert!(!is_whole(of_laptop) && !is_whole(in_laptops));
    assert_eq!(looks_in(&plane, &session), 200);

    let kid = kid_of(&plane, &ann);
    plane.run(&format!("tokens revoke {kid}")).well();
    assert!(!plane.accepts(&ann) && looks_in(&plane, &session) == 401);
    ends_within_a_second(by_token);
    ends_within_a_second(by_session);
    assert!(!is_whole(token) && !is_whole(in_session));

    let own = format!("Bearer {}", plane.operator);
    assert!(is_whole(download(&plane, ("authorization", &own))));
}
