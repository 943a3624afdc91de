//! What is done with messages: each is handed to a command as JSON on its standard input, one after the other, and is
//! acknowledged once the command ended with 0, and never before.
//!
//! Whoever stops in between loses nothing: the plane hands the message out again. It also counts how often it did, and tells the
//! sender when it gives up.

use super::AFTER_FAILURE;
use super::hook::{Done, Hook};
use portunus_client::{Client, Error, InboxItem};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::sleep;

/// The pauses between tries of one message; after the last it is left to come again.
const PAUSES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(25),
];
/// So many messages are remembered that were done, in case the plane hands one out again because it did not hear so.
const REMEMBERED: usize = 1_000;

/// See the module.
pub(super) struct Work<'a> {
    client: &'a Client,
    hook: &'a Hook,
    done: VecDeque<String>,
}

/// The command failed at every try: the message comes again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left;

impl<'a> Work<'a> {
    pub(super) const fn new(client: &'a Client, hook: &'a Hook) -> Self {
        Self {
            client,
            hook,
            done: VecDeque::new(),
        }
    }

    /// Works on one to its end.
    pub(super) async fn on(&mut self, item: &InboxItem) -> Result<(), Left> {
        let id = &item.message.id;
        if !self.done.contains(id) {
            if !self.succeeds(item).await {
                tracing::warn!(message = %id, "the command failed; the message comes again");
                return Err(Left);
            }
            self.done.push_back(id.clone());
            if self.done.len() > REMEMBERED {
                self.done.pop_front();
            }
        }
        self.acknowledge(id).await;
        Ok(())
    }

    /// Whether the command ends with 0, at the first try or at a later one.
    async fn succeeds(&self, item: &InboxItem) -> bool {
        let mut pauses = PAUSES.into_iter();
        loop {
            match self.hook.run(&item.message).await {
                Done::Well => return true,
                Done::Badly(how) => {
                    tracing::warn!(message = %item.message.id, how, "the command failed")
                }
            }
            match pauses.next() {
                Some(pause) => sleep(pause).await,
                None => return false,
            }
        }
    }

    /// Says that a message was worked on, until the plane has heard it or will not.
    async fn acknowledge(&self, id: &str) {
        loop {
            match self.client.acknowledge([id]).await {
                Ok(_) => return,
                Err(error) if is_over(&error) => {
                    tracing::warn!(message = id, %error, "the message was worked on, and cannot be acknowledged");
                    return;
                }
                Err(error) => {
                    tracing::debug!(%error, "an acknowledgement is sent again");
                    sleep(AFTER_FAILURE).await;
                }
            }
        }
    }
}

/// Whether the message is gone, or not this agent's any more. A credential may come to be accepted again.
fn is_over(error: &Error) -> bool {
    let status = error.refusal().map(|refusal| refusal.status);
    status.is_some_and(|status| (400..500).contains(&status) && !matches!(status, 401 | 403 | 429))
}
