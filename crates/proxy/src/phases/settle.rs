//! Last phase: what an attempt taught is charged to the key that was leased for it, however late it comes.

use crate::call::Call;
use crate::provider::answer::{Answer, classify, classify_stream_error};
use crate::provider::endpoint::Endpoint;
use portunus_app::pools::Lease;
use portunus_core::pool::{Class, Family, Observation, WindowScope};

/// Charges an answer; says what it must be taken for.
pub(crate) fn answered(call: &Call, lease: &mut Lease, answer: &Answer<'_>) -> Class {
    let observation = read(call, answer);
    lease.report(&observation);
    observation.class
}

/// Charges what the headers of a stream show, and says what they must be taken for. It is no success yet: an error
/// may be the stream's first event.
pub(crate) fn began(call: &Call, lease: &mut Lease, answer: &Answer<'_>) -> Class {
    let observation = read(call, answer);
    lease.report_windows(&observation.windows);
    observation.class
}

/// Charges a stream's first semantic event: the key serves.
pub(crate) fn serves(lease: &mut Lease) {
    lease.report(&Observation::bare(Class::Ok));
}

fn read(call: &Call, answer: &Answer<'_>) -> Observation {
    let now = call.door.plane.now();
    in_its_lane(call, classify(call.protocol, &call.family, now, answer))
}

/// Charges an error event inside a stream; says what it must be taken for.
pub(crate) fn failed_inside(call: &Call, lease: &mut Lease, data: &[u8]) -> Class {
    let now = call.door.plane.now();
    let observation = classify_stream_error(call.protocol, &call.family, now, data);
    let observation = in_its_lane(call, observation);
    lease.report(&observation);
    observation.class
}

/// Charges an attempt without a usable answer.
pub(crate) fn silent(lease: &mut Lease) -> Class {
    lease.report(&Observation::bare(Class::Network));
    Class::Network
}

/// Says of each window whom it binds at this endpoint.
fn in_its_lane(call: &Call, mut observation: Observation) -> Observation {
    if call.ask.family == call.family {
        return observation;
    }
    for window in &mut observation.windows {
        if let WindowScope::Family(family) = &window.id.scope {
            window.id.scope = WindowScope::Family(lane(call.endpoint, family));
        }
    }
    observation
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
