//! Slow hashes are tried by one thread of their own, one after the other, and few may wait for it: whatever comes, it costs
//! no more than that thread, and none of the door's (P1).
//!
//! The same text is tried once, however many requests bring it at the same time, as those of an agent do that starts.

use crate::admission::Penalised;
use aws_lc_rs::pbkdf2;
use parking_lot::Mutex;
use portunus_core::admission::Source;
use portunus_core::imported::Pbkdf2;
use portunus_core::secret::Secret;
use portunus_core::token::{Kid, TokenDigest};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use tokio::sync::{OnceCell, mpsc, oneshot};

/// Texts that wait at most.
const QUEUE: usize = 32;
/// Of them at most so many from one source.
const PER_SOURCE: usize = 4;
/// When to come again if the queue is full, in milliseconds.
const COME_AGAIN_MS: u64 = 2_000;

/// Why an imported token is not looked at now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Slowed {
    /// The source has a penalty.
    #[error(transparent)]
    Penalised(#[from] Penalised),
    /// Too many wait already.
    #[error("too many tokens of another system wait to be recognised")]
    Busy,
}

impl Slowed {
    /// Milliseconds until it makes sense to come again.
    #[must_use]
    pub const fn retry_after_ms(self) -> u64 {
        match self {
            Self::Penalised(penalised) => penalised.retry_after_ms,
            Self::Busy => COME_AGAIN_MS,
        }
    }
}

/// A slow hash that a text may be of.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) kid: Kid,
    pub(super) hash: Arc<Pbkdf2>,
}

impl Candidate {
    fn is_of(&self, text: &Secret) -> bool {
        let (hash, text) = (&self.hash, text.expose().as_bytes());
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
        let salt = hash.salt.as_bytes();
        pbkdf2::verify(algorithm, hash.iterations, salt, text, &hash.digest).is_ok()
    }
}

/// A text and what it may be.
pub(super) struct Question {
    pub(super) text: Secret,
    /// What tells the same text again.
    pub(super) digest: TokenDigest,
    pub(super) candidates: Vec<Candidate>,
    /// Where it comes from; `None` of callers without a connection.
    pub(super) source: Option<Source>,
}

struct Job {
    text: Secret,
    candidates: Vec<Candidate>,
    reply: oneshot::Sender<Option<Kid>>,
}

type Answer = Arc<OnceCell<Option<Kid>>>;

#[derive(Debug, Default)]
struct UnderWay {
    answers: HashMap<[u8; 32], Answer>,
    of: HashMap<Source, usize>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct SlowHashes {
    jobs: OnceLock<mpsc::Sender<Job>>,
    under_way: Mutex<UnderWay>,
}

impl SlowHashes {
    /// The token that the text is, if it is one of the candidates.
    pub(super) async fn ask(&self, question: Question) -> Result<Option<Kid>, Slowed> {
        let interest = Interest::in_text(&self.under_way, *question.digest.as_bytes());
        let answer = interest
            .answer
            .get_or_try_init(|| self.submit(question))
            .await?;
        Ok(*answer)
    }

    async fn submit(&self, question: Question) -> Result<Option<Kid>, Slowed> {
        let _place = Place::take(&self.under_way, question.source).ok_or(Slowed::Busy)?;
        let (reply, answer) = oneshot::channel();
        let job = Job {
            text: question.text,
            candidates: question.candidates,
            reply,
        };
        let jobs = self.jobs.get_or_init(start);
        jobs.try_send(job).map_err(|_| Slowed::Busy)?;
        answer.await.map_err(|_| Slowed::Busy)
    }
}

/// Starts the thread; it ends with the last sender.
fn start() -> mpsc::Sender<Job> {
    let (jobs, queue) = mpsc::channel(QUEUE);
    let named = std::thread::Builder::new().name("slow-hashes".to_owned());
    if let Err(error) = named.spawn(move || work(queue)) {
        tracing::error!(%error, "imported tokens with slow hashes cannot be recognised");
    }
    jobs
}

fn work(mut queue: mpsc::Receiver<Job>) {
    while let Some(job) = queue.blocking_recv() {
        // Nobody waits for the answer any more.
        if job.reply.is_closed() {
            continue;
        }
        let found = job.candidates.iter().find(|one| one.is_of(&job.text));
        let _ = job.reply.send(found.map(|one| one.kid));
    }
}

/// Somebody who wants the answer for a text; the last one takes it along.
struct Interest<'a> {
    under_way: &'a Mutex<UnderWay>,
    text: [u8; 32],
    answer: Answer,
}

impl<'a> Interest<'a> {
    fn in_text(under_way: &'a Mutex<UnderWay>, text: [u8; 32]) -> Self {
        let answer = Arc::clone(under_way.lock().answers.entry(text).or_default());
        Self {
            under_way,
            text,
            answer,
        }
    }
}

impl Drop for Interest<'_> {
    fn drop(&mut self) {
        let mut under_way = self.under_way.lock();
        // One is in the map, one is here.
        if Arc::strong_count(&self.answer) <= 2 {
            under_way.answers.remove(&self.text);
        }
    }
}

/// A place in the queue, of those that a source may have.
struct Place<'a> {
    under_way: &'a Mutex<UnderWay>,
    source: Option<Source>,
}

impl<'a> Place<'a> {
    fn take(under_way: &'a Mutex<UnderWay>, source: Option<Source>) -> Option<Self> {
        if let Some(source) = source {
            let mut under_way = under_way.lock();
            let taken = under_way.of.entry(source).or_default();
            if *taken >= PER_SOURCE {
                return None;
            }
            *taken += 1;
        }
        Some(Self { under_way, source })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Some(source) = self.source else { return };
        let mut under_way = self.under_way.lock();
        if let Some(taken) = under_way.of.get_mut(&source) {
            *taken -= 1;
            if *taken == 0 {
                under_way.of.remove(&source);
            }
        }
    }
}
