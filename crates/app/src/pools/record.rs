//! Writing behind: what the pools observe reaches the store within 100 ms, and nobody waits for it.
//!
//! One task gathers facts for a moment and saves them in one transaction; of a window or a key only the latest
//! state is written. While the store is down the facts are kept, up to a bound; what is lost is counted.

use portunus_core::audit::AuditEvent;
use portunus_core::ids::KeyId;
use portunus_core::pool::WindowId;
use portunus_core::provider_key::Quarantine;
use portunus_store::{Binding, PoolFacts, Store, StoreError, StoredRest};
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

/// How long facts are gathered before they are saved.
const GATHERED: Duration = Duration::from_millis(40);

/// How long to wait before a failed save is tried again.
const RETRIED: Duration = Duration::from_millis(250);

/// How many facts may be on their way to the task.
const CHANNEL: usize = 8_192;

/// How many events and bindings are kept each while the store is down.
const MOST_KEPT: usize = 20_000;

/// One thing to save.
#[derive(Debug)]
pub(super) enum Fact {
    /// For the audit log.
    Event(AuditEvent),
    /// A rest began or changed.
    Rest(StoredRest),
    /// A rest ended early.
    Healed(KeyId, WindowId),
    /// A key was set aside.
    Quarantined(KeyId, Quarantine),
    /// A key was released.
    Released(KeyId),
    /// An upstream object was created.
    Bound(Binding),
}

#[derive(Debug)]
enum Message {
    Fact(Fact),
    Flush(oneshot::Sender<Result<(), Unsaved>>),
}

/// Facts are still waiting for the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store did not take what the pools observed")]
pub struct Unsaved;

/// Where the task saves: the one method of the store that it calls.
trait Sink: Send + Sync + 'static {
    fn save(&self, facts: &PoolFacts) -> impl Future<Output = Result<(), StoreError>> + Send;
}

impl Sink for Arc<dyn Store> {
    async fn save(&self, facts: &PoolFacts) -> Result<(), StoreError> {
        self.save_pool_facts(facts).await
    }
}

type Listen = Box<dyn Fn(&AuditEvent) + Send + Sync>;

/// Who hears events before they are saved.
#[derive(Clone, Default)]
struct Listener(Arc<OnceLock<Listen>>);

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener(..)")
    }
}

/// The way to the task; cheap to clone and never in anybody's way.
#[derive(Clone, Debug)]
pub struct Recorder {
    sender: mpsc::Sender<Message>,
    listener: Listener,
    lost: Arc<AtomicU64>,
}

impl Recorder {
    /// Starts the task on `background`. It ends when the last recorder is dropped.
    pub(super) fn start(store: Arc<dyn Store>, background: &Handle) -> Self {
        Self::start_into(store, background)
    }

    fn start_into(sink: impl Sink, background: &Handle) -> Self {
        let (sender, receiver) = mpsc::channel(CHANNEL);
        let lost = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            sink,
            receiver,
            batch: Batch::default(),
            lost: Arc::clone(&lost),
        };
        background.spawn(writer.run());
        Self {
            sender,
            lost,
            listener: Listener::default(),
        }
    }

    /// Lets `listen` hear every event at once. Only the first call counts.
    pub(crate) fn heard_by(&self, listen: impl Fn(&AuditEvent) + Send + Sync + 'static) {
        let _ = self.listener.0.set(Box::new(listen));
    }

    /// Saves a fact soon.
    pub(super) fn record(&self, fact: Fact) {
        if self.sender.try_send(Message::Fact(fact)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Writes an event of the model door (an attempt replaced, say) into the audit log soon.
    pub fn record_event(&self, event: AuditEvent) {
        if let Some(listen) = self.listener.0.get() {
            listen(&event);
        }
        self.record(Fact::Event(event));
    }

    /// How many facts were lost since the start.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Waits until everything recorded so far is saved.
    ///
    /// # Errors
    /// [`Unsaved`] when the store did not take it.
    pub async fn flush(&self) -> Result<(), Unsaved> {
        let (done, saved) = oneshot::channel();
        let sent = self.sender.send(Message::Flush(done)).await;
        sent.map_err(|_| Unsaved)?;
        saved.await.map_err(|_| Unsaved)?
    }
}

/// `key=a window=5h`, for people who read the log.
fn in_words(details: &[(&'static str, String)]) -> String {
    let facts: Vec<String> = details
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    facts.join(" ")
}

/// What is gathered: of each window and key only its latest state.
#[derive(Debug, Default)]
struct Batch {
    rests: HashMap<(KeyId, WindowId), Option<StoredRest>>,
    quarantines: HashMap<KeyId, Option<Quarantine>>,
    bindings: Vec<Binding>,
    events: Vec<AuditEvent>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.rests.is_empty()
            && self.quarantines.is_empty()
            && self.bindings.is_empty()
            && self.events.is_empty()
    }

    /// Takes a fact in; says how many were lost by it.
    fn absorb(&mut self, fact: Fact) -> u64 {
        match fact {
            Fact::Rest(rest) => {
                let at = (rest.key, rest.window.clone());
                self.rests.insert(at, Some(rest));
            }
            Fact::Healed(key, window) => {
                self.rests.insert((key, window), None);
            }
            Fact::Quarantined(key, reason) => {
                self.quarantines.insert(key, Some(reason));
            }
            Fact::Released(key) => {
                self.quarantines.insert(key, None);
            }
            Fact::Bound(_) if self.bindings.len() >= MOST_KEPT => return 1,
            Fact::Bound(binding) => self.bindings.push(binding),
            Fact::Event(_) if self.events.len() >= MOST_KEPT => return 1,
            Fact::Event(event) => {
                tracing::info!(
                    action = event.action,
                    subject = %event.subject,
                    details = in_words(&event.details),
                    "event"
                );
                self.events.push(event);
            }
        }
        0
    }

    fn facts(&self) -> PoolFacts {
        let mut facts = PoolFacts {
            bindings: self.bindings.clone(),
            events: self.events.clone(),
            ..PoolFacts::default()
        };
        for ((key, window), rest) in &self.rests {
            match rest {
                Some(rest) => facts.rests_set.push(rest.clone()),
                None => facts.rests_healed.push((*key, window.clone())),
            }
        }
        for (key, quarantine) in &self.quarantines {
            match quarantine {
                Some(reason) => facts.quarantined.push((*key, *reason)),
                None => facts.released.push(*key),
            }
        }
        facts
    }

    fn size(&self) -> u64 {
        let size =
            self.rests.len() + self.quarantines.len() + self.bindings.len() + self.events.len();
        u64::try_from(size).unwrap_or(u64::MAX)
    }
}

/// The task.
struct Writer<S> {
    sink: S,
    receiver: mpsc::Receiver<Message>,
    batch: Batch,
    lost: Arc<AtomicU64>,
}

/// Whether more may come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sender {
    Lives,
    Gone,
}

impl<S: Sink> Writer<S> {
    async fn run(mut self) {
        let mut pause = GATHERED;
        loop {
            if self.batch.is_empty() {
                match self.receiver.recv().await {
                    Some(message) => self.take(message).await,
                    None => return,
                }
            }
            let sender = self.gather(Instant::now() + pause).await;
            pause = match self.save().await {
                Ok(()) => GATHERED,
                Err(Unsaved) => RETRIED,
            };
            if sender == Sender::Gone {
                self.count_lost(self.batch.size());
                return;
            }
        }
    }

    async fn gather(&mut self, until: Instant) -> Sender {
        loop {
            match timeout_at(until, self.receiver.recv()).await {
                Ok(Some(message)) => self.take(message).await,
                Ok(None) => return Sender::Gone,
                Err(_) => return Sender::Lives,
            }
        }
    }

    async fn take(&mut self, message: Message) {
        match message {
            Message::Fact(fact) => {
                let lost = self.batch.absorb(fact);
                self.count_lost(lost);
            }
            Message::Flush(done) => {
                let outcome = self.save().await;
                // Whoever asked may have stopped waiting.
                let _ = done.send(outcome);
            }
        }
    }

    /// Saves the batch; it is kept when the store is down.
    async fn save(&mut self) -> Result<(), Unsaved> {
        if self.batch.is_empty() {
            return Ok(());
        }
        match self.sink.save(&self.batch.facts()).await {
            Ok(()) => {
                self.batch = Batch::default();
                Ok(())
            }
            Err(error @ (StoreError::Unavailable(_) | StoreError::BrokenLog(_))) => {
                tracing::warn!(%error, kept = self.batch.size(), "pool facts wait for the store");
                Err(Unsaved)
            }
            Err(error) => {
                // Trying again would fail again and hold everything else up.
                tracing::error!(%error, "pool facts were refused by the store and are lost");
                self.count_lost(self.batch.size());
                self.batch = Batch::default();
                Err(Unsaved)
            }
        }
    }

    fn count_lost(&self, facts: u64) {
        self.lost.fetch_add(facts, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod p12_the_record_holds {
    use super::*;
    use parking_lot::Mutex;
    use portunus_core::audit::Actor;
    use portunus_core::time::Timestamp;

    /// Refuses with the errors it was given, then saves.
    #[derive(Clone, Default)]
    struct Flaky(Arc<Mutex<(Vec<StoreError>, Vec<PoolFacts>)>>);

    impl Sink for Flaky {
        async fn save(&self, facts: &PoolFacts) -> Result<(), StoreError> {
            let (refusals, saved) = &mut *self.0.lock();
            match refusals.pop() {
                Some(error) => Err(error),
                None => {
                    saved.push(facts.clone());
                    Ok(())
                }
            }
        }
    }

    fn start(errors: &[StoreError]) -> (Flaky, Recorder) {
        let sink = Flaky::default();
        sink.0.lock().0 = errors.to_vec();
        let recorder = Recorder::start_into(sink.clone(), &Handle::current());
        (sink, recorder)
    }

    fn event(action: &'static str) -> AuditEvent {
        AuditEvent {
            at: Timestamp::EPOCH,
            actor: Actor::Plane,
            action,
            subject: String::new(),
            details: Vec::new(),
            receipt: None,
        }
    }

    fn saved_actions(sink: &Flaky) -> Vec<&'static str> {
        let saved = &sink.0.lock().1;
        let events = saved.iter().flat_map(|facts| &facts.events);
        events.map(|event| event.action).collect()
    }

    async fn pause(ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn p12_what_the_store_does_not_take_is_kept_until_it_does() {
        let down = StoreError::Unavailable("down".into());
        let (sink, recorder) = start(&[down.clone(), down.clone(), down]);
        recorder.record_event(event("one"));
        pause(100).await;
        recorder.record_event(event("two"));
        assert!(saved_actions(&sink).is_empty());
        pause(1_000).await;
        assert_eq!(saved_actions(&sink), ["one", "two"]);
        assert_eq!(recorder.lost(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn p12_what_can_never_be_saved_is_counted_and_holds_nothing_up() {
        let (sink, recorder) = start(&[StoreError::Inconsistent("on purpose")]);
        recorder.record_event(event("one"));
        assert_eq!(recorder.flush().await, Err(Unsaved));
        recorder.record_event(event("two"));
        assert_eq!(recorder.flush().await, Ok(()));
        assert_eq!(saved_actions(&sink), ["two"]);
        assert_eq!(recorder.lost(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn p12_what_does_not_fit_is_counted() {
        let (_sink, recorder) = start(&[]);
        for _ in 0..CHANNEL + 7 {
            recorder.record_event(event("flood"));
        }
        assert_eq!(recorder.lost(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn of_a_key_only_the_latest_state_is_written() {
        let (sink, recorder) = start(&[]);
        let key = KeyId::from_bytes([1; 16]);
        recorder.record(Fact::Quarantined(key, Quarantine::CredentialDead));
        recorder.record(Fact::Released(key));
        recorder.flush().await.unwrap();
        let saved = sink.0.lock().1.clone();
        assert_eq!(saved.len(), 1);
        assert_eq!(
            (saved[0].quarantined.len(), saved[0].released.len()),
            (0, 1)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_on_its_way_is_saved_when_the_plane_goes() {
        let (sink, recorder) = start(&[]);
        recorder.record_event(event("last words"));
        drop(recorder);
        pause(100).await;
        assert_eq!(saved_actions(&sink), ["last words"]);
    }

    #[test]
    fn p12_what_is_too_much_to_keep_is_counted_and_the_rest_is_kept() {
        let mut batch = Batch::default();
        let flood = (0..MOST_KEPT + 7).map(|_| Fact::Event(event("flood")));
        let lost: u64 = flood.map(|fact| batch.absorb(fact)).sum();
        assert_eq!((lost, batch.events.len()), (7, MOST_KEPT));
    }
}
