//! What the plane tells the agent, over one connection that stays open: access tokens, which the client library takes, and
//! messages, which go to a command if there is one.
//!
//! Where no such connection can be opened messages are asked for instead, until one is there. `work` is what is done with one.

mod hook;
mod work;

pub(crate) use hook::{Hook, can_be_ended};

use crate::identity::Identity;
use portunus_client::push::{Event, News, Push, Subscription, Topic};
use portunus_client::{Backoff, Client, Error, InboxItem, InboxQuery};
use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};
use work::{Left, Work};

/// How long one request waits for a message.
const WAIT: Duration = Duration::from_secs(30);
/// For how long a message is hidden that is being worked on. A command that takes longer is not disturbed, since there is one
/// at a time.
const HIDDEN: Duration = Duration::from_secs(600);
/// The pause after a failure to hear of any.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// The pause after the plane refused the connection for good, which somebody may mend: a scope that is missing, a token that
/// is replaced.
const FIRST_REST: Duration = Duration::from_secs(5);
const LONGEST_REST: Duration = Duration::from_secs(300);

/// Listens for as long as it is polled, and hands messages to `hook`.
pub(crate) async fn attend(identity: &Identity, hook: Option<&Hook>) -> Infallible {
    // Somebody else's messages would be taken from whom they are for.
    identity.introduced().await;
    let client = identity.client();
    let work = hook.map(|hook| Work::new(client, hook));
    let mut inbox = Inbox {
        line: Line::Open(client.push(subscription(work.as_ref()))),
        reach: Reach::Opening,
        rests: Backoff::new(FIRST_REST, LONGEST_REST),
        asking: None,
        client,
        work,
    };
    loop {
        inbox.go_on().await;
    }
}

/// See the module.
struct Inbox<'a> {
    client: &'a Client,
    /// Nothing, where the program itself takes the messages.
    work: Option<Work<'a>>,
    line: Line,
    reach: Reach,
    rests: Backoff,
    /// A request for messages that is under way. It is never given up: what it takes would be hidden from everybody.
    asking: Option<Asking<'a>>,
}

/// Answers what it took.
type Asking<'a> = Pin<Box<dyn Future<Output = Vec<InboxItem>> + 'a>>;

/// The connection that stays open.
enum Line {
    /// It is there, or is made again by the library.
    Open(Push),
    /// The plane does not want it; it is asked again at this moment.
    Refused(Instant),
}

/// Whether messages come by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// It is not known yet, or a connection broke a moment ago.
    Opening,
    /// They do.
    Pushed,
    /// No connection came about.
    Not,
}

impl Inbox<'_> {
    /// Until something came, and what it asks for is done.
    async fn go_on(&mut self) {
        tokio::select! {
            news = next(&mut self.line) => match news {
                Some(Ok(news)) => self.hear(news).await,
                Some(Err(error)) => self.refused(&error),
                None => self.open(),
            },
            items = answered(&mut self.asking) => {
                self.asking = None;
                for item in items {
                    // One that is left is hidden, and those behind it can be taken.
                    let _ = self.work_on(&item).await;
                }
            }
        }
        if self.reach == Reach::Not && self.work.is_some() && self.asking.is_none() {
            self.asking = Some(Box::pin(ask(self.client)));
        }
    }

    fn open(&mut self) {
        self.line = Line::Open(self.client.push(subscription(self.work.as_ref())));
    }

    async fn hear(&mut self, news: News) {
        match news {
            News::Connected(_) => {
                self.reach = Reach::Pushed;
                self.rests.reset();
            }
            News::Broken { .. } => {
                self.reach = match self.reach {
                    Reach::Pushed => Reach::Opening,
                    Reach::Opening | Reach::Not => Reach::Not,
                };
            }
            News::Told(told) => {
                if let Event::Message(item) = told.event
                    && self.work_on(&item).await.is_err()
                {
                    // It would be under way until it comes again, with others behind it.
                    self.reach = Reach::Opening;
                    self.open();
                }
            }
        }
    }

    fn refused(&mut self, error: &Error) {
        let rest = self.rests.pause(getrandom::u64().unwrap_or_default());
        tracing::warn!(%error, ?rest, "the plane does not let the agent listen; it is tried again");
        self.reach = Reach::Not;
        self.line = Line::Refused(Instant::now() + rest);
    }

    async fn work_on(&mut self, item: &InboxItem) -> Result<(), Left> {
        match &mut self.work {
            Some(work) => work.on(item).await,
            None => Ok(()),
        }
    }
}

/// Without a command the program takes the messages, so none are handed out here.
fn subscription(work: Option<&Work<'_>>) -> Subscription {
    Subscription::default()
        .topics(work.map(|_| Topic::Inbox))
        .visibility(HIDDEN)
        .max_unread(1)
        .name(concat!("portunus-run/", env!("CARGO_PKG_VERSION")))
}

/// `None` when a refused line should be opened again.
async fn next(line: &mut Line) -> Option<Result<News, Error>> {
    match line {
        Line::Open(push) => Some(push.next().await),
        Line::Refused(until) => {
            sleep_until(*until).await;
            None
        }
    }
}

async fn answered(asking: &mut Option<Asking<'_>>) -> Vec<InboxItem> {
    match asking {
        Some(asking) => asking.await,
        None => pending().await,
    }
}

async fn ask(client: &Client) -> Vec<InboxItem> {
    let query = InboxQuery {
        limit: Some(1),
        wait_ms: u64::try_from(WAIT.as_millis()).ok(),
        visibility_ms: u64::try_from(HIDDEN.as_millis()).ok(),
    };
    match client.inbox(&query).await {
        Ok(items) => items,
        Err(error) => {
            tracing::warn!(%error, "no messages can be read");
            sleep(AFTER_FAILURE).await;
            Vec::new()
        }
    }
}
