//! `/api/v1/push`: the conversation over a real socket, and every way to break it.

use crate::api::Api;
use crate::signed_in::OWN_PAGE;
use http::Method;
use portunus_testkit::{Heard, Socket};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tokio::task::block_in_place;

const PATH: &str = "/api/v1/push";

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is promised within a second.
const SOON: Duration = Duration::from_secs(1);

/// Talks with the plane, which goes on meanwhile.
fn talk<T>(conversation: impl FnOnce() -> T) -> T {
    block_in_place(conversation)
}

fn open(address: &str) -> Socket {
    Socket::open(address, PATH, &[]).unwrap()
}

/// A connection that has heard `hello`.
pub(crate) fn connected(address: &str, members: Value) -> Socket {
    let mut socket = open(address);
    let hello = socket.connect(members);
    assert!(
        matches!(&hello, Heard::Frame(frame) if frame["type"] == "hello"),
        "{hello:?}"
    );
    socket
}

async fn write(api: &Api, sender: &str, to: &str, text: &str) {
    let path = format!("/api/v1/agents/{to}/messages");
    let body = Some(json!({ "text": text }));
    api.call_as(sender, Method::POST, &path, body).await.is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_gets_its_state_then_what_happens_and_says_what_it_read() {
    let (api, address) = Api::new().await.served().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    write(&api, &clerk, "mayor", "one").await;
    let mut socket = talk(|| connected(&address, json!({ "token": mayor })));
    let account = talk(|| socket.event("account")).unwrap();
    assert_eq!(account["seq"], 1);
    assert_eq!(account["data"]["agent"]["name"], "mayor");
    let one = talk(|| socket.event("message")).unwrap();
    assert_eq!(one["data"]["message"]["text"], "one");
    talk(|| socket.event("synced")).unwrap();
    write(&api, &clerk, "mayor", "two").await;
    let two = talk(|| socket.event("message")).unwrap();
    assert_eq!(two["data"]["message"]["text"], "two");
    let ids = [&one, &two].map(|event| event["data"]["message"]["id"].clone());
    let read = json!({"type": "read", "id": "r", "messages": ids});
    let done = talk(|| {
        socket.send(&json!({"type": "ack", "seq": two["seq"]}));
        socket.send(&read);
        socket.until(|frame| frame["type"] == "read.ok")
    });
    let done = done.unwrap();
    assert_eq!(
        (&done["id"], done["read"].as_array().unwrap().len()),
        (&json!("r"), 2)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_works_on_one_message_at_a_time_is_handed_the_next_when_it_was_read() {
    let (api, address) = Api::new().await.served().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    for text in ["one", "two", "three"] {
        write(&api, &clerk, "mayor", text).await;
    }
    let mut socket = open(&address);
    let hello = talk(|| socket.connect(json!({"token": mayor, "max_unread": 1})));
    assert!(
        matches!(&hello, Heard::Frame(frame) if frame["limits"]["max_unread"] == 1),
        "{hello:?}"
    );
    let one = talk(|| socket.event("message")).unwrap();
    assert_eq!(one["data"]["message"]["text"], "one");
    // The state is whole with one of three, which stay for whoever asks.
    let synced = talk(|| socket.until(|frame| frame["event"] != "account")).unwrap();
    assert_eq!(synced["event"], "synced");
    let two = api
        .call_as(&mayor, Method::GET, "/api/v1/inbox?limit=1", None)
        .await
        .is(200);
    let two = two.json()["items"][0]["message"].clone();
    assert_eq!(two["text"], "two");
    for id in [&one["data"]["message"]["id"], &two["id"]] {
        talk(|| socket.send(&json!({"type": "read", "messages": [id]})));
    }
    let three = talk(|| socket.event("message")).unwrap();
    assert_eq!(three["data"]["message"]["text"], "three");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_lost_with_a_connection_comes_again_at_once_behind_the_cursor() {
    let (api, address) = Api::new().await.served().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    for text in ["one", "two", "three"] {
        write(&api, &clerk, "mayor", text).await;
    }
    let mut socket = talk(|| connected(&address, json!({ "token": mayor })));
    let one = talk(|| socket.event("message")).unwrap();
    // The two behind it were sent and are lost with the connection.
    drop(socket);
    let again = json!({"token": mayor, "cursor": one["cursor"]});
    let mut socket = talk(|| connected(&address, again));
    for text in ["two", "three"] {
        let event = talk(|| socket.event("message")).unwrap();
        assert_eq!(event["data"]["message"]["text"], text);
        assert_eq!(
            event["data"]["delivery"]["attempts"], 1,
            "it is the same attempt"
        );
    }
    talk(|| socket.event("synced")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_agents_change_and_go_on_behind_a_cursor() {
    let (api, address) = Api::new().await.served().await;
    let clerk = api.agent("clerk").await;
    let mut socket = talk(|| connected(&address, json!({ "token": api.operator })));
    let all = talk(|| socket.event("agents")).unwrap();
    assert_eq!(all["data"]["items"][0]["name"], "clerk");
    let synced = talk(|| socket.event("synced")).unwrap();
    let beat = json!({"cadence": "10m"});
    api.call_as(
        &clerk,
        Method::POST,
        "/api/v1/heartbeat",
        Some(beat.clone()),
    )
    .await
    .is(200);
    let changed =
        talk(|| socket.until(|frame| frame["data"]["items"][0]["status"] == "online")).unwrap();
    assert_eq!(changed["data"]["items"].as_array().unwrap().len(), 1);
    drop(socket);
    api.post("/api/v1/agents/clerk/pause", json!({}))
        .await
        .is(200);
    let mut socket = open(&address);
    let again = json!({"token": api.operator, "cursor": changed["cursor"]});
    let Heard::Frame(hello) = talk(|| socket.connect(again)) else {
        panic!("no hello")
    };
    assert_eq!(hello["resumed"], true);
    let paused = talk(|| socket.event("agents")).unwrap();
    assert_eq!(paused["data"]["items"][0]["paused"], true, "{paused}");
    api.call(Method::DELETE, "/api/v1/agents/clerk", None)
        .await
        .is(200);
    talk(|| socket.event("agent.gone")).unwrap();
    assert!(synced["seq"].as_u64().unwrap() > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_are_heard_of_by_those_who_may() {
    let (api, address) = Api::new().await.served().await;
    let mayor = api.agent("mayor").await;
    api.post("/api/v1/boards", json!({"name": "diary"}))
        .await
        .is(201);
    let wanted = json!({"token": mayor, "topics": ["boards", "inbox"]});
    let mut socket = talk(|| connected(&address, wanted));
    let boards = talk(|| socket.event("boards")).unwrap();
    assert_eq!(boards["data"]["items"][0]["name"], "diary");
    talk(|| socket.event("synced")).unwrap();
    api.post("/api/v1/boards/diary/messages", json!({"text": "noon"}))
        .await
        .is(201);
    let message = talk(|| socket.event("board.message")).unwrap();
    assert_eq!(message["data"]["text"], "noon");
    let mut socket = talk(|| open(&address));
    talk(|| socket.connect(json!({"token": mayor, "topics": ["agents"]})));
}

/// What is sent instead of a conversation, and how that ends.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_breaks_the_protocol_is_told_how_and_closed() {
    let (api, address) = Api::new().await.served().await;
    let mayor = api.agent("mayor").await;
    let end_of_first = |frame: Value| {
        talk(|| {
            let mut socket = open(&address);
            socket.hear();
            socket.send(&frame);
            socket.end()
        })
    };
    let ends = |code: &str, close: u16| (code.to_owned(), close);
    assert_eq!(
        end_of_first(json!({"type": "ack", "seq": 1})),
        ends("connect_first", 1002)
    );
    assert_eq!(
        end_of_first(json!({"type": "dance"})),
        ends("connect_first", 1002)
    );
    assert_eq!(end_of_first(json!(7)), ends("malformed_frame", 1002));
    let nonce = json!({"type": "connect", "protocol": 1, "nonce": "x", "token": mayor});
    assert_eq!(end_of_first(nonce), ends("wrong_nonce", 1008));
    let long = json!({"type": "connect", "id": "x".repeat(65), "protocol": 1, "nonce": "x"});
    assert_eq!(end_of_first(long), ends("invalid_frame", 1002));
    let end_of = |members: Value| {
        talk(|| {
            let mut socket = open(&address);
            let Heard::Frame(error) = socket.connect(members) else {
                panic!("nothing said")
            };
            let step = error["recommended_next_step"].as_str();
            assert!(step.is_some_and(|step| step != "go_on"), "{error}");
            (
                error["code"].as_str().unwrap_or_default().to_owned(),
                match socket.hear() {
                    Heard::Closed(close) => close,
                    _ => 0,
                },
            )
        })
    };
    assert_eq!(
        end_of(json!({"protocol": 2, "token": mayor})),
        ends("unsupported_protocol", 1002)
    );
    assert_eq!(end_of(json!({})), ends("missing_credential", 1008));
    assert_eq!(
        end_of(json!({"token": "ptna_wrong"})),
        ends("invalid_token", 1008)
    );
    assert_eq!(
        end_of(json!({"token": mayor, "cursor": "x"})),
        ends("bad_cursor", 1002)
    );
    assert_eq!(
        end_of(json!({"token": mayor, "topics": ["agents"]})),
        ends("insufficient_scope", 1008)
    );
    assert_eq!(
        end_of(json!({"token": mayor, "visibility_ms": 0})),
        ends("invalid_frame", 1002)
    );
    // P6: what a frame claims is believed by nobody.
    api.agent("clerk").await;
    assert_eq!(
        end_of(json!({"token": mayor, "agent": "clerk"})),
        ends("wrong_agent", 1008)
    );
    let end_after = |bytes: &[u8], text: Option<Value>| {
        talk(|| {
            let mut socket = connected(&address, json!({ "token": mayor }));
            socket.event("synced").unwrap();
            match &text {
                Some(frame) => socket.send(frame),
                None => socket.send_bytes(bytes),
            }
            socket.end()
        })
    };
    let frame = |value: Value| end_after(&[], Some(value));
    assert_eq!(
        frame(json!({"type": "ack", "seq": 99})),
        ends("ack_from_the_future", 1002)
    );
    let twice = json!({"type": "connect", "protocol": 1, "nonce": "x"});
    assert_eq!(frame(twice), ends("connect_twice", 1002));
    assert_eq!(
        end_after(&[0x82, 0x80, 0, 0, 0, 0], None),
        ends("not_text", 1003)
    );
    assert_eq!(
        end_after(&[0x81, 0x81, 0, 0, 0, 0, 0xff], None),
        ends("not_utf8", 1007)
    );
    assert_eq!(
        end_after(&[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 1], None),
        ends("frame_too_large", 1009)
    );
    assert_eq!(end_after(&[0x81, 0x01], None), ends("protocol_error", 1002));
    assert_eq!(end_after(&[0xf1, 0x80], None), ends("protocol_error", 1002));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_is_refused_does_nothing_and_the_conversation_goes_on() {
    let (api, address) = Api::new().await.served().await;
    let mayor = api.agent("mayor").await;
    let mut socket = talk(|| connected(&address, json!({ "token": mayor })));
    talk(|| socket.event("synced")).unwrap();
    let mut refused = |frame: Value| {
        let error = talk(|| {
            socket.send(&frame);
            socket.until(|frame| frame["type"] == "error")
        });
        let error = error.unwrap();
        assert_eq!(error["id"], frame.get("id").cloned().unwrap_or(Value::Null));
        error["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        refused(json!({"type": "dance", "id": "1"})),
        "unknown_frame"
    );
    assert_eq!(
        refused(json!({"type": "heartbeat", "id": "2", "cadence": "-1s"})),
        "invalid_frame"
    );
    assert_eq!(
        refused(json!({"type": "heartbeat", "id": "3", "agent": "clerk"})),
        "invalid_frame"
    );
    assert_eq!(
        refused(json!({"type": "read", "id": "4", "messages": ["msg_x"]})),
        "invalid_frame"
    );
    let unknown = json!({"type": "read", "id": "5", "messages": ["msg_0000000000000000000000"]});
    assert_eq!(refused(unknown), "not_found");
    talk(|| socket.send(&json!({"type": "heartbeat", "id": "6", "cadence": "45m"})));
    let beaten = talk(|| socket.until(|frame| frame["type"] == "heartbeat.ok")).unwrap();
    assert_eq!(
        (&beaten["id"], &beaten["cadence"]),
        (&json!("6"), &json!("45m"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_a_missing_credential_costs_nothing_and_a_wrong_one_counts() {
    let (api, address) = Api::new().await.served().await;
    for _ in 0..12 {
        talk(|| open(&address).connect(json!({})));
    }
    assert_eq!(api.plane.admission().counts(api.plane.now()).penalised, 0);
    for _ in 0..12 {
        talk(|| open(&address).connect(json!({"token": "ptna_made-up"})));
    }
    assert_eq!(api.plane.admission().counts(api.plane.now()).penalised, 1);
    // P1: who brings a valid one is served from there all the same.
    let mayor = api.agent("mayor").await;
    talk(|| connected(&address, json!({ "token": mayor })));
}

#[tokio::test(flavor = "multi_thread")]
async fn p5_a_revoked_credential_ends_its_connection_within_a_second() {
    let (api, address) = Api::new().await.served().await;
    let mayor = api.agent("mayor").await;
    let mut socket = talk(|| connected(&address, json!({ "token": mayor })));
    talk(|| socket.event("synced")).unwrap();
    let rotate = "/api/v1/agents/mayor/tokens/rotate";
    let rotated = api.post(rotate, json!({"overlap_ms": 0})).await;
    let rotated = rotated.json();
    let began = Instant::now();
    let end = talk(|| socket.end());
    assert_eq!(end, ("credential_rotated".to_owned(), 4001));
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    let mayor = rotated["token"].as_str().unwrap();
    let mut socket = talk(|| connected(&address, json!({ "token": mayor })));
    talk(|| socket.event("synced")).unwrap();
    let kid = rotated["kid"].as_str().unwrap();
    api.post(&format!("/api/v1/tokens/{kid}/revoke"), json!({}))
        .await
        .is(200);
    let began = Instant::now();
    assert_eq!(talk(|| socket.end()), ("token_revoked".to_owned(), 1008));
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_in_connect_is_the_clients_to_mend() {
    let (api, address) = Api::new().await.served().await;
    let mayor = api.agent("mayor").await;
    for member in [
        json!({"visibility_ms": 0}),
        json!({"max_unread": 0}),
        json!({"max_unread": 33}),
        json!({"client": "x".repeat(81)}),
        json!({"moon": 1}),
        json!({"topics": ["moon"]}),
        json!({"id": "é".repeat(33)}),
    ] {
        let mut members = json!({ "token": mayor });
        for (name, value) in member.as_object().unwrap() {
            members[name] = value.clone();
        }
        let mut socket = talk(|| open(&address));
        let Heard::Frame(error) = talk(|| socket.connect(members)) else {
            panic!("nothing said of {member}")
        };
        assert_eq!(error["code"], "invalid_frame", "{error}");
        assert_eq!(error["recommended_next_step"], "fix_client", "{error}");
        assert_eq!(talk(|| socket.hear()), Heard::Closed(1002));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p5_an_operator_who_holds_less_is_cut_off_within_a_second_however_it_came() {
    let (api, address) = Api::new().await.served().await;
    let token = api.person("ann", "admin").await;
    let cookie = api.sign_in("ann").await;
    let device = api.pair(&cookie, "phone").await;
    let mut sockets = vec![
        talk(|| connected(&address, json!({ "token": token }))),
        talk(|| connected(&address, json!({ "token": device }))),
    ];
    let headers = [("Cookie", cookie.as_str()), OWN_PAGE];
    let mut browser = talk(|| Socket::open(&address, PATH, &headers)).unwrap();
    talk(|| browser.connect(json!({})));
    sockets.push(browser);
    for socket in &mut sockets {
        talk(|| socket.event("synced")).unwrap();
    }
    let began = Instant::now();
    let less = Some(json!({"role": null, "scopes": ["usage.read"]}));
    api.call(Method::PATCH, "/api/v1/operators/ann", less)
        .await
        .is(200);
    for socket in &mut sockets {
        assert_eq!(
            talk(|| socket.end()),
            ("insufficient_scope".to_owned(), 1008)
        );
    }
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_bounded_and_nothing_is_left_of_them() {
    let (api, address) = Api::new().await.served().await;
    let mayor = api.agent("mayor").await;
    let mut sockets: Vec<_> = (0..16)
        .map(|_| talk(|| connected(&address, json!({ "token": mayor }))))
        .collect();
    let mut one_more = talk(|| open(&address));
    let refused = talk(|| one_more.connect(json!({ "token": mayor })));
    let Heard::Frame(error) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(
        (&error["code"], &error["retry_after_ms"]),
        (&json!("too_many_connections"), &json!(5_000))
    );
    assert_eq!(talk(|| one_more.hear()), Heard::Closed(1013));
    sockets.clear();
    drop(one_more);
    let deadline = Instant::now() + PATIENCE;
    while !api.plane.push().is_empty() {
        assert!(Instant::now() < deadline, "{:?}", api.plane.push().counts());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plane_that_drains_says_when_to_come_back() {
    let (api, address) = Api::new().await.served().await;
    let mayor = api.agent("mayor").await;
    let mut socket = talk(|| connected(&address, json!({ "token": mayor })));
    talk(|| socket.event("synced")).unwrap();
    api.plane.begin_drain();
    let error = talk(|| socket.until(|frame| frame["type"] == "error")).unwrap();
    assert_eq!(
        (&error["code"], &error["recommended_next_step"]),
        (&json!("draining"), &json!("reconnect"))
    );
    assert!(error["retry_after_ms"].as_u64().unwrap() <= 5_000);
    assert_eq!(talk(|| socket.hear()), Heard::Closed(1012));
    assert!(Socket::open(&address, PATH, &[]).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_may_bring_the_credential_and_a_wrong_one_opens_nothing() {
    let (api, address) = Api::new().await.served().await;
    let mayor = api.agent("mayor").await;
    let bearer = format!("Bearer {mayor}");
    let mut socket = talk(|| Socket::open(&address, PATH, &[("Authorization", &bearer)])).unwrap();
    let hello = talk(|| socket.connect(json!({})));
    assert!(
        matches!(&hello, Heard::Frame(frame) if frame["principal"]["name"] == "mayor"),
        "{hello:?}"
    );
    // The frame may say it again, and no other one.
    let mut same = talk(|| Socket::open(&address, PATH, &[("Authorization", &bearer)])).unwrap();
    let hello = talk(|| same.connect(json!({ "token": mayor })));
    assert!(matches!(hello, Heard::Frame(frame) if frame["type"] == "hello"));
    let clerk = api.agent("clerk").await;
    let mut two = talk(|| Socket::open(&address, PATH, &[("Authorization", &bearer)])).unwrap();
    let Heard::Frame(refused) = talk(|| two.connect(json!({ "token": clerk }))) else {
        panic!("two tokens are taken for one")
    };
    assert_eq!(refused["code"], "invalid_token", "{refused}");
    assert!(
        refused["message"]
            .to_string()
            .contains("two different tokens")
    );
    assert_eq!(talk(|| two.hear()), Heard::Closed(1008));
    let wrong =
        talk(|| Socket::open(&address, PATH, &[("Authorization", "Bearer ptna_x")])).unwrap_err();
    assert!(wrong.0.starts_with("HTTP/1.1 401"), "{wrong:?}");
    let other =
        talk(|| Socket::open(&address, PATH, &[("Origin", "https://evil.example")])).unwrap_err();
    assert!(other.0.starts_with("HTTP/1.1 403"), "{other:?}");
    let in_url =
        talk(|| Socket::open(&address, &format!("{PATH}?token={mayor}"), &[])).unwrap_err();
    assert!(in_url.0.starts_with("HTTP/1.1 400"), "{in_url:?}");
}

/// Reads a stream of events until it has this text.
fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut told = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk).unwrap();
        told.extend(&chunk[..count]);
        let so_far = String::from_utf8_lossy(&told).into_owned();
        if so_far.contains(text) {
            return so_far;
        }
        assert!(count > 0, "it ended: {so_far}");
    }
}

fn events(address: &str, token: &str, more: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "GET {PATH}/events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n{more}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    let (_, rest) = text.split_once(mark).unwrap();
    rest.split(['"', '\n', ',']).next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_is_told_as_server_sent_events() {
    let (api, address) = Api::new().await.served().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    write(&api, &clerk, "mayor", "one").await;
    write(&api, &clerk, "mayor", "two").await;
    let mut stream = talk(|| events(&address, &mayor, ""));
    let told = talk(|| read_until(&mut stream, "event: synced"));
    assert!(
        told.contains("text/event-stream") && told.contains("event: hello"),
        "{told}"
    );
    let connection = after(&told, "\"connection\":\"");
    let acknowledge = async |token: &str, seq: u64| {
        let body = Some(json!({"connection": connection, "seq": seq}));
        api.call_as(token, Method::POST, "/api/v1/push/ack", body)
            .await
    };
    acknowledge(&mayor, 2).await.is(200);
    assert_eq!(acknowledge(&mayor, 99).await.is(400).code(), "invalid_body");
    // P6: it is nobody else's.
    assert_eq!(acknowledge(&clerk, 2).await.is(404).code(), "not_found");
    // The browser goes on where it was: behind the first message.
    let (before, _) = told.split_once("\"text\":\"one\"").unwrap();
    let id = before
        .rsplit_once("id: ")
        .unwrap()
        .1
        .lines()
        .next()
        .unwrap();
    drop(stream);
    let mut stream = talk(|| events(&address, &mayor, &format!("Last-Event-ID: {id}\r\n")));
    let told = talk(|| read_until(&mut stream, "event: synced"));
    assert!(
        !told.contains("\"text\":\"one\"") && told.contains("\"text\":\"two\""),
        "{told}"
    );
    api.plane.begin_drain();
    let told = talk(|| read_until(&mut stream, "event: error"));
    assert!(
        told.contains("draining")
            || talk(|| read_until(&mut stream, "draining")).contains("draining")
    );
}
