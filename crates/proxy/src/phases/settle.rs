//! Last phase: what an attempt taught is charged to the key that was leased for it, however late it comes.

use crate::call::Call;
use crate::provider::answer::{Answer, classify, classify_stream_error};
use crate::provider::endpoint::Endpoint;
use portunus_app::pools::Lease;
use portunus_core::pool::{Class, Family, Observation, WindowScope};

/// Charges an answer; says what it must be taken for.
pub(crate) fn answered(call: &Call, lease: &mut Lease, answer: &Answer<'_>) -> Class {
    let now = call.door.plane.now();
    charge(
        call,
        lease,
        classify(call.protocol, &call.ask.model, now, answer),
    )
}

/// Charges an error event inside a stream; says what it must be taken for.
pub(crate) fn failed_inside(call: &Call, lease: &mut Lease, data: &[u8]) -> Class {
    let now = call.door.plane.now();
    charge(
        call,
        lease,
        classify_stream_error(call.protocol, &call.ask.model, now, data),
    )
}

/// Charges an attempt without a usable answer.
pub(crate) fn silent(lease: &mut Lease) -> Class {
    lease.report(&Observation::bare(Class::Network));
    Class::Network
}

fn charge(call: &Call, lease: &mut Lease, mut observation: Observation) -> Class {
    for window in &mut observation.windows {
        if let WindowScope::Family(family) = &window.id.scope {
            window.id.scope = WindowScope::Family(lane(call.endpoint, family));
        }
    }
    lease.report(&observation);
    observation.class
}

/// Counting tokens has upstream limits of its own (Anthropic, "Count tokens"): a burst of it must not rest the model.
pub(crate) fn lane(endpoint: Endpoint, family: &Family) -> Family {
    match endpoint {
        Endpoint::CountTokens | Endpoint::ResponsesInputTokens => {
            Family::new(&format!("{family} (counting)"))
        }
        Endpoint::Models | Endpoint::ModelById => Family::new("(listing)"),
        _ => family.clone(),
    }
}
