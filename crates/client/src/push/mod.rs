//! Push: what happens, told as it happens, over a connection that is made again for as long as that can help.
//!
//! [`Push`] is the agent's end: events one after the other. `attendant` keeps the connection in the background, so that the
//! plane's pings are answered while the agent works; `socket` is one connection; the rules are in `crate::reconnect`.

mod attendant;
mod socket;

use crate::client::Client;
use crate::error::Error;
use attendant::Attendant;
use portunus_core::secret::Secret;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

pub use crate::reconnect::End;
pub use portunus_api::push::{
    Account, AgentGone, AgentLine, AgentsPage, BoardGone, BoardsPage, DeliveriesPage, Event, Hello,
    Limits, MovedDelivery, PushAuthReason, PushError, PushErrorCode, PushStep, SentMessage, Synced,
    Topic,
};

/// What a connection should tell of, and how.
#[derive(Clone, Debug, Default)]
pub struct Subscription {
    topics: Option<Vec<Topic>>,
    visibility: Option<Duration>,
    max_unread: Option<u64>,
    cursor: Option<String>,
    device_token: Option<Secret>,
    name: Option<String>,
}

impl Subscription {
    /// What to hear of; without it the inbox for an agent.
    #[must_use]
    pub fn topics(mut self, topics: impl IntoIterator<Item = Topic>) -> Self {
        self.topics = Some(topics.into_iter().collect());
        self
    }

    /// For how long a message is not pushed again while it is not acknowledged: longer than its work takes. A minute when
    /// nothing else is said.
    #[must_use]
    pub const fn visibility(mut self, visibility: Duration) -> Self {
        self.visibility = Some(visibility);
        self
    }

    /// How many messages may be under way, 1 to 32; 32 when nothing else is said. With 1 each comes when the one before was
    /// acknowledged with [`Client::acknowledge`], and none waits here while its time runs.
    #[must_use]
    pub const fn max_unread(mut self, messages: u64) -> Self {
        self.max_unread = Some(messages);
        self
    }

    /// Goes on behind the last event of an earlier process, as [`Told::cursor`] had it.
    #[must_use]
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }

    /// The token of a paired device (`ptnd_...`), for operators: tried once where the token was not accepted, and the plane
    /// does not say that this one would not be either, and sent only to an address of this machine or behind a pinned certificate.
    #[must_use]
    pub fn device_token(mut self, token: impl Into<String>) -> Self {
        self.device_token = Some(Secret::new(token.into()));
        self
    }

    /// Name and version of the program, for people who look at connections; at most 80 characters.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

/// An event, with its place.
#[derive(Clone, Debug)]
pub struct Told {
    /// What happened, or how something stands.
    pub event: Event,
    /// From where another process could go on, with [`Subscription::cursor`].
    pub cursor: String,
}

/// What there is to know next.
#[derive(Clone, Debug)]
pub enum News {
    /// The plane said hello. Unless `resumed`, the full state comes now and replaces what was known.
    Connected(Box<Hello>),
    /// An event.
    Told(Box<Told>),
    /// The connection ended, or did not come about, and will be made again.
    Broken {
        /// Why.
        end: End,
        /// After this long.
        again_in: Duration,
    },
}

/// The agent's end of push. Dropped, it ends the connection.
#[derive(Debug)]
pub struct Push {
    news: mpsc::UnboundedReceiver<Queued>,
    taken: watch::Sender<Place>,
    at: Option<Place>,
    task: JoinHandle<Error>,
    ended: Option<Error>,
}

/// An event's number, and on which connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    connection: u64,
    seq: u64,
}

/// News on their way to the agent, with their place when they are an event.
#[derive(Debug)]
struct Queued {
    news: News,
    place: Option<Place>,
}

impl Client {
    /// Begins to listen, in a task of its own that ends with the [`Push`].
    ///
    /// ```no_run
    /// # async fn example(client: portunus_client::Client) -> Result<(), portunus_client::Error> {
    /// use portunus_client::push::{Event, News, Subscription};
    ///
    /// let mut push = client.push(Subscription::default());
    /// loop {
    ///     match push.next().await? {
    ///         News::Connected(hello) => println!("connected as {:?}", hello.principal.name),
    ///         News::Broken { end, again_in } => println!("{end}; again in {again_in:?}"),
    ///         News::Told(told) => {
    ///             if let Event::Message(item) = told.event {
    ///                 println!("{}", item.message.text);
    ///                 client.acknowledge([item.message.id]).await?;
    ///             }
    ///         }
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn push(&self, subscription: Subscription) -> Push {
        let (sender, news) = mpsc::unbounded_channel();
        let (taken, taking) = watch::channel(Place::default());
        let attendant = Attendant::new(self.clone(), subscription, sender, taking);
        Push {
            news,
            taken,
            at: None,
            task: tokio::spawn(attendant.attend()),
            ended: None,
        }
    }
}

impl Push {
    /// The next news. Asking for it says that the event before is taken: it is acknowledged to the plane, and after a break
    /// the plane goes on behind it. Breaks are waited out.
    ///
    /// Safe to drop and call again: nothing is lost.
    ///
    /// # Errors
    ///
    /// When connecting again would not help, such as [`Error::Rejected`] for a token that was revoked; the same again then.
    pub async fn next(&mut self) -> Result<News, Error> {
        if let Some(place) = self.at.take() {
            self.taken.send_replace(place);
        }
        if let Some(queued) = self.news.recv().await {
            self.at = queued.place;
            return Ok(queued.news);
        }
        if self.ended.is_none() {
            // The task ends by itself only with an error; aborted it is when this is dropped.
            let ended = (&mut self.task).await;
            self.ended =
                Some(ended.unwrap_or_else(|_| Error::Ended(End::Lost("stopped".to_owned()))));
        }
        Err(self
            .ended
            .clone()
            .unwrap_or_else(|| Error::Ended(End::Lost("stopped".to_owned()))))
    }
}

impl Drop for Push {
    fn drop(&mut self) {
        self.task.abort();
    }
}
