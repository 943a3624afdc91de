//! Between admission and lease: what only one account can serve is tied to the key of that account.
//!
//! A stored response (`previous_response_id`) and encrypted reasoning belong to the account that made them. Such a
//! request waits for that key or fails honestly; it never rotates, and nobody continues another agent's response.

use crate::call::Call;
use crate::provider::bound::{BoundRef, made};
use crate::provider::endpoint::Endpoint;
use crate::provider::sse::Event;
use crate::refusal::Refusal;
use portunus_core::ids::KeyId;

/// Ties the call to the key that its references belong to.
pub(crate) async fn bind(call: &mut Call) -> Result<(), Refusal> {
    for reference in &call.steering.bound {
        let known = call
            .door
            .plane
            .pools()
            .binding(reference.digest(), call.agent)
            .await;
        match (known, reference) {
            (Ok(Some(key)), _) => call.ask.bound = Some(key),
            // Made elsewhere, or long ago: the upstream knows what it can decrypt.
            (Ok(None), BoundRef::Encrypted(_)) => {}
            (Ok(None), BoundRef::Stored(_)) => return Err(Refusal::unknown_object()),
            (Err(_), _) => return Err(Refusal::binding_unreadable()),
        }
        if call.ask.bound.is_some() {
            break;
        }
    }
    Ok(())
}

/// Remembers which key made what a whole answer contains.
pub(crate) fn remember_answer(call: &Call, key: KeyId, body: &[u8]) {
    if matches!(
        call.endpoint,
        Endpoint::Responses | Endpoint::ResponsesCompact
    ) {
        let pools = call.door.plane.pools();
        for object in made(body) {
            pools.remember_binding(object, call.agent, key);
        }
    }
}

/// Remembers which key made what an event of a stream contains.
pub(crate) fn remember(call: &Call, key: KeyId, event: &Event) {
    if call.endpoint == Endpoint::Responses {
        remember_answer(call, key, &event.data());
    }
}
