//! A model provider that is not one: real sockets, the Anthropic and the `OpenAI` wire, limits that are told honestly,
//! and any failure that a test asks for.
//!
//! It runs on a thread and runtime of its own, so that a paused or busy test runtime does not slow it.

pub mod answer;
mod asked;
mod body;
mod book;
pub mod gate;
pub mod limit;
pub mod seen;
mod serve;
mod wire;

use crate::clock::WallClock;
use crate::tls::TlsIdentity;
use answer::Answer;
use book::{Book, Pace, Plan};
use limit::Limit;
use portunus_core::time::Clock;
use seen::Seen;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// A running provider; dropping it closes its port and every connection.
pub struct FakeProvider {
    scheme: &'static str,
    address: SocketAddr,
    book: Arc<Book>,
    stop: CancellationToken,
}

impl std::fmt::Debug for FakeProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeProvider")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl FakeProvider {
    /// Starts on a free loopback port, by the wall's clock.
    ///
    /// # Errors
    /// When no port can be bound or no thread started.
    pub fn start() -> std::io::Result<Self> {
        Self::start_with_clock(Arc::new(WallClock))
    }

    /// Starts on a free loopback port; limits and their resets go by `clock`.
    ///
    /// # Errors
    /// When no port can be bound or no thread started.
    pub fn start_with_clock(clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        Self::start_as(clock, None)
    }

    /// Starts on a free loopback port under TLS, by the wall's clock, with this identity for `localhost` and
    /// `127.0.0.1`.
    ///
    /// # Errors
    /// When no port can be bound or no thread started.
    pub fn start_with_tls(identity: &TlsIdentity) -> std::io::Result<Self> {
        Self::start_as(Arc::new(WallClock), Some(identity.acceptor()))
    }

    fn start_as(clock: Arc<dyn Clock>, tls: Option<TlsAcceptor>) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let book = Arc::new(Book::new(clock));
        let stop = CancellationToken::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (pages, stopped) = (Arc::clone(&book), stop.clone());
        std::thread::Builder::new()
            .name("fake-provider".to_owned())
            .spawn(move || {
                runtime.block_on(async move {
                    // The listener belongs to this runtime, so it is registered here.
                    if let Ok(listener) = tokio::net::TcpListener::from_std(listener) {
                        let serving = serve::accept(listener, tls, pages);
                        stopped.run_until_cancelled(serving).await;
                    }
                });
            })?;
        Ok(Self {
            scheme,
            address,
            book,
            stop,
        })
    }

    /// Scheme, host and port, without a trailing slash.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The plans of one key, named by its secret.
    #[must_use]
    pub fn key<'a>(&'a self, secret: &'a str) -> Planned<'a> {
        Planned {
            book: &self.book,
            whose: Some(secret),
        }
    }

    /// The plans for whichever key comes; a key's own plans go first.
    #[must_use]
    pub fn anyone(&self) -> Planned<'_> {
        Planned {
            book: &self.book,
            whose: None,
        }
    }

    /// Lets healthy answers take their time: before the headers, and between the events of a stream.
    pub fn pace(&self, before_headers: Duration, between_events: Duration) {
        self.book.pages.lock().pace = Pace {
            before_headers,
            between_events,
        };
    }

    /// Answers 401 to keys that no plan names.
    pub fn refuse_strangers(&self) {
        self.book.pages.lock().strangers_refused = true;
    }

    /// Every request so far, in the order of arrival.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.book.pages.lock().seen.clone()
    }

    /// Waits up to a minute until what was seen satisfies `enough`; answers what was seen then.
    pub async fn seen_when(&self, enough: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            let seen = self.seen();
            if enough(&seen) || Instant::now() > patience {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops at once, as when the machine behind it dies.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Plans what one key, or any, is answered. Naming a key makes it known.
pub struct Planned<'a> {
    book: &'a Book,
    whose: Option<&'a str>,
}

impl std::fmt::Debug for Planned<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Planned(..)")
    }
}

impl Planned<'_> {
    fn edit(&self, change: impl FnOnce(&mut Plan)) -> &Self {
        let mut pages = self.book.pages.lock();
        change(match self.whose {
            Some(secret) => pages.by_key.entry(secret.to_owned()).or_default(),
            None => &mut pages.anyone,
        });
        drop(pages);
        self
    }

    /// Makes the key known to the provider, with nothing special planned.
    pub fn known(&self) -> &Self {
        self.edit(|_| {})
    }

    /// Appends to the answers for the next requests, each used once.
    pub fn script(&self, answers: impl IntoIterator<Item = Answer>) -> &Self {
        self.edit(|plan| plan.script.extend(answers))
    }

    /// Answers this to every request once the script is used up.
    pub fn always(&self, answer: Answer) -> &Self {
        self.edit(|plan| plan.always = Some(answer))
    }

    /// Takes back what [`Planned::always`] said, and the rest of the script.
    pub fn healthy(&self) -> &Self {
        self.edit(|plan| {
            plan.always = None;
            plan.script.clear();
        })
    }

    /// Adds a limit. Limits of [`FakeProvider::anyone`] are not read: a limit belongs to a key.
    pub fn limit(&self, limit: Limit) -> &Self {
        self.edit(|plan| plan.limits.push(limit))
    }

    /// Drops all limits.
    pub fn unlimited(&self) -> &Self {
        self.edit(|plan| plan.limits.clear())
    }
}
