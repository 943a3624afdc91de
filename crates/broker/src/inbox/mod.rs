//! The agent's messages, handed to a command: one after the other, each as JSON on its standard input. One is acknowledged once the
//! command ended with 0, and never before.
//!
//! Whoever stops in between loses nothing: the plane hands the message out again. It also counts how often it did, and tells the
//! sender when it gives up.

mod hook;

pub(crate) use hook::Hook;

use crate::identity::Identity;
use hook::Done;
use portunus_client::{Error, InboxItem, InboxQuery};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::sleep;

/// How long one request waits for a message.
const WAIT: Duration = Duration::from_secs(30);
/// For how long a message is hidden that is being worked on. A command that takes longer is not disturbed, since there is one
/// at a time.
const HIDDEN: Duration = Duration::from_secs(600);
/// The pauses between tries of one message; after the last it is left to come again.
const PAUSES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(25),
];
/// The pause after a failure to hear of any.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// So many messages are remembered that were done, in case the plane hands one out again because it did not hear so.
const REMEMBERED: usize = 1_000;

/// Hands messages to `hook` for as long as it is polled.
pub(crate) async fn hand_out(identity: &Identity, hook: &Hook) -> Infallible {
    let mut done = VecDeque::new();
    loop {
        let query = InboxQuery {
            limit: Some(1),
            wait_ms: u64::try_from(WAIT.as_millis()).ok(),
            visibility_ms: u64::try_from(HIDDEN.as_millis()).ok(),
        };
        match identity.client().inbox(&query).await {
            Ok(items) => {
                for item in items {
                    work_on(identity, hook, &item, &mut done).await;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "no messages can be read");
                sleep(AFTER_FAILURE).await;
            }
        }
    }
}

async fn work_on(identity: &Identity, hook: &Hook, item: &InboxItem, done: &mut VecDeque<String>) {
    let id = &item.message.id;
    if !done.contains(id) {
        if !succeeds(hook, item).await {
            tracing::warn!(message = %id, "the command failed; the message comes again");
            return;
        }
        done.push_back(id.clone());
        if done.len() > REMEMBERED {
            done.pop_front();
        }
    }
    acknowledge(identity, id).await;
}

/// Whether the command ends with 0, at the first try or at a later one.
async fn succeeds(hook: &Hook, item: &InboxItem) -> bool {
    let mut pauses = PAUSES.into_iter();
    loop {
        match hook.run(&item.message).await {
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
async fn acknowledge(identity: &Identity, id: &str) {
    loop {
        match identity.client().acknowledge([id]).await {
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

/// Whether the message is gone, or not this agent's any more. A credential may come to be accepted again.
fn is_over(error: &Error) -> bool {
    let status = error.refusal().map(|refusal| refusal.status);
    status.is_some_and(|status| (400..500).contains(&status) && !matches!(status, 401 | 403 | 429))
}
