//! One answer for many readers, on a paused clock: how long it runs and is kept, and how much memory it may take.

use super::answers::{Answers, Joined, Limits, PER_ANSWER};
use super::run::{Leash, run_on};
use super::tape::{Next, Reader, Writer};
use super::{Asked, Place};
use crate::body::{DoorBody, Ending};
use crate::call::Warrant;
use crate::provider::endpoint::Endpoint;
use bytes::Bytes;
use http::{Response, StatusCode};
use portunus_core::ids::{AgentId, RequestId};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const KIB: usize = 1024;
const UNREAD: Duration = Duration::from_secs(60);
const KEPT: Duration = Duration::from_secs(600);

fn answers() -> Arc<Answers> {
    Answers::within(Limits {
        answer: 64 * KIB,
        agent: 128 * KIB,
        all: 512 * KIB,
    })
}

fn asked(agent: u8, key: &str) -> Asked {
    let place = Place {
        agent: AgentId::from_bytes([agent; 16]),
        endpoint: Endpoint::Messages,
        key: key.parse().unwrap(),
    };
    Asked {
        place,
        fingerprint: [0; 32],
        unread: None,
    }
}

fn valid() -> Warrant {
    Warrant::Shared(CancellationToken::new())
}

fn join(answers: &Arc<Answers>, asked: Asked, id: u8) -> Joined {
    answers.join(asked, RequestId::from_bytes([id; 16]), &valid())
}

fn first(answers: &Arc<Answers>, asked: Asked) -> (Writer, Reader) {
    match join(answers, asked, 1) {
        Joined::First(writer, reader) => (writer, reader),
        other => panic!("{other:?}"),
    }
}

fn again(answers: &Arc<Answers>, asked: Asked) -> Reader {
    match join(answers, asked, 2) {
        Joined::Again(reader) => reader,
        other => panic!("{other:?}"),
    }
}

fn is_new(answers: &Arc<Answers>, asked: Asked) -> bool {
    matches!(join(answers, asked, 3), Joined::First(..))
}

/// A stream of `count` pieces of `size` bytes, one a second.
fn ticking(count: usize, size: usize) -> Response<DoorBody> {
    Response::new(DoorBody::flow(move |outlet| async move {
        for number in 0..count {
            sleep(Duration::from_secs(1)).await;
            let digit = u8::try_from(number % 10).unwrap() + b'0';
            outlet.send(Bytes::from(vec![digit; size])).await;
        }
        Ending::Clean
    }))
}

/// Runs an answer as the door does.
fn run(writer: Writer, response: Response<DoorBody>) -> (CancellationToken, TaskTracker) {
    let (ends, draining) = (CancellationToken::new(), CancellationToken::new());
    let unfinished = TaskTracker::new();
    let leash = Leash {
        unread: UNREAD,
        draining: draining.clone(),
        unfinished: unfinished.clone(),
    };
    tokio::spawn(run_on(writer, async { response }, leash, ends, KEPT));
    (draining, unfinished)
}

async fn rest(mut reader: Reader) -> (Vec<u8>, Option<Ending>) {
    let mut bytes = Vec::new();
    reader.head().await;
    loop {
        match reader.next().await {
            Next::Piece(piece) => bytes.extend_from_slice(&piece),
            Next::End(ending) => return (bytes, Some(ending)),
            Next::TooLate => return (bytes, None),
        }
    }
}

async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn p10_once_so_all_readers_get_all_of_one_answer() {
    let answers = answers();
    let (writer, reader) = first(&answers, asked(1, "k"));
    run(writer, ticking(10, 1));
    let early = again(&answers, asked(1, "k"));
    sleep(Duration::from_millis(4_500)).await;
    let late = again(&answers, asked(1, "k"));
    for reader in [late, early, reader] {
        assert_eq!(
            rest(reader).await,
            (b"0123456789".to_vec(), Some(Ending::Clean))
        );
    }
    let replayed = again(&answers, asked(1, "k"));
    let began = Instant::now();
    assert_eq!(rest(replayed).await.0, b"0123456789");
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn p10_once_so_an_answer_runs_on_for_a_minute_without_readers_and_no_longer() {
    let answers = answers();
    let (writer, reader) = first(&answers, asked(1, "k"));
    let (_, unfinished) = run(writer, ticking(1_000, 1));
    drop(reader);
    sleep(Duration::from_secs(59)).await;
    assert_eq!(unfinished.len(), 1, "a drain waits for it");
    let back = again(&answers, asked(1, "k"));
    sleep(Duration::from_secs(100)).await;
    drop(back);
    sleep(Duration::from_secs(59)).await;
    drop(again(&answers, asked(1, "k")));
    sleep(Duration::from_millis(60_010)).await;
    assert_eq!(unfinished.len(), 0);
    assert_eq!(answers.taken(), 0);
    assert!(is_new(&answers, asked(1, "k")));
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_no_answer_that_nobody_reads() {
    let answers = answers();
    let (writer, reader) = first(&answers, asked(1, "k"));
    let (draining, unfinished) = run(writer, ticking(1_000, 1));
    sleep(Duration::from_secs(3)).await;
    draining.cancel();
    settle().await;
    assert!(answers.taken() > 0, "somebody reads it");
    drop(reader);
    unfinished.close();
    unfinished.wait().await;
    settle().await;
    assert_eq!(answers.taken(), 0);
}

#[tokio::test(start_paused = true)]
async fn p10_once_so_a_complete_answer_is_kept_for_ten_minutes() {
    let answers = answers();
    let (writer, reader) = first(&answers, asked(1, "k"));
    run(
        writer,
        Response::new(DoorBody::whole(Bytes::from_static(b"{}"))),
    );
    assert!(reader.head().await.is_some());
    drop(reader);
    sleep(Duration::from_secs(599)).await;
    assert!(again(&answers, asked(1, "k")).head().await.is_some());
    sleep(Duration::from_secs(2)).await;
    assert_eq!(answers.taken(), 0);
    assert!(is_new(&answers, asked(1, "k")));
}

#[tokio::test(start_paused = true)]
async fn what_came_to_nothing_is_made_anew() {
    let answers = answers();
    let mut refused = Response::new(DoorBody::whole(Bytes::from_static(b"{}")));
    *refused.status_mut() = StatusCode::BAD_GATEWAY;
    let broken = Response::new(DoorBody::flow(|outlet| async move {
        outlet.send(Bytes::from_static(b"a")).await;
        Ending::Cut
    }));
    for response in [refused, broken] {
        let (writer, reader) = first(&answers, asked(1, "k"));
        run(writer, response);
        let along = again(&answers, asked(1, "k"));
        assert!(reader.head().await.is_some());
        rest(reader).await;
        assert!(is_new(&answers, asked(1, "k")));
        assert!(along.head().await.is_some(), "who was there gets it");
    }
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_vanishes_leaves_nobody_waiting() {
    let answers = answers();
    let (writer, reader) = first(&answers, asked(1, "k"));
    drop(writer);
    assert!(reader.head().await.is_none());
    assert!(is_new(&answers, asked(1, "k")));
}

#[tokio::test(start_paused = true)]
async fn keys_are_an_agents_own_and_stand_for_one_body() {
    let answers = answers();
    let (_writer, _reader) = first(&answers, asked(1, "k"));
    let other_body = Asked {
        fingerprint: [1; 32],
        ..asked(1, "k")
    };
    assert!(matches!(join(&answers, other_body, 2), Joined::Different));
    assert!(is_new(&answers, asked(2, "k")));
    assert!(is_new(&answers, asked(1, "l")));
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_room_passes_on_at_its_readers_speed() {
    let answers = answers();
    let (writer, mut reader) = first(&answers, asked(1, "k"));
    let mut slow = again(&answers, asked(1, "k"));
    run(writer, ticking(100, 4 * KIB));
    sleep(Duration::from_secs(200)).await;
    assert!(answers.taken() <= 64 * KIB, "{}", answers.taken());
    assert!(matches!(join(&answers, asked(1, "k"), 2), Joined::TooLarge));
    let mut read = 0;
    while let Next::Piece(piece) = reader.next().await {
        assert_eq!(piece[0], b'0' + u8::try_from(read % 10).unwrap());
        read += 1;
    }
    assert_eq!(read, 100);
    assert!(matches!(slow.next().await, Next::TooLate));
    drop((reader, slow));
    settle().await;
    assert_eq!(answers.taken(), 0, "it was not kept");
    assert!(is_new(&answers, asked(1, "k")));
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_room_ends_with_its_last_reader() {
    let answers = answers();
    let (writer, reader) = first(&answers, asked(1, "k"));
    let (_, unfinished) = run(writer, ticking(100, 4 * KIB));
    sleep(Duration::from_secs(200)).await;
    drop(reader);
    settle().await;
    assert_eq!((answers.taken(), unfinished.len()), (0, 0));
}

/// Keeps an answer of `size` bytes.
async fn keep(answers: &Arc<Answers>, asked: Asked, size: usize) {
    let (writer, reader) = first(answers, asked);
    let body = DoorBody::whole(Bytes::from(vec![b'x'; size]));
    run(writer, Response::new(body));
    assert!(reader.head().await.is_some());
}

fn is_kept(answers: &Arc<Answers>, asked: Asked) -> bool {
    matches!(join(answers, asked, 2), Joined::Again(_))
}

#[tokio::test(start_paused = true)]
async fn answers_that_were_not_asked_for_the_longest_go_first() {
    let answers = answers();
    for key in ["a", "b", "c"] {
        keep(&answers, asked(1, key), 30 * KIB).await;
    }
    assert!(is_kept(&answers, asked(1, "a")));
    keep(&answers, asked(1, "d"), 30 * KIB).await;
    for (key, kept) in [("a", true), ("c", true), ("d", true)] {
        assert_eq!(is_kept(&answers, asked(1, key)), kept, "{key}");
    }
    assert!(is_new(&answers, asked(1, "b")));
}

#[tokio::test(start_paused = true)]
async fn p1_one_agents_answers_do_not_push_out_anothers() {
    let answers = answers();
    keep(&answers, asked(1, "mine"), 10 * KIB).await;
    for agent in 2..10 {
        for number in 0..20 {
            keep(&answers, asked(agent, &format!("k{number}")), 20 * KIB).await;
            assert!(answers.taken() <= 512 * KIB, "{}", answers.taken());
        }
    }
    assert!(is_kept(&answers, asked(1, "mine")));
    assert!(answers.taken() > 256 * KIB, "{}", answers.taken());
}

#[tokio::test(start_paused = true)]
async fn what_is_read_counts_and_is_not_let_go() {
    let answers = answers();
    keep(&answers, asked(1, "read"), 50 * KIB).await;
    let reader = again(&answers, asked(1, "read"));
    for number in 0..20 {
        keep(&answers, asked(1, &format!("k{number}")), 50 * KIB).await;
    }
    assert!(is_kept(&answers, asked(1, "read")));
    sleep(KEPT + KEPT).await;
    assert_eq!(answers.taken(), PER_ANSWER + 50 * KIB);
    assert!(is_new(&answers, asked(1, "read")), "its time is over");
    assert!(reader.head().await.is_some());
    drop(reader);
    assert_eq!(answers.taken(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_gone_leaves_nothing() {
    let answers = answers();
    keep(&answers, asked(1, "a"), KIB).await;
    keep(&answers, asked(2, "a"), KIB).await;
    let (writer, reader) = first(&answers, asked(1, "runs"));
    answers.forget_agent(AgentId::from_bytes([1; 16]));
    run(writer, ticking(3, 1));
    rest(reader).await;
    settle().await;
    assert_eq!(answers.taken(), PER_ANSWER + KIB);
    assert!(is_new(&answers, asked(1, "a")));
    assert!(is_kept(&answers, asked(2, "a")));
}

#[tokio::test(start_paused = true)]
async fn p5_the_call_ends_with_the_last_credential_that_asked_for_it() {
    let answers = answers();
    let (one, two) = (CancellationToken::new(), CancellationToken::new());
    let id = RequestId::from_bytes([1; 16]);
    let joined = answers.join(asked(1, "k"), id, &Warrant::Shared(one.clone()));
    let Joined::First(writer, _reader) = joined else {
        panic!("{joined:?}");
    };
    let joined = answers.join(asked(1, "k"), id, &Warrant::Shared(two.clone()));
    assert!(matches!(joined, Joined::Again(_)));
    let ends = CancellationToken::new();
    let leash = Leash {
        unread: UNREAD,
        draining: CancellationToken::new(),
        unfinished: TaskTracker::new(),
    };
    let answering = async { ticking(1_000, 1) };
    tokio::spawn(run_on(writer, answering, leash, ends.clone(), KEPT));
    settle().await;
    one.cancel();
    settle().await;
    assert!(!ends.is_cancelled());
    two.cancel();
    settle().await;
    assert!(ends.is_cancelled());
}
