//! One answer, written by the request that was sent for it and read by any number of connections, each from the beginning
//! and at its own speed.
//!
//! A tape is whole as long as it has room. One that outgrows it passes on: it is written only as fast as its fastest reader
//! reads, keeps no more than it has room for, and nobody new may read it. A reader that falls behind that is cut off.

use super::answers::{Answers, PER_ANSWER};
use super::room::Room;
use super::{Asked, Place};
use crate::body::Ending;
use crate::call::Warrant;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use parking_lot::Mutex;
use portunus_core::ids::RequestId;
use std::collections::{HashMap, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What a piece takes besides its bytes.
const PER_PIECE: usize = 64;
/// Room is taken in steps of this size, in bytes, so that most pieces need no look at what others take.
const STEP: usize = 16 * 1024;
/// How many credentials an answer runs under at most; more would not make it run any longer.
const WARRANTS: usize = 64;

/// See the module.
#[derive(Debug)]
pub(super) struct Tape {
    asked: Asked,
    original: RequestId,
    room: Room,
    state: Mutex<State>,
    changed: Notify,
    /// Cancelled when nobody can find or read the tape any more.
    dropped: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    head: Option<Arc<Head>>,
    /// What is written and still here.
    pieces: VecDeque<Bytes>,
    /// What that weighs.
    held: usize,
    /// How many pieces were here before the first of them.
    passed: usize,
    passes_on: bool,
    ending: Option<Ending>,
    /// How many pieces each reader has taken.
    readers: HashMap<u64, usize>,
    seats: u64,
    /// The credentials of those who asked for it.
    warrants: Vec<Warrant>,
}

/// The beginning of an answer.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Shape,
}

/// How an answer's body comes.
#[derive(Debug)]
pub(super) enum Shape {
    /// At once, with a length.
    Whole(Bytes),
    /// Piece by piece.
    Pieces,
}

impl Tape {
    pub(super) fn new(asked: Asked, original: RequestId, room: Room) -> Self {
        Self {
            asked,
            original,
            room,
            state: Mutex::default(),
            changed: Notify::new(),
            dropped: CancellationToken::new(),
        }
    }

    pub(super) const fn place(&self) -> &Place {
        &self.asked.place
    }

    /// The request that was sent for it.
    pub(super) const fn original(&self) -> RequestId {
        self.original
    }

    pub(super) const fn room(&self) -> &Room {
        &self.room
    }

    /// Whether it answers what is asked under its key.
    pub(super) fn answers(&self, asked: &Asked) -> bool {
        self.asked.fingerprint == asked.fingerprint
    }

    /// For how long it runs on without a reader, no longer than usual.
    pub(super) fn unread_for(&self, usual: Duration) -> Duration {
        self.asked.unread.map_or(usual, |wanted| wanted.min(usual))
    }

    /// Whether somebody reads it now.
    pub(super) fn is_read(&self) -> bool {
        !self.state.lock().readers.is_empty()
    }

    /// Whether only those who read it already get it.
    pub(super) fn passes_on(&self) -> bool {
        self.state.lock().passes_on
    }

    /// A credential under which it may run, if one of those that asked for it is left.
    pub(super) fn warrant(&self) -> Option<Warrant> {
        let state = self.state.lock();
        state.warrants.iter().find(|one| !one.has_ended()).cloned()
    }

    /// Fires when nobody can find or read the tape any more.
    pub(super) fn dropped(&self) -> CancellationToken {
        self.dropped.clone()
    }

    /// Resolves once somebody reads it, or nobody does.
    pub(super) async fn until_read(&self, is_read: Read) {
        self.until(|state| {
            (state.readers.is_empty() != (is_read == Read::BySomebody)).then_some(())
        })
        .await;
    }

    /// Looks whenever something has changed, until `look` finds something.
    async fn until<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        loop {
            let mut changed = pin!(self.changed.notified());
            // Whatever changes from here on is noticed.
            changed.as_mut().enable();
            if let Some(found) = look(&mut self.state.lock()) {
                return found;
            }
            changed.await;
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let outcome = change(&mut self.state.lock());
        self.changed.notify_waiters();
        outcome
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.dropped.cancel();
    }
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    BySomebody,
    ByNobody,
}

impl State {
    fn written(&self) -> usize {
        self.passed + self.pieces.len()
    }

    fn seat(&mut self, warrant: &Warrant) -> u64 {
        self.seats += 1;
        self.readers.insert(self.seats, 0);
        self.warrants.retain(|one| !one.has_ended());
        if self.warrants.len() < WARRANTS {
            self.warrants.push(warrant.clone());
        }
        self.seats
    }

    /// Lets go of what every reader has, and of what there is no room for.
    fn trim(&mut self, room: usize) {
        let slowest = self.readers.values().copied().min();
        let slowest = slowest.unwrap_or_else(|| self.written());
        while let Some(front) = self.pieces.front() {
            let is_read_by_all = self.passed < slowest;
            let has_no_room = self.held > room && self.pieces.len() > 1;
            if !is_read_by_all && !has_no_room {
                return;
            }
            self.held -= weight(front);
            self.pieces.pop_front();
            self.passed += 1;
        }
    }
}

fn weight(piece: &Bytes) -> usize {
    piece.len() + PER_PIECE
}

/// The pen of a tape's one writer. Dropped before the end, it ends the tape as broken off.
#[derive(Debug)]
pub(super) struct Writer {
    answers: Arc<Answers>,
    tape: Arc<Tape>,
    /// Bytes that are written.
    used: usize,
}

impl Writer {
    pub(super) const fn new(answers: Arc<Answers>, tape: Arc<Tape>) -> Self {
        Self {
            answers,
            tape,
            used: PER_ANSWER,
        }
    }

    pub(super) const fn tape(&self) -> &Arc<Tape> {
        &self.tape
    }

    pub(super) const fn answers(&self) -> &Arc<Answers> {
        &self.answers
    }

    /// What is written is kept only until it is read.
    pub(super) fn pass_only(&self) {
        self.tape.change(|state| state.passes_on = true);
    }

    /// Writes an answer that is complete; it is kept if it is worth that and there is room.
    pub(super) fn write_whole(self, head: Head, worth: Worth) {
        let length = match &head.body {
            Shape::Whole(body) => body.len(),
            Shape::Pieces => 0,
        };
        let is_kept = worth == Worth::Keeping
            && !self.tape.passes_on()
            && self.answers.grow(&self.tape, length);
        // What is not kept is forgotten before anybody sees it: who sees it and asks again is served anew.
        if !is_kept {
            self.forget();
        }
        self.tape.change(|state| {
            state.head = Some(Arc::new(head));
            state.ending = Some(Ending::Clean);
        });
        if is_kept {
            self.answers.keep(&self.tape);
        }
    }

    /// Writes the beginning of an answer that comes in pieces.
    pub(super) fn begin(&self, head: Head) {
        self.tape.change(|state| state.head = Some(Arc::new(head)));
    }

    /// Writes the next piece: at once while there is room for all of it, else when a reader wants it.
    pub(super) async fn append(&mut self, piece: &[u8]) {
        // A copy of its own, so that the buffer that it came in is not kept.
        let piece = Bytes::copy_from_slice(piece);
        self.used += weight(&piece);
        let missing = self.used.saturating_sub(self.tape.room.taken());
        if !self.tape.passes_on() && missing > 0 {
            let fits = self.answers.grow(&self.tape, missing.max(STEP))
                || self.answers.grow(&self.tape, missing);
            if !fits {
                self.pass_only();
            }
        }
        if self.tape.passes_on() {
            let is_wanted = |state: &mut State| {
                let fastest = state.readers.values().copied().max();
                fastest
                    .is_none_or(|taken| taken >= state.written())
                    .then_some(())
            };
            self.tape.until(is_wanted).await;
        }
        let room = self.tape.room.taken();
        self.tape.change(|state| {
            state.held += weight(&piece);
            state.pieces.push_back(piece);
            if state.passes_on {
                state.trim(room);
            }
        });
    }

    /// Nothing follows. A complete answer is kept, if all of it is there.
    pub(super) fn end(self, ending: Ending) {
        let is_kept = ending == Ending::Clean && !self.tape.passes_on();
        if is_kept {
            self.tape.room.shrink_to(self.used);
        } else {
            self.forget();
        }
        self.tape.change(|state| state.ending = Some(ending));
        if is_kept {
            self.answers.keep(&self.tape);
        }
    }

    fn forget(&self) {
        self.answers.forget(self.tape.place(), self.tape.original);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.tape.state.lock().ending.is_none() {
            self.forget();
            self.tape.change(|state| state.ending = Some(Ending::Cut));
        }
    }
}

/// Whether a complete answer is worth keeping: a refusal is not, since asking again must be able to succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    Keeping,
    Nothing,
}

/// One who reads a tape from the beginning.
#[derive(Debug)]
pub(super) struct Reader {
    tape: Arc<Tape>,
    seat: u64,
}

/// What a reader gets next.
#[derive(Debug)]
pub(super) enum Next {
    Piece(Bytes),
    End(Ending),
    /// It read too slowly: what it needs next is gone.
    TooLate,
}

impl Reader {
    /// For whom the tape is written.
    pub(super) fn first(tape: &Arc<Tape>, warrant: &Warrant) -> Self {
        let seat = tape.change(|state| state.seat(warrant));
        let tape = Arc::clone(tape);
        Self { tape, seat }
    }

    /// For whoever comes later, unless the beginning may be gone.
    pub(super) fn again(tape: &Arc<Tape>, warrant: &Warrant) -> Option<Self> {
        let seat = tape.change(|state| (!state.passes_on).then(|| state.seat(warrant)))?;
        let tape = Arc::clone(tape);
        Some(Self { tape, seat })
    }

    /// The request whose answer this is.
    pub(super) fn original(&self) -> RequestId {
        self.tape.original
    }

    /// The beginning of the answer; `None` when there will be none.
    pub(super) async fn head(&self) -> Option<Arc<Head>> {
        let begun = |state: &mut State| match (&state.head, state.ending) {
            (Some(head), _) => Some(Some(Arc::clone(head))),
            (None, Some(_)) => Some(None),
            (None, None) => None,
        };
        self.tape.until(begun).await
    }

    /// The next piece. Cancel-safe.
    pub(super) async fn next(&mut self) -> Next {
        let seat = self.seat;
        let next = self.tape.until(|state| {
            let taken = state.readers.get(&seat).copied().unwrap_or(0);
            let Some(at) = taken.checked_sub(state.passed) else {
                return Some(Next::TooLate);
            };
            if let Some(piece) = state.pieces.get(at).cloned() {
                state.readers.insert(seat, taken + 1);
                return Some(Next::Piece(piece));
            }
            state.ending.map(Next::End)
        });
        let next = next.await;
        if self.tape.passes_on() {
            self.tape.changed.notify_waiters();
        }
        next
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.tape.change(|state| state.readers.remove(&self.seat));
    }
}
