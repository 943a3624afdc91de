//! Random commands about signing keys and families of access tokens, for the comparison with the model.

use portunus_core::access::TokenFamily;
use portunus_core::access::family::Issue;
use portunus_core::agent::Principal;
use portunus_core::ids::{AgentId, FamilyId, SigningKeyId};
use portunus_core::token::Kid;
use portunus_store::Store;
use portunus_store::conformance::sample::{at, bytes, event, family, signing_key};
use proptest::prelude::*;

/// A command; small numbers stand for ids, so that commands meet.
#[derive(Clone, Debug)]
pub(crate) enum AccessCommand {
    Sign { id: u32, predecessor: Option<u32> },
    Begin { id: u32, agent: u32, token: u32 },
    Renew { id: u32, jti: u32 },
    End { first: u32, second: u32 },
    Raise { agent: u32 },
}

pub(crate) fn access_command() -> impl Strategy<Value = AccessCommand> {
    let id = || 1..5_u32;
    prop_oneof![
        2 => (id(), prop::option::of(id()))
            .prop_map(|(id, predecessor)| AccessCommand::Sign { id, predecessor }),
        4 => (id(), id(), 1..30_u32)
            .prop_map(|(id, agent, token)| AccessCommand::Begin { id, agent, token }),
        3 => (id(), 1..30_u32).prop_map(|(id, jti)| AccessCommand::Renew { id, jti }),
        1 => (id(), id()).prop_map(|(first, second)| AccessCommand::End { first, second }),
        1 => id().prop_map(|agent| AccessCommand::Raise { agent }),
    ]
}

/// A family of the agent, as it begins or after it was renewed.
fn a_family(id: u32, agent: u32, token: u32, jti: u32, now: u64) -> TokenFamily {
    let whose = Principal::Agent(AgentId::from_bytes(bytes(agent)));
    let begun = family(id, whose, Kid::from_bytes(bytes(token)));
    TokenFamily {
        parent: (id > 2).then(|| FamilyId::from_bytes(bytes(id - 1))),
        current: Issue {
            jti: Kid::from_bytes(bytes(jti)),
            at: at(now),
            used_at: jti.is_multiple_of(2).then(|| at(now + 1)),
        },
        previous: jti.is_multiple_of(3).then_some(begun.current.jti),
        ..begun
    }
}

/// Carries it out and tells how it ended.
pub(crate) async fn perform(store: &dyn Store, command: &AccessCommand, now: u64) -> String {
    let happened = event("test.command", "it");
    let family_id = |id| FamilyId::from_bytes(bytes(id));
    match *command {
        AccessCommand::Sign { id, predecessor } => {
            let key = signing_key(id, now);
            let predecessor = predecessor.map(|id| SigningKeyId::from_bytes(bytes(id)));
            let added = store.add_signing_key(&key, predecessor, at(now + 3), &happened);
            format!("{:?}", added.await)
        }
        AccessCommand::Begin { id, agent, token } => {
            let family = a_family(id, agent, token, id, now);
            format!("{:?}", store.begin_family(&family).await)
        }
        AccessCommand::Renew { id, jti } => {
            let family = a_family(id, 1, 1, jti, now);
            format!("{:?}", store.save_family(&family).await)
        }
        AccessCommand::End { first, second } => {
            let ended = [family_id(first), family_id(second)];
            format!("{:?}", store.end_families(&ended, Some(&happened)).await)
        }
        AccessCommand::Raise { agent } => {
            let agent = AgentId::from_bytes(bytes(agent));
            format!("{:?}", store.raise_generation(agent, &happened).await)
        }
    }
}
