//! The loop around lease and forward: attempts follow each other until one has an answer for the client.

use super::admit::still_within_scope;
use super::bind::bind;
use super::forward::{Opened, attempt};
use super::lease::{Wish, elsewhere, last_chance, lease, sound};
use super::reserve::reserve;
use crate::attempts::Next;
use crate::call::Call;
use crate::first_look::first_look;
use crate::refusal::Refusal;
use crate::shared::Outage;
use crate::upstream_answer::{Silence, UpstreamAnswer};
use portunus_app::pools::{Lease, PoolHandle, Replaced};
use portunus_core::ids::KeyId;
use portunus_core::pool::Class;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout_at;

/// Attempts of one request at most: a bound on the loop itself, far above what a sound pool lets happen.
const LOOP_BOUND: u32 = 1_000;

/// Pauses up to this long are made as they are; longer ones only when nothing better is left.
const SHORT_PAUSE: Duration = Duration::from_millis(1_250);

/// Finds an answer for the call, or the reason why there is none. Ends soon when the caller's token ends.
pub(crate) async fn obtain(mut call: Box<Call>) -> (Box<Call>, Result<Opened, Refusal>) {
    let warrant = call.warrant.clone();
    if warrant.has_ended() {
        return (call, Err(Refusal::revoked()));
    }
    let door = Arc::clone(&call.door);
    let outcome = {
        let look = first_look();
        call.looks_again = look;
        let mut attempts = pin!(attempts(&mut call));
        match timeout_at(look, attempts.as_mut()).await {
            Ok(outcome) => outcome,
            Err(_) => tokio::select! {
                biased;
                () = warrant.ended() => Err(Refusal::revoked()),
                () = door.cut() => Err(Refusal::draining()),
                outcome = attempts => outcome,
            },
        }
    };
    (call, outcome)
}

async fn attempts(call: &mut Call) -> Result<Opened, Refusal> {
    reserve(call)?;
    bind(call).await?;
    let mut next = lease(call, Wish::Any).await?;
    for _ in 0..LOOP_BOUND {
        let given_up = match once(call, next).await {
            Ok(opened) => return Ok(opened),
            Err(given_up) => given_up,
        };
        // Boxed: most requests need no second attempt, and would have to keep room for it.
        next = Box::pin(another(call, &given_up)).await?;
        still_within_scope(call)?;
        given_up.replaced(call);
    }
    Err(Refusal::failed(call, &Class::Network))
}

/// One attempt, and what the door remembers of it.
async fn once(call: &mut Call, mut leased: Lease) -> Result<Opened, GivenUp> {
    let (pool, key) = (Arc::clone(leased.pool()), leased.key());
    let base_url = Arc::clone(leased.base_url());
    call.record.begin_attempt(&mut leased);
    let failed = match attempt(call, leased).await {
        Ok(opened) => {
            call.record.attempt_serves();
            call.door.capacity_is_back(call.agent);
            call.door.attempt_answered(call.agent, key, &base_url);
            call.door.plane.pools().reach().reached(&base_url);
            return Ok(opened);
        }
        Err(failed) => failed,
    };
    note_reach(call, &failed.answer, &base_url);
    let detail = failed.answer.recorded(&base_url);
    call.record.attempt_failed(&failed.class, &detail);
    let outage = failed.outage();
    match outage {
        Some(outage) => {
            call.door.attempt_failed(call.agent, key, &base_url, outage);
            call.failed_at.push((pool.id(), base_url));
            call.failed_keys.push(key);
        }
        None => call.door.attempt_answered(call.agent, key, &base_url),
    }
    call.last = Some(failed.answer);
    let class = failed.class;
    Err(GivenUp {
        pool,
        key,
        class,
        outage,
    })
}

/// Whether the upstream was there, for whoever looks at its keys.
fn note_reach(call: &Call, answer: &UpstreamAnswer, base_url: &str) {
    let reach = call.door.plane.pools().reach();
    match answer {
        UpstreamAnswer::Said { .. } => reach.reached(base_url),
        // What else comes of a connection says nothing about others.
        UpstreamAnswer::Silent(silence) => {
            if let Some(why) = silence.missed() {
                reach.missed(base_url, why, call.door.plane.now());
            }
        }
    }
}

/// The lease for the next attempt, or what the client is told.
async fn another(call: &mut Call, failed: &GivenUp) -> Result<Lease, Refusal> {
    let next = match &call.last {
        // The next attempt would be as large.
        Some(UpstreamAnswer::Silent(Silence::TooLarge)) => Next::GiveUp,
        _ => call.tries.after(&failed.class, call.door.jitter()),
    };
    let wish = match next {
        Next::AskPool(pause) => {
            // Mostly there is none, and a timer of no length would still take its grain of a millisecond.
            if !pause.is_zero() {
                if Instant::now() + pause > call.deadline {
                    return last_chance(call);
                }
                tokio::time::sleep(pause).await;
            }
            Wish::Any
        }
        Next::AvoidKey => {
            call.avoid(failed.key);
            Wish::Any
        }
        Next::SameKey(pause) => {
            if let Some(lease) = instead_of_waiting(call, pause)? {
                return Ok(lease);
            }
            tokio::time::sleep(pause).await;
            Wish::Same(Arc::clone(&failed.pool), failed.key)
        }
        Next::OtherKey(pause) => {
            if let Some(lease) = elsewhere(call) {
                return Ok(lease);
            }
            if let Some(lease) = instead_of_waiting(call, pause)? {
                return Ok(lease);
            }
            tokio::time::sleep(pause).await;
            Wish::Other
        }
        Next::SoundKey | Next::GiveUp => {
            if failed.outage.is_some() {
                let sound = (next == Next::SoundKey).then(|| sound(call)).flatten();
                if let Some(lease) = sound.or_else(|| elsewhere(call)) {
                    return Ok(lease);
                }
                call.door.capacity_is_gone(call.agent);
            }
            return Err(Refusal::failed(call, &failed.class));
        }
    };
    lease(call, wish).await
}

/// What is better than a long pause: another key at once, or an honest no before the request's time is over.
fn instead_of_waiting(call: &Call, pause: Duration) -> Result<Option<Lease>, Refusal> {
    if pause <= SHORT_PAUSE {
        return Ok(None);
    }
    if let Some(lease) = sound(call).or_else(|| elsewhere(call)) {
        return Ok(Some(lease));
    }
    let ends = call
        .client_leaves
        .map_or(call.deadline, |leaves| leaves.min(call.deadline));
    if Instant::now() + pause > ends {
        call.door.capacity_is_gone(call.agent);
        let class = Class::Overload {
            retry_after_ms: None,
        };
        return Err(Refusal::failed(call, &class));
    }
    Ok(None)
}

/// A failed attempt that is replaced as soon as another one begins.
struct GivenUp {
    pool: Arc<PoolHandle>,
    key: KeyId,
    class: Class,
    /// Trouble that is not this request's; another key or upstream may be spared it.
    outage: Option<Outage>,
}

impl GivenUp {
    /// Notes in the audit log that the failure was kept from the client.
    fn replaced(&self, call: &Call) {
        self.pool.attempt_replaced(&Replaced {
            key: self.key,
            class: &self.class,
            agent: &call.name,
            request: call.record.id(),
        });
    }
}
