//! Push: what is told is acknowledged when it is taken, breaks are waited out, and no plane makes an agent hammer or give
//! its secrets away.

use crate::memory::{
    Network, PausedClock, Say, Socket, access, json as json_answer, pass, problem,
};
use futures_util::{SinkExt, StreamExt};
use parking_lot::Mutex;
use portunus_client::push::{End, Event, News, Push, PushErrorCode, Subscription};
use portunus_client::{Client, Error};
use serde_json::{Value, json};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

const HOST: &str = "plane.test";

/// The plane's end of one connection.
struct Line {
    socket: Socket,
    heard: Arc<Mutex<Vec<Value>>>,
}

impl Line {
    async fn say(&mut self, frame: Value) {
        let _ = self.socket.send(Message::text(frame.to_string())).await;
    }

    async fn hear(&mut self) -> Option<Value> {
        loop {
            match self.socket.next().await?.ok()? {
                Message::Text(text) => {
                    let frame: Value = serde_json::from_str(text.as_str()).unwrap();
                    self.heard.lock().push(frame.clone());
                    return Some(frame);
                }
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// The challenge and `connect`.
    async fn meet(&mut self) -> Value {
        self.say(json!({
            "type": "connect.challenge", "nonce": "n1", "protocols": [1], "connect_within_ms": 10_000, "now": "2026-11-22T09:00:00.000Z",
        }))
        .await;
        let connect = self.hear().await.unwrap();
        assert_eq!(
            (&connect["type"], &connect["nonce"]),
            (&json!("connect"), &json!("n1"))
        );
        connect
    }

    async fn hello(&mut self) -> Value {
        let connect = self.meet().await;
        self.say(json!({
            "type": "hello", "connection": "con_1", "protocol": 1, "principal": {"kind": "agent", "id": "agt_1", "name": "mayor"},
            "topics": ["inbox"], "resumed": connect.get("cursor").is_some(), "now": "2026-11-22T09:00:00.000Z",
            "limits": {
                "max_frame_bytes": 65_536, "max_unacknowledged": 256, "max_unread": 32, "ping_every_ms": 20_000, "dead_after_ms": 45_000,
            },
        }))
        .await;
        connect
    }

    async fn synced(&mut self, seq: u64) {
        self.event(seq, "synced", json!({"events": 0})).await;
    }

    async fn event(&mut self, seq: u64, event: &str, data: Value) {
        self.say(json!({"type": "event", "seq": seq, "cursor": format!("c{seq}"), "event": event, "data": data}))
            .await;
    }

    async fn refuse(&mut self, code: &str, step: &str, retry_after_ms: Option<u64>, device: bool) {
        self.say(json!({
            "type": "error", "code": code, "message": "no", "auth_reason": null, "can_retry_with_device_token": device,
            "recommended_next_step": step, "retry_after_ms": retry_after_ms,
        }))
        .await;
    }
}

/// A plane whose connections go as `conversation` has it, which gets their number.
struct Stage {
    network: Network,
    heard: Arc<Mutex<Vec<Value>>>,
    connected_at: Arc<Mutex<Vec<Instant>>>,
}

impl Stage {
    fn new<F>(conversation: impl Fn(usize, Line) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::at(HOST, conversation)
    }

    fn at<F>(host: &str, conversation: impl Fn(usize, Line) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let tokens = |number: usize| access(&format!("eyJ.{number}"), 600);
        Self::giving(host, tokens, conversation)
    }

    /// The same, with what it says to whoever wants an access token, which gets the number of those who did before.
    fn giving<F>(
        host: &str,
        say: impl Fn(usize) -> Say + Send + Sync + 'static,
        conversation: impl Fn(usize, Line) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let network = Network::default();
        let (heard, connected_at) = (Arc::default(), Arc::new(Mutex::new(Vec::new())));
        let (ears, times) = (Arc::clone(&heard), Arc::clone(&connected_at));
        let tokens = std::sync::atomic::AtomicUsize::new(0);
        let conversation = Arc::new(conversation);
        network.script(host, move |asked| match asked.path.as_str() {
            "/api/v1/token" => {
                let number = tokens.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                say(number)
            }
            "/api/v1/push" => {
                let number = times.lock().len();
                times.lock().push(Instant::now());
                let (ears, conversation) = (Arc::clone(&ears), Arc::clone(&conversation));
                Say::Upgrade(Box::new(move |socket| {
                    let line = Line {
                        socket,
                        heard: ears,
                    };
                    Box::pin(async move { conversation(number, line).await })
                }))
            }
            _ => problem(404, "not_found", None),
        });
        Self {
            network,
            heard,
            connected_at,
        }
    }

    fn client(&self) -> Client {
        self.client_at(HOST)
    }

    fn client_at(&self, host: &str) -> Client {
        Client::builder()
            .planes([format!("http://{host}")])
            .token("ptna_canary")
            .dial(self.network.clone())
            .clock(PausedClock::new())
            .build()
            .unwrap()
    }

    fn heard(&self, kind: &str) -> Vec<Value> {
        let mut heard = self.heard.lock().clone();
        heard.retain(|frame| frame["type"] == kind);
        heard
    }

    /// Pauses between connections, in seconds.
    fn pauses(&self) -> Vec<f64> {
        let times = self.connected_at.lock();
        times
            .windows(2)
            .map(|two| (two[1] - two[0]).as_secs_f64())
            .collect()
    }
}

async fn next_event(push: &mut Push) -> Event {
    loop {
        if let News::Told(told) = push.next().await.unwrap() {
            return told.event;
        }
    }
}

/// The error that it ends with.
async fn end(push: &mut Push) -> Error {
    loop {
        if let Err(error) = push.next().await {
            return error;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_is_acknowledged_when_it_is_taken_and_not_before() {
    let stage = Stage::new(|_, mut line| async move {
        line.hello().await;
        line.synced(1).await;
        line.event(2, "of_a_newer_plane", json!({"x": 1})).await;
        while line.hear().await.is_some() {}
    });
    let mut push = stage.client().push(Subscription::default());
    assert!(matches!(push.next().await.unwrap(), News::Connected(_)));
    assert!(matches!(next_event(&mut push).await, Event::Synced(_)));
    pass(30).await;
    assert_eq!(stage.heard("ack"), Vec::<Value>::new());
    assert!(matches!(next_event(&mut push).await, Event::Unknown(_)));
    pass(1).await;
    assert_eq!(stage.heard("ack")[0]["seq"], 1);
    assert!(
        tokio::time::timeout(Duration::from_secs(1), push.next())
            .await
            .is_err()
    );
    assert_eq!(stage.heard("ack")[1]["seq"], 2);
}

#[tokio::test(start_paused = true)]
async fn after_a_break_it_goes_on_behind_the_last_event_and_nothing_comes_twice() {
    let stage = Stage::new(|number, mut line| async move {
        line.hello().await;
        if number == 0 {
            line.synced(1).await;
            line.synced(2).await;
            return;
        }
        line.synced(1).await;
        while line.hear().await.is_some() {}
    });
    let mut push = stage.client().push(Subscription::default());
    for _ in 0..3 {
        next_event(&mut push).await;
    }
    let connects = stage.heard("connect");
    assert_eq!(connects[0].get("cursor"), None);
    assert_eq!(connects[1]["cursor"], "c2");
    pass(1).await;
    let acks: Vec<u64> = stage
        .heard("ack")
        .iter()
        .map(|ack| ack["seq"].as_u64().unwrap())
        .collect();
    assert!(acks.iter().all(|seq| *seq <= 2), "{acks:?}");
}

#[tokio::test(start_paused = true)]
async fn p4_a_pushed_successor_is_used_and_acknowledged_by_itself() {
    let stage = Stage::new(|_, mut line| async move {
        line.hello().await;
        for _ in 0..14 {
            pass(20).await;
            line.socket
                .send(Message::Ping(Vec::new().into()))
                .await
                .unwrap();
        }
        let pushed = json!({"access_token": "eyJ.pushed", "expires_in": 600, "refresh_in": 300});
        line.event(1, "credential", pushed).await;
        while line.hear().await.is_some() {}
    });
    let client = stage.client();
    let mut push = client.push(Subscription::default());
    assert!(matches!(push.next().await.unwrap(), News::Connected(_)));
    let connect = &stage.heard("connect")[0];
    assert_eq!(
        (&connect["token"], &connect["access_token"]),
        (&json!("eyJ.0"), &json!(true))
    );
    pass(290).await;
    assert_eq!(client.access_token().await.unwrap().expose(), "eyJ.pushed");
    assert_eq!(stage.heard("ack")[0]["seq"], 1);
    assert_eq!(
        stage.network.seen_at("/api/v1/token").len(),
        1,
        "nobody asked besides"
    );
}

#[tokio::test(start_paused = true)]
async fn backoff_begins_anew_with_hello_and_not_with_a_connection() {
    let stage = Stage::new(|number, mut line| async move {
        // Five connections are closed before hello, the sixth after it.
        if number == 5 {
            line.hello().await;
        }
        if number >= 8 {
            line.hello().await;
            while line.hear().await.is_some() {}
        }
    });
    let mut push = stage.client().push(Subscription::default());
    let waiting = tokio::spawn(async move { while push.next().await.is_ok() {} });
    pass(300).await;
    let pauses = stage.pauses();
    assert!((4.0..=16.5).contains(&pauses[4]), "{pauses:?}");
    assert!(pauses[5] <= 1.01, "{pauses:?}");
    assert!(pauses[6] > pauses[5] - 0.5, "{pauses:?}");
    waiting.abort();
}

#[tokio::test(start_paused = true)]
async fn a_wrong_credential_is_renewed_once_and_then_told() {
    let stage = Stage::new(|_, mut line| async move {
        line.meet().await;
        line.refuse("invalid_token", "forget_token", None, false)
            .await;
    });
    let mut push = stage.client().push(Subscription::default());
    let error = end(&mut push).await;
    assert!(error.is_final());
    assert!(
        matches!(&error, Error::Ended(End::Refused(refused)) if refused.code == PushErrorCode::InvalidToken)
    );
    assert_eq!(end(&mut push).await, error, "and it stays so");
    let tokens: Vec<Value> = stage
        .heard("connect")
        .iter()
        .map(|connect| connect["token"].clone())
        .collect();
    assert_eq!(tokens, ["eyJ.0", "eyJ.1"]);
    pass(3_600).await;
    assert_eq!(stage.connected_at.lock().len(), 2, "nobody tries any more");
}

#[tokio::test(start_paused = true)]
async fn p11_a_devices_token_is_tried_once_and_only_where_it_is_certain_who_hears_it() {
    let conversation = |_, mut line: Line| async move {
        line.meet().await;
        line.refuse("invalid_token", "forget_token", None, true)
            .await;
    };
    let subscription = || Subscription::default().device_token("ptnd_canary");
    let stage = Stage::at("127.0.0.1", conversation);
    end(&mut stage.client_at("127.0.0.1").push(subscription())).await;
    let tokens: Vec<Value> = stage
        .heard("connect")
        .iter()
        .map(|connect| connect["token"].clone())
        .collect();
    assert_eq!(tokens, ["eyJ.0", "eyJ.1", "ptnd_canary"]);

    for host in [HOST, "localhost"] {
        let stage = Stage::at(host, conversation);
        end(&mut stage.client_at(host).push(subscription())).await;
        let connects = stage.heard("connect");
        assert_eq!(connects.len(), 2);
        assert!(
            connects
                .iter()
                .all(|connect| connect["token"] != "ptnd_canary")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn p11_a_devices_token_is_tried_where_the_token_gives_no_access_tokens_any_more() {
    let conversation = |_, mut line: Line| async move {
        line.meet().await;
        line.refuse("invalid_token", "forget_token", None, true)
            .await;
    };
    let first = |given: usize| {
        move |number: usize| match number < given {
            true => access(&format!("eyJ.{number}"), 600),
            false => json_answer(
                401,
                json!({"error": "invalid_client", "error_description": "it was revoked"}),
            ),
        }
    };
    let subscription = || Subscription::default().device_token("ptnd_canary");
    for (given, expected) in [(0, vec!["ptnd_canary"]), (1, vec!["eyJ.0", "ptnd_canary"])] {
        let stage = Stage::giving("127.0.0.1", first(given), conversation);
        let error = end(&mut stage.client_at("127.0.0.1").push(subscription())).await;
        assert!(matches!(error, Error::Ended(_)), "{error:?}");
        let connects = stage.heard("connect");
        let tokens: Vec<&Value> = connects.iter().map(|connect| &connect["token"]).collect();
        assert_eq!(tokens, expected);
    }
    let stage = Stage::giving(HOST, first(0), conversation);
    let error = end(&mut stage.client_at(HOST).push(subscription())).await;
    assert!(matches!(error, Error::Rejected(_)), "{error:?}");
    assert!(stage.heard("connect").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_resumed_once_after_its_time() {
    let stage = Stage::new(|_, mut line| async move {
        line.meet().await;
        line.refuse("too_many_connections", "wait", Some(7_000), false)
            .await;
    });
    let error = end(&mut stage.client().push(Subscription::default())).await;
    assert!(matches!(error, Error::Ended(End::Refused(_))));
    assert_eq!(stage.pauses().len(), 1);
    assert!((7.0..7.1).contains(&stage.pauses()[0]));
}

#[tokio::test(start_paused = true)]
async fn planes_that_talk_nonsense_are_left_and_tried_again() {
    let stage = Stage::new(|number, mut line| async move {
        match number {
            0 => line.say(json!("no object")).await,
            1 => line.say(json!({"type": "event", "seq": 1, "cursor": "c", "event": "synced", "data": {}})).await,
            2 => drop(line.socket.send(Message::binary(vec![0_u8; 9])).await),
            3 => {
                line.hello().await;
                line.synced(7).await;
            }
            4 => {
                line.hello().await;
                line.refuse("of_a_newer_plane", "howl", None, false).await;
            }
            5 => {
                line.hello().await;
                // Silence, for longer than the plane itself would stand.
                std::future::pending::<()>().await;
            }
            6 => drop(line.socket.send(Message::text("x".repeat(5 * 1024 * 1024))).await),
            _ => {
                line.hello().await;
                line.synced(1).await;
                while line.hear().await.is_some() {}
            }
        }
    });
    let mut push = stage.client().push(Subscription::default());
    let mut breaks = Vec::new();
    loop {
        match push.next().await.unwrap() {
            News::Broken { end, .. } => breaks.push(end.to_string()),
            News::Told(_) => break,
            News::Connected(_) => {}
        }
    }
    assert_eq!(breaks.len(), 7, "{breaks:#?}");
    assert!(!format!("{breaks:?}").contains("eyJ."), "{breaks:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_plane_that_is_away_or_turns_everybody_away_is_waited_for() {
    let network = Network::default();
    let client = Client::builder()
        .planes([format!("http://{HOST}")])
        .token("ptna_canary")
        .dial(network.clone())
        .clock(PausedClock::new())
        .build()
        .unwrap();
    let mut push = client.push(Subscription::default());
    assert!(matches!(push.next().await.unwrap(), News::Broken { .. }));
    network.script(HOST, |asked| match asked.path.as_str() {
        "/api/v1/token" => access("eyJ.0", 600),
        _ => problem(503, "draining", Some(3)),
    });
    let again = loop {
        if let News::Broken {
            end: End::TurnedAway(_),
            again_in,
        } = push.next().await.unwrap()
        {
            break again_in;
        }
    };
    assert_eq!(again, Duration::from_secs(3));
    network.script(HOST, |asked| match asked.path.as_str() {
        "/api/v1/token" => access("eyJ.0", 600),
        _ => problem(403, "insufficient_scope", None),
    });
    assert!(matches!(end(&mut push).await, Error::Refused(refusal) if refusal.status == 403));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_agents_end_closes_the_connection() {
    let (told, hears) = tokio::sync::oneshot::channel();
    let told = Arc::new(Mutex::new(Some(told)));
    let stage = Stage::new(move |_, mut line| {
        let told = Arc::clone(&told);
        async move {
            line.hello().await;
            while line.hear().await.is_some() {}
            let told = told.lock().take();
            let _ = told.unwrap().send(());
        }
    });
    let mut push = stage.client().push(Subscription::default());
    push.next().await.unwrap();
    drop(push);
    tokio::time::timeout(Duration::from_secs(5), hears)
        .await
        .unwrap()
        .unwrap();
    pass(600).await;
    assert_eq!(stage.connected_at.lock().len(), 1);
}
