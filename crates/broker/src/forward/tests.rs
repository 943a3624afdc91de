//! Requests against planes that say what a test has them say, on real sockets.

use super::*;
use crate::identity::{ReadToken, TokenSource};
use http_body_util::BodyExt;
use portunus_client::Endpoint;
use portunus_core::ids::RequestId;
use portunus_core::secret::Secret;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

/// What a plane does with a request.
enum Act {
    /// Says this.
    Say(String),
    /// Says this and hangs up.
    BreakOff(String),
    /// Hangs up without a word.
    HangUp,
}

/// Shows a token that no plane takes.
const ENDED: &str = "Bearer ptna_ended";

/// A plane, and the heads of the requests that it got, those for tokens aside.
#[derive(Clone)]
struct FakePlane {
    address: String,
    acts: Arc<Mutex<VecDeque<Act>>>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl FakePlane {
    fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let plane = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            acts: Arc::new(Mutex::new(acts.into_iter().collect())),
            heads: Arc::default(),
        };
        let (serving, tokens) = (plane.clone(), Arc::new(Mutex::new(0)));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (serving, tokens) = (serving.clone(), Arc::clone(&tokens));
                std::thread::spawn(move || serving.converse(stream, &tokens));
            }
        });
        plane
    }

    fn converse(&self, mut stream: TcpStream, tokens: &Mutex<u32>) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some(head) = read(&mut reader) {
            let act = if header(&head, "authorization") == ENDED {
                let body = r#"{"error":"invalid_client","error_description":"it has ended"}"#;
                Act::Say(ours(401, &[], body))
            } else if head.starts_with("POST /api/v1/token ") {
                let mut tokens = tokens.lock().unwrap();
                *tokens += 1;
                let body = format!(
                    r#"{{"access_token":"access-{tokens}","token_type":"Bearer","expires_in":600,"refresh_in":300,"scope":"*"}}"#
                );
                Act::Say(answer(200, &[], &body))
            } else {
                self.heads.lock().unwrap().push(head);
                let next = self.acts.lock().unwrap().pop_front();
                next.unwrap_or_else(|| Act::Say(ours(200, &[], "well")))
            };
            match act {
                Act::Say(text) => stream.write_all(text.as_bytes()).unwrap(),
                Act::BreakOff(text) => return stream.write_all(text.as_bytes()).unwrap(),
                Act::HangUp => return,
            }
        }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn read(reader: &mut impl BufRead) -> Option<String> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(head)
}

fn answer(status: u16, headers: &[&str], body: &str) -> String {
    let length = body.len();
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    format!("HTTP/1.1 {status} -\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

/// An answer that a plane signed with a request's id, as all of its are.
fn ours(status: u16, headers: &[&str], body: &str) -> String {
    let id = format!("x-request-id: {}", RequestId::from_bytes([7; 16]));
    let mut all = vec![id.as_str()];
    all.extend(headers);
    answer(status, &all, body)
}

/// Nobody listens there.
const AWAY: &str = "http://127.0.0.1:9";

fn forward(addresses: &[&str]) -> Forward {
    let planes: Vec<Endpoint> = addresses.iter().map(|text| text.parse().unwrap()).collect();
    let token = Secret::new("ptna_x".to_owned());
    let source = TokenSource::Given(token.clone());
    let identity = Identity::new("mayor".parse().unwrap(), &planes, source, token).unwrap();
    Forward::new(Arc::new(identity.known()))
}

fn errand(method: Method) -> Errand {
    Errand {
        door: Door::Models,
        method,
        target: "/v1/messages?beta=true".to_owned(),
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{}"),
        deadline: Instant::now() + Duration::from_secs(60),
    }
}

async fn sent(forward: &Forward, errand: Errand) -> (u16, String) {
    let answer = forward.send(errand).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let start = format!("{name}: ");
    let line = head.lines().find_map(|line| line.strip_prefix(&start));
    line.unwrap_or_default()
}

#[tokio::test]
async fn p4_a_refused_access_token_is_renewed_once_and_then_the_refusal_is_the_answer() {
    let refused = || Act::Say(ours(401, &[], "no"));
    let plane = FakePlane::start([refused(), refused(), refused()]);
    let forward = forward(&[&plane.address]);
    assert_eq!(
        sent(&forward, errand(Method::POST)).await,
        (401, "no".into())
    );
    let heads = plane.heads();
    assert_eq!(heads.len(), 2);
    assert_ne!(
        header(&heads[0], "authorization"),
        header(&heads[1], "authorization")
    );
    assert_eq!(
        header(&heads[0], "idempotency-key"),
        header(&heads[1], "idempotency-key")
    );
    // The next one begins anew.
    assert_eq!(sent(&forward, errand(Method::POST)).await.0, 200);
    assert_eq!(plane.heads().len(), 4);
}

/// The token lies there only when it is looked for the second time after the plane refused the one before.
#[tokio::test]
async fn p4_another_token_is_waited_for_whoever_heard_first_that_this_one_has_ended() {
    let me = r#"{"kind":"agent","id":"agt_1","name":"mayor","kid":"k","scopes":[]}"#;
    let plane = FakePlane::start([Act::Say(ours(200, &[], me))]);
    let (secret, looks) = (|text: &str| Secret::new(text.to_owned()), AtomicU32::new(0));
    let read: ReadToken = Arc::new(move || match looks.fetch_add(1, Ordering::SeqCst) {
        0 => Ok(secret("ptna_ended")),
        _ => Ok(secret("ptna_next")),
    });
    let (planes, source) = (
        [plane.address.parse().unwrap()],
        TokenSource::Followed(read),
    );
    let token = secret("ptna_ended");
    let identity = Identity::new("mayor".parse().unwrap(), &planes, source, token).unwrap();
    let identity = identity.known();
    // As the connection for push would, which keeps it to itself.
    let heard = identity.client().bearer().await;
    assert!(matches!(heard, Err(Error::Rejected(_))), "{heard:?}");
    let forward = Forward::new(Arc::new(identity));
    assert_eq!(sent(&forward, errand(Method::POST)).await.0, 200);
    // Whose it is was asked first.
    assert_eq!(plane.heads().len(), 2);
}

#[tokio::test]
async fn a_plane_that_serves_nothing_now_is_left_for_the_next_which_is_then_asked_first() {
    for not_now in [
        Act::Say(ours(503, &["x-portunus-repeat: yes"], "restarting")),
        Act::Say(answer(502, &[], "<html>bad gateway</html>")),
    ] {
        let (first, second) = (FakePlane::start([not_now]), FakePlane::start([]));
        let forward = forward(&[&first.address, AWAY, &second.address]);
        for _ in 0..3 {
            assert_eq!(
                sent(&forward, errand(Method::GET)).await,
                (200, "well".into())
            );
        }
        assert_eq!((first.heads().len(), second.heads().len()), (1, 3));
        assert!(first.heads()[0].starts_with("GET /v1/messages?beta=true HTTP/1.1"));
    }
}

#[tokio::test]
async fn what_the_plane_itself_says_is_the_answer_however_bad() {
    for (status, headers) in [
        (502, ""),
        (503, "retry-after: 1"),
        (529, ""),
        (429, "retry-after: 9"),
    ] {
        let headers = if headers.is_empty() {
            vec![]
        } else {
            vec![headers]
        };
        let plane = FakePlane::start([Act::Say(ours(status, &headers, "its own words"))]);
        let forward = forward(&[&plane.address]);
        assert_eq!(
            sent(&forward, errand(Method::POST)).await,
            (status, "its own words".into())
        );
        assert_eq!(
            plane.heads().len(),
            1,
            "no retry of ours multiplies a client's"
        );
    }
}

#[tokio::test]
async fn p10_a_request_whose_answer_got_lost_is_asked_for_under_the_same_key_where_it_was_sent() {
    let (plane, other) = (
        FakePlane::start([Act::HangUp, Act::HangUp]),
        FakePlane::start([]),
    );
    let forward = forward(&[&plane.address, &other.address]);
    assert_eq!(sent(&forward, errand(Method::POST)).await.0, 200);
    let heads = plane.heads();
    assert_eq!((heads.len(), other.heads().len()), (3, 0));
    let keys: Vec<&str> = heads
        .iter()
        .map(|head| header(head, "idempotency-key"))
        .collect();
    assert!(
        keys[0].len() == 34 && keys.iter().all(|key| *key == keys[0]),
        "{keys:?}"
    );
    // Another request goes under another one, and one of the program's own stays.
    sent(&forward, errand(Method::POST)).await;
    assert_ne!(header(&plane.heads()[3], "idempotency-key"), keys[0]);
    let mut own = errand(Method::POST);
    own.headers
        .insert("idempotency-key", HeaderValue::from_static("mine"));
    sent(&forward, own).await;
    assert_eq!(header(&plane.heads()[4], "idempotency-key"), "mine");
    sent(&forward, errand(Method::GET)).await;
    assert_eq!(header(&plane.heads()[5], "idempotency-key"), "");
}

#[tokio::test]
async fn nothing_is_sent_again_once_an_answer_has_begun() {
    let cut = "HTTP/1.1 200 -\r\ncontent-length: 100\r\n\r\nbegun";
    let plane = FakePlane::start([Act::BreakOff(cut.to_owned())]);
    let forward = forward(&[&plane.address]);
    let answer = forward.send(errand(Method::POST)).await.unwrap();
    let whole = answer.into_body().collect().await;
    assert!(whole.is_err(), "an answer that broke off looks whole");
    assert_eq!(plane.heads().len(), 1);
}

#[tokio::test]
async fn a_request_waits_no_longer_than_it_may() {
    let forward = forward(&[AWAY]);
    let mut short = errand(Method::GET);
    short.deadline = Instant::now() + Duration::from_millis(600);
    let began = Instant::now();
    let failed = forward.send(short).await.unwrap_err();
    assert!(
        matches!(&failed, NoAnswer::Unreachable { last, .. } if last.contains("access token")),
        "{failed}"
    );
    let took = began.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
}
