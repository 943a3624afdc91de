//! Alarms: raised where something goes wrong, one a kind and subject while it is open, told to the log and to a webhook.
//!
//! Raising waits for nothing. [`book`] has what is open in memory, [`keeper`] writes it behind and watches the database,
//! [`sources`] hears of trouble from the rest of the plane. [`list`] and [`acknowledge`] are the use cases.

pub mod acknowledge;
mod book;
pub(crate) mod keeper;
pub mod list;
mod message;
pub(crate) mod sources;

pub use acknowledge::{AcknowledgeError, acknowledge};
pub use list::list;

use crate::entropy;
use crate::webhook::Webhook;
use book::{Book, Raised};
use message::Told;
use parking_lot::Mutex;
use portunus_core::alarm::{Alarm, AlarmKind};
use portunus_core::ids::AlarmId;
use portunus_core::time::Timestamp;
use portunus_store::{AlarmFilter, MAX_LIMIT, Page, Store, StoreError};
use std::sync::OnceLock;
use tokio::sync::Notify;

/// What is open, and who hears of it.
#[derive(Debug, Default)]
pub struct Alarms {
    book: Mutex<Book>,
    /// Held by whoever writes: what one takes out of the book another must not miss in the store.
    saving: tokio::sync::Mutex<()>,
    changed: Notify,
    webhook: OnceLock<Webhook>,
}

impl Alarms {
    /// With those that the store has open.
    pub(crate) async fn open(store: &dyn Store) -> Result<Self, StoreError> {
        let alarms = Self::default();
        alarms.agree_with(store).await?;
        Ok(alarms)
    }

    /// Takes over which are open in the store, where other nodes raise and acknowledge some, too.
    async fn agree_with(&self, store: &dyn Store) -> Result<(), StoreError> {
        let saved = self.book.lock().saved();
        let mut open = Vec::new();
        let mut page = Page::first(MAX_LIMIT);
        loop {
            let listing = store.alarms(AlarmFilter::Open, page.clone()).await?;
            open.extend(listing.items);
            if listing.next.is_none() {
                self.book.lock().agree_with(open, &saved);
                return Ok(());
            }
            page.after = listing.next;
        }
    }

    /// Tells `webhook` of every alarm from now on. Only the first call counts.
    pub fn told_to(&self, webhook: Webhook) {
        let _ = self.webhook.set(webhook);
    }

    /// The webhook, if there is one.
    #[must_use]
    pub fn webhook(&self) -> Option<&Webhook> {
        self.webhook.get()
    }

    /// How many are open.
    #[must_use]
    pub fn count(&self) -> usize {
        self.book.lock().count()
    }

    /// Raises an alarm, or counts in the one that is open.
    pub(crate) fn raise(&self, kind: AlarmKind, subject: &str, says: String, now: Timestamp) {
        let id = match entropy::draw() {
            Ok(bytes) => AlarmId::from_bytes(bytes),
            Err(error) => {
                tracing::error!(%error, kind = kind.as_str(), subject, says, "an alarm got no id");
                return;
            }
        };
        let raised = self.book.lock().raise(id, kind, subject, says, now);
        let told = match raised {
            Raised::New(alarm) => Some((Told::Raised, alarm)),
            Raised::Back(alarm) => Some((Told::Back, alarm)),
            Raised::Again => None,
        };
        if let Some((what, alarm)) = told {
            tracing::warn!(alarm = %alarm.id, kind = kind.as_str(), subject, says = alarm.says, "alarm");
            self.tell(what, &alarm);
        }
        self.changed.notify_one();
    }

    /// Notes that the trouble ended by itself.
    pub(crate) fn over(&self, kind: AlarmKind, subject: &str, now: Timestamp) {
        let ended = self.book.lock().over(kind, subject, now);
        for alarm in ended {
            let subject = &*alarm.subject;
            tracing::info!(alarm = %alarm.id, kind = kind.as_str(), subject, "the trouble of an alarm is over");
            self.tell(Told::Over, &alarm);
            self.changed.notify_one();
        }
    }

    fn tell(&self, what: Told, alarm: &Alarm) {
        if let Some(webhook) = self.webhook.get() {
            webhook.send(what.message(alarm));
        }
    }
}
