//! Planes that answer wrong things: nothing of it makes an agent give up, hammer, or send its token elsewhere.

use crate::memory::{Behaviour, Network, PausedClock, Say, Seen, access, json, pass, problem};
use axum::body::Body;
use http::Response;
use portunus_client::{Client, Error, ErrorCode, Lost, Meaning, Pulse};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::Instant;

const HOST: &str = "plane.test";

fn client(network: &Network) -> Client {
    Client::builder()
        .planes([format!("http://{HOST}")])
        .token("ptna_canary")
        .dial(network.clone())
        .clock(PausedClock::new())
        .build()
        .unwrap()
}

/// A network with one host that gives access tokens, and answers the rest so.
fn network(say: impl Fn(&Seen, usize) -> Say + Send + Sync + 'static) -> Network {
    let (network, count) = (Network::default(), AtomicUsize::new(0));
    network.script(HOST, move |asked| match asked.path.as_str() {
        "/api/v1/token" => access("eyJ.one", 600),
        _ => say(asked, count.fetch_add(1, Ordering::Relaxed)),
    });
    network
}

fn me() -> Say {
    json(
        200,
        json!({"kind": "agent", "id": "agt_1", "name": "mayor", "kid": "k", "scopes": []}),
    )
}

fn heard(next_beat_ms: u64) -> Say {
    json(
        200,
        json!({"status": "online", "cadence": "1m", "next_beat_ms": next_beat_ms, "now": "2026-11-22T09:00:00.000Z"}),
    )
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_waited_out_once() {
    let limited = network(|_, count| match count {
        0 => problem(429, "rate_limited", Some(7)),
        _ => me(),
    });
    let began = Instant::now();
    client(&limited).whoami().await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 7);

    for retry_after in [Some(7), None] {
        let limited = network(move |_, _| problem(429, "rate_limited", retry_after));
        let error = client(&limited).whoami().await.unwrap_err();
        assert_eq!(error.refusal().unwrap().meaning(), Meaning::Limited);
        assert_eq!(error.retry_after(), retry_after.map(Duration::from_secs));
        assert_eq!(limited.seen_at("/api/v1/whoami").len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_401_renews_and_tries_once_more_and_no_further() {
    let refusing = network(|_, _| problem(401, "invalid_token", None));
    let error = client(&refusing).whoami().await.unwrap_err();
    assert!(
        matches!(&error, Error::Rejected(refusal) if refusal.code.as_str() == ErrorCode::InvalidToken.as_str())
    );
    assert_eq!(refusing.seen_at("/api/v1/whoami").len(), 2);
    let tokens = refusing.seen_at("/api/v1/token");
    assert!(tokens[1].body.contains("token-exchange"), "renewed");
    assert_eq!(tokens.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn codes_that_nobody_knows_end_no_beating() {
    let strange = network(|_, count| match count {
        0..20 => problem(
            401 + u16::try_from(count % 3).unwrap(),
            "of_a_newer_plane",
            None,
        ),
        20..30 => Say::Answer(
            Response::builder()
                .status(403)
                .body(Body::from("<html>"))
                .unwrap(),
        ),
        _ => heard(30_000),
    });
    let client = client(&strange);
    let beating = tokio::spawn({
        let client = client.clone();
        let cadence = "1m".parse().unwrap();
        async move { client.keep_alive(cadence).await }
    });
    pass(600).await;
    assert!(!beating.is_finished());
    assert!(matches!(&*client.pulse().borrow(), Pulse::Heard { .. }));
    let beats = strange.seen_at("/api/v1/heartbeat");
    let first: Vec<_> = beats
        .windows(2)
        .take(29)
        .map(|two| two[1].at - two[0].at)
        .collect();
    assert!(
        first.iter().sum::<Duration>() > Duration::from_secs(60),
        "with backoff: {first:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn refusals_that_a_person_must_mend_end_the_beating_at_once() {
    for (status, code) in [
        (401, "missing_credential"),
        (403, "not_an_agent"),
        (400, "invalid_body"),
    ] {
        let refusing = network(move |_, _| problem(status, code, None));
        let error = client(&refusing).keep_alive("1m".parse().unwrap()).await;
        assert_eq!(error.refusal().unwrap().code.as_str(), code);
        assert!(refusing.seen_at("/api/v1/heartbeat").len() <= 2);
    }
}

#[tokio::test(start_paused = true)]
async fn suggestions_that_cannot_be_do_no_harm() {
    for suggested in [0, u64::MAX] {
        let strange = network(move |_, _| heard(suggested));
        let client = client(&strange);
        let beating = tokio::spawn(async move { client.keep_alive("1m".parse().unwrap()).await });
        pass(600).await;
        let beats = strange.seen_at("/api/v1/heartbeat").len();
        assert!((10..=1_400).contains(&beats), "{beats} after {suggested}");
        beating.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn access_tokens_with_times_that_cannot_be_do_no_harm() {
    for expires_in in [0, 1, 2, u64::MAX] {
        let network = Network::default();
        network.script(HOST, move |asked| match asked.path.as_str() {
            "/api/v1/token" => access("eyJ.one", expires_in),
            _ => me(),
        });
        let client = client(&network);
        match expires_in {
            // One that is over is told as such; the token itself serves the plane meanwhile.
            0 => assert!(matches!(
                client.access_token().await,
                Err(Error::Unreadable(_))
            )),
            _ => assert!(!client.access_token().await.unwrap().lasts_for().is_zero()),
        }
        for _ in 0..20 {
            client.whoami().await.unwrap();
        }
        assert!(network.seen_at("/api/v1/token").len() <= 3);
    }
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_no_answers_are_told_and_hold_no_secret() {
    for body in [
        "",
        "null",
        "[]",
        "<html>",
        "{\"access_token\": 1}",
        "{\"access_token\": \"eyJ.canary\", \"expires_in\": \"eyJ.canary\"}",
    ] {
        let network = Network::default();
        network.script(HOST, move |_| Say::Answer(Response::new(Body::from(body))));
        let error = client(&network).access_token().await.unwrap_err();
        assert!(matches!(error, Error::Unreadable(_)), "{error:?}");
        assert!(
            !format!("{error:?} {error}").contains("canary"),
            "{error:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn broken_connections_and_noise_are_tried_again_until_patience_ends() {
    let cutting = network(|_, count| if count < 3 { Say::Cut } else { me() });
    client(&cutting).whoami().await.unwrap();
    let silent = network(|_, count| if count == 0 { Say::Silence } else { me() });
    let began = Instant::now();
    client(&silent).whoami().await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(20));
    for noise in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"[..],
        b"\x00\xff\x00",
        b"",
        b"HTTP/9.9 x",
    ] {
        let network = Network::default();
        network.host(HOST, Behaviour::Noise(noise));
        let error = client(&network).whoami().await.unwrap_err();
        assert!(matches!(error, Error::Unanswered { .. }), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_plane_that_falls_silent_is_among_the_troubles_until_it_answers() {
    let network = network(|_, count| match count {
        0 => Say::Silence,
        _ => me(),
    });
    let client = Client::builder()
        .planes([format!("http://{HOST}")])
        .token("ptna_canary")
        .dial(network.clone())
        .clock(PausedClock::new())
        .timeout(Duration::from_secs(5))
        .patience(Duration::from_secs(1))
        .build()
        .unwrap();
    let silent = Lost::Silent(Duration::from_secs(5));
    let error = client.whoami().await.unwrap_err();
    assert!(
        matches!(&error, Error::Unanswered { lost, .. } if *lost == silent),
        "{error:?}"
    );
    assert_eq!(client.troubles(), [(format!("http://{HOST}"), silent)]);
    client.whoami().await.unwrap();
    assert_eq!(client.troubles(), []);
}

/// Gives another token to the client while the one before is being exchanged, and answers so.
async fn replaced_meanwhile(answer: fn() -> Say) {
    let (network, slot) = (Network::default(), Arc::new(OnceLock::<Client>::new()));
    let holder = Arc::clone(&slot);
    network.script(HOST, move |asked| match asked.path.as_str() {
        "/api/v1/token" if asked.header("authorization") == "Bearer ptna_canary" => {
            holder.get().unwrap().replace_token("ptna_new").unwrap();
            answer()
        }
        "/api/v1/token" => access("eyJ.new", 600),
        _ => me(),
    });
    slot.set(client(&network)).unwrap();
    let client = slot.get().unwrap();
    let held = client.access_token().await.unwrap();
    assert_eq!(held.expose(), "eyJ.new");
    client.whoami().await.unwrap();
    let exchanges = network.seen_at("/api/v1/token");
    assert_eq!(exchanges.len(), 2, "each token was exchanged once");
}

#[tokio::test(start_paused = true)]
async fn p4_a_token_is_not_blamed_for_the_one_before_it() {
    replaced_meanwhile(|| {
        json(
            401,
            json!({"error": "invalid_client", "error_description": "it was rotated"}),
        )
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn p4_what_comes_of_a_token_that_was_replaced_is_not_held() {
    replaced_meanwhile(|| access("eyJ.old", 600)).await;
}

#[tokio::test(start_paused = true)]
async fn p11_a_redirect_is_not_followed_so_that_no_token_goes_elsewhere() {
    let network = Network::default();
    network.script("evil.test", |_| me());
    network.script(HOST, |_| {
        let answer = Response::builder()
            .status(307)
            .header("location", "http://evil.test/api/v1/whoami");
        Say::Answer(answer.body(Body::empty()).unwrap())
    });
    assert!(client(&network).whoami().await.is_err());
    assert!(!network.dialled().contains(&"evil.test".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn p11_no_error_shows_what_was_sent() {
    let network = network(|asked, _| {
        let echo = format!("{:?}", asked.headers);
        json(400, json!({"detail": echo}))
    });
    let client = client(&network);
    let error = client.whoami().await.unwrap_err();
    let shown = format!(
        "{error:?} {error} {client:?} {:?}",
        client.access_token().await.unwrap()
    );
    assert!(
        !shown.contains("canary") && !shown.contains("eyJ.one"),
        "{shown}"
    );
}
