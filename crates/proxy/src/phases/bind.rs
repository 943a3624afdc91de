//! Between admission and lease: what only one account can serve is tied to the key of that account.
//!
//! A stored response (`previous_response_id`), encrypted reasoning and the container that code runs in belong to the account
//! that made them. Such a request waits for that key or fails honestly; it never rotates, and nobody continues another
//! agent's response.

use crate::call::Call;
use crate::provider::bound::{BoundRef, made};
use crate::provider::container::of_message;
use crate::provider::endpoint::Endpoint;
use crate::provider::sse::Event;
use crate::refusal::Refusal;
use portunus_core::ids::KeyId;

/// Ties the call to the key that its references belong to.
pub(crate) async fn bind(call: &mut Call) -> Result<(), Refusal> {
    for reference in &call.steering.bound {
        // Of what the upstream knows by the key, one reference tells it; whose a container is nobody else asks.
        if call.ask.bound.is_some() && !matches!(reference, BoundRef::Container(_)) {
            continue;
        }
        let known = call
            .door
            .plane
            .pools()
            .binding(reference.digest(), call.agent)
            .await;
        match (known, reference) {
            (Ok(Some(key)), _) => {
                call.ask.bound.get_or_insert(key);
            }
            // Made elsewhere, or long ago: the upstream knows what it can decrypt.
            (Ok(None), BoundRef::Encrypted(_)) => {}
            (Ok(None), BoundRef::Stored(_)) => return Err(Refusal::unknown_object()),
            (Ok(None), BoundRef::Container(_)) => return Err(Refusal::unknown_container()),
            (Err(_), _) => return Err(Refusal::binding_unreadable()),
        }
    }
    Ok(())
}

/// Remembers which key made what a whole answer contains.
pub(crate) fn remember_answer(call: &Call, key: KeyId, body: &[u8]) {
    let objects = match call.endpoint {
        Endpoint::Responses | Endpoint::ResponsesCompact => made(body),
        Endpoint::Messages => of_message(body).into_iter().collect(),
        _ => return,
    };
    for object in objects {
        let pools = call.door.plane.pools();
        pools.remember_binding(object, call.agent, key);
    }
}

/// Remembers which key made what an event of a stream contains.
pub(crate) fn remember(call: &Call, key: KeyId, event: &Event) {
    let may_tell = match call.endpoint {
        Endpoint::Responses => !event.name().ends_with(b".delta"),
        Endpoint::Messages => matches!(event.name(), b"message_start" | b"message_delta"),
        _ => false,
    };
    if may_tell {
        remember_answer(call, key, &event.data());
    }
}
