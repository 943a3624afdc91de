//! Last phase: what an attempt taught is charged to the key that was leased for it, however late it comes.

use crate::call::Call;
use crate::provider::Fields;
use crate::provider::answer::{Answer, classify, classify_error_inside};
use crate::provider::endpoint::Endpoint;
use portunus_app::pools::Lease;
use portunus_core::pool::{Class, Family, Observation, WindowScope};

/// Charges an answer; says what it must be taken for.
pub(crate) fn answered(call: &Call, lease: &mut Lease, answer: &Answer<'_>) -> Class {
    let observation = read(call, answer);
    lease.report(&observation);
    observation.class
}

/// Charges a stream's first semantic event: the key serves.
pub(crate) fn serves(lease: &mut Lease) {
    lease.report(&Observation::bare(Class::Ok));
}

/// What an answer says, before it is charged. A success's head is no success yet: an error may follow inside.
pub(crate) fn read(call: &Call, answer: &Answer<'_>) -> Observation {
    let now = call.door.plane.now();
    in_its_lane(call, classify(call.protocol, &call.family, now, answer))
}

/// Charges an error inside a success, with the headers that count for it; says what it must be taken for.
pub(crate) fn failed_inside(
    call: &Call,
    lease: &mut Lease,
    headers: &Fields,
    error: &[u8],
) -> Class {
    let now = call.door.plane.now();
    let observation = classify_error_inside(call.protocol, &call.family, now, headers, error);
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
