//! The loop around lease and forward: attempts follow each other until one has an answer for the client.

use super::bind::bind;
use super::forward::{Opened, attempt};
use super::lease::{Wish, lease};
use crate::attempts::Next;
use crate::call::Call;
use crate::refusal::Refusal;
use portunus_core::audit::{Actor, AuditEvent};
use portunus_core::ids::KeyId;
use portunus_core::pool::Class;

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
    for _ in 0..LOOP_BOUND {
        let leased = lease(call, wish).await?;
        let key = leased.key();
        call.record.attempts += 1;
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
        replaced(call, key, &class);
    }
    Err(Refusal::failed(call, &Class::Network))
}

/// Notes in the audit log that an attempt's failure was kept from the client.
fn replaced(call: &Call, key: KeyId, class: &Class) {
    let plane = &call.door.plane;
    plane.pools().recorder().record_event(AuditEvent {
        at: plane.now(),
        actor: Actor::Plane,
        action: "attempt.replaced",
        subject: key.to_string(),
        details: vec![
            ("request", call.record.id.to_string()),
            ("agent", call.session.name.to_string()),
            ("key", call.record.key.clone().unwrap_or_default()),
            ("why", name_of(class).to_owned()),
        ],
    });
}

/// The stable name of a class, for the record.
const fn name_of(class: &Class) -> &'static str {
    match class {
        Class::Ok => "ok",
        Class::Quota => "quota",
        Class::Overload { .. } => "overload",
        Class::CredentialDead => "credential_dead",
        Class::MoneyOut => "money_out",
        Class::Entitlement(_) => "entitlement",
        Class::ClientFault => "client_fault",
        Class::Network => "network",
    }
}
