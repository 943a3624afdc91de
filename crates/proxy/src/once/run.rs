//! The life of one answer that may be given again: it runs, with readers or for a while without, is kept, and is forgotten.

use super::answers::Answers;
use super::tape::{Head, Read, Shape, Tape, Worth, Writer};
use crate::body::{DoorBody, Ending};
use crate::call::Call;
use crate::door::Door;
use http::Response;
use http_body_util::BodyExt;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Runs `call` to its end, whoever of its readers leaves. `ends` is what the call runs under.
pub(super) async fn run(door: Door, writer: Writer, call: Box<Call>, ends: CancellationToken) {
    let settings = door.settings();
    let leash = Leash {
        unread: writer.tape().unread_for(settings.unread),
        draining: call.door.plane.draining(),
        unfinished: call.door.state.connections().clone(),
    };
    let answering = async move { door.answer(call).await };
    run_on(writer, answering, leash, ends, settings.kept).await;
}

/// What a running answer is held by once nobody reads it.
pub(super) struct Leash {
    /// How long it runs on.
    pub(super) unread: Duration,
    /// When the plane drains nobody can come back for it.
    pub(super) draining: CancellationToken,
    /// What a drain waits for.
    pub(super) unfinished: TaskTracker,
}

/// The same for an answer from anywhere, which is kept for as long as `kept` says.
pub(super) async fn run_on(
    writer: Writer,
    answering: impl Future<Output = Response<DoorBody>> + Send,
    leash: Leash,
    ends: CancellationToken,
    kept: Duration,
) {
    let tape = Arc::clone(writer.tape());
    let answers = Arc::clone(writer.answers());
    {
        // Boxed, so that an answer that is kept does not keep the room for its making.
        let running = Box::pin(write(writer, answering));
        tokio::select! {
            biased;
            () = running => {}
            // The call is over by then, and a drain need not wait for it any more.
            unfinished = abandoned(&tape, &answers, &leash) => return drop(unfinished),
            () = watch(&tape, &ends) => {}
        }
    }
    let (dropped, place, original) = (tape.dropped(), tape.place().clone(), tape.original());
    drop(tape);
    // It is dropped early when room is needed, or when it was not worth keeping.
    let _ = timeout(kept, dropped.cancelled()).await;
    answers.forget(&place, original);
}

/// Writes an answer down.
async fn write(mut writer: Writer, answering: impl Future<Output = Response<DoorBody>>) {
    let (parts, body) = answering.await.into_parts();
    let head = |body| Head {
        status: parts.status,
        headers: parts.headers,
        body,
    };
    let mut body = match body.into_whole() {
        Ok(body) => {
            let worth = if parts.status.is_success() {
                Worth::Keeping
            } else {
                Worth::Nothing
            };
            // A copy of its own, so that the buffer that it came in is not kept.
            let body = Shape::Whole(bytes::Bytes::copy_from_slice(&body));
            return writer.write_whole(head(body), worth);
        }
        Err(flow) => flow,
    };
    writer.begin(head(Shape::Pieces));
    loop {
        match body.frame().await {
            Some(Ok(frame)) => {
                if let Ok(piece) = frame.into_data() {
                    writer.append(&piece).await;
                }
            }
            Some(Err(_)) => return writer.end(Ending::Cut),
            None => return writer.end(body.ending()),
        }
    }
}

/// Resolves when the answer was without a reader for long enough that nobody waits for it any more. It is found no more
/// by then; a drain waits for what it gives.
async fn abandoned(tape: &Tape, answers: &Answers, leash: &Leash) -> TaskTrackerToken {
    loop {
        tape.until_read(Read::ByNobody).await;
        let unfinished = leash.unfinished.token();
        // Nobody may come back for one whose beginning is gone.
        if !tape.passes_on() {
            tokio::select! {
                () = tape.until_read(Read::BySomebody) => continue,
                () = leash.draining.cancelled() => {}
                () = sleep(leash.unread) => {}
            }
        }
        if answers.forget_unread(tape) {
            return unfinished;
        }
    }
}

/// Ends the call when the last credential that asked for it has ended (P5).
async fn watch(tape: &Tape, ends: &CancellationToken) {
    while let Some(warrant) = tape.warrant() {
        warrant.ended().await;
    }
    ends.cancel();
    pending().await
}
