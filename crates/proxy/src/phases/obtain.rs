//! The loop around lease and forward: attempts follow each other until one has an answer for the client.

use super::bind::bind;
use super::forward::{Opened, attempt};
use super::lease::{Wish, lease};
use crate::attempts::Next;
use crate::call::Call;
use crate::refusal::Refusal;
use portunus_app::pools::{PoolHandle, Replaced};
use portunus_core::ids::KeyId;
use portunus_core::pool::Class;
use std::sync::Arc;

/// Attempts of one request at most: a bound on the loop itself, far above what a sound pool lets happen.
const LOOP_BOUND: u32 = 1_000;

/// Finds an answer for the call, or the reason why there is none. Ends at once when the caller's token ends.
pub(crate) async fn obtain(mut call: Call) -> (Call, Result<Opened, Refusal>) {
    let revoked = call.session.revoked.clone();
    let outcome = tokio::select! {
        biased;
        () = revoked.cancelled() => Err(Refusal::revoked()),
        outcome = attempts(&mut call) => outcome,
    };
    (call, outcome)
}

async fn attempts(call: &mut Call) -> Result<Opened, Refusal> {
    bind(call).await?;
    let mut wish = Wish::Any;
    let mut given_up: Option<GivenUp> = None;
    for _ in 0..LOOP_BOUND {
        let leased = lease(call, wish).await?;
        if let Some(failed) = given_up.take() {
            failed.replaced(call);
        }
        let (pool, key) = (Arc::clone(leased.pool()), leased.key());
        call.record.attempts += 1;
        call.record.pool = Some(pool.settings().name.to_string());
        call.record.key = Some(leased.label().to_string());
        let failed = match attempt(call, leased).await {
            Ok(opened) => {
                call.door.capacity_is_back(call.agent);
                return Ok(opened);
            }
            Err(failed) => failed,
        };
        let class = failed.class.clone();
        let next = call.tries.after(&class, call.door.jitter());
        call.last = Some(failed.answer);
        wish = match next {
            Next::GiveUp => {
                if matches!(class, Class::Overload { .. } | Class::Network) {
                    call.door.capacity_is_gone(call.agent);
                }
                return Err(Refusal::failed(call, &class));
            }
            Next::AskPool => Wish::Any,
            Next::AvoidKey => {
                call.avoid(key);
                Wish::Any
            }
            Next::SameKey(pause) => {
                tokio::time::sleep(pause).await;
                Wish::Same(key)
            }
            Next::OtherKey(pause) => {
                tokio::time::sleep(pause).await;
                Wish::Other(key)
            }
        };
        given_up = Some(GivenUp { pool, key, class });
    }
    Err(Refusal::failed(call, &Class::Network))
}

/// A failed attempt that is replaced as soon as another one begins.
struct GivenUp {
    pool: Arc<PoolHandle>,
    key: KeyId,
    class: Class,
}

impl GivenUp {
    /// Notes in the audit log that the failure was kept from the client.
    fn replaced(&self, call: &Call) {
        self.pool.attempt_replaced(&Replaced {
            key: self.key,
            class: &self.class,
            agent: &call.session.name,
            request: call.record.id,
        });
    }
}
