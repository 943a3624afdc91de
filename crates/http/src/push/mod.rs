//! Connections that stay open, over HTTP: WebSocket in both directions, server-sent events in one.
//!
//! [`upgrade`] answers the request that opens a WebSocket, [`socket`] carries messages, [`conversation`] is the protocol of
//! `docs/push.md` over it, and [`stream`] tells the same as server-sent events. [`press`] writes what they tell. What there is to tell is `app`'s.

mod conversation;
mod frames;
mod greeting;
mod press;
mod refusals;
mod socket;
mod stream;
mod upgrade;

pub(crate) use conversation::{Visitor, converse};
pub(crate) use press::Press;
pub(crate) use refusals::FULL_MS;
pub(crate) use stream::stream;
pub(crate) use upgrade::accept;

use portunus_api::push::Limits;
use portunus_app::Plane;
use portunus_app::push::Subscription;
use portunus_core::push::Breach;
use std::pin::pin;
use std::time::Duration;
use tokio::time::timeout;

/// Largest message that is read, in bytes.
const MAX_FRAME: usize = 64 * 1024;

/// How often a client that does not read is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Waits until a client has taken what is sent, for as long as it may be slow by the plane's clock.
async fn patiently<T>(plane: &Plane, sending: impl Future<Output = T>) -> Result<T, Breach> {
    let until = plane.tick().plus_ms(plane.push().terms().slow_after_ms);
    let mut sending = pin!(sending);
    loop {
        let left = Duration::from_millis(plane.tick().ms_until(until));
        if left.is_zero() {
            return Err(Breach::SlowReader);
        }
        if let Ok(sent) = timeout(left.min(LOOK_EVERY), sending.as_mut()).await {
            return Ok(sent);
        }
    }
}

/// What a client is told of its limits.
fn limits(plane: &Plane, subscription: &Subscription) -> Limits {
    let terms = plane.push().terms();
    Limits {
        max_frame_bytes: u64::try_from(MAX_FRAME).unwrap_or(u64::MAX),
        max_unacknowledged: terms.max_unacknowledged,
        max_unread: u64::try_from(subscription.window().count()).unwrap_or(u64::MAX),
        ping_every_ms: terms.ping_every_ms,
        dead_after_ms: terms.dead_after_ms,
    }
}
