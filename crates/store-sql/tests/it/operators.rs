//! Random commands about operators, for the comparison with the model.

use portunus_core::agent::Principal;
use portunus_core::ids::OperatorId;
use portunus_core::operator::{Authority, Operator, Role};
use portunus_store::conformance::sample::{at, bytes, event, name, operator, token};
use portunus_store::{Force, Store};
use proptest::prelude::*;

/// A command; small numbers stand for ids and names, so that commands meet.
#[derive(Clone, Debug)]
pub(crate) enum OperatorCommand {
    Create {
        id: u32,
        name: u32,
        kid: u32,
        may: u32,
    },
    Update {
        id: u32,
        may: u32,
        force: Force,
    },
    Delete {
        id: u32,
        force: Force,
    },
}

pub(crate) fn operator_command() -> impl Strategy<Value = OperatorCommand> {
    let id = || 1..4_u32;
    let force = || prop_oneof![3 => Just(Force::No), 1 => Just(Force::Yes)];
    prop_oneof![
        4 => (id(), id(), 1..30_u32, 0..4_u32)
            .prop_map(|(id, name, kid, may)| OperatorCommand::Create { id, name, kid, may }),
        2 => (id(), 0..4_u32, force())
            .prop_map(|(id, may, force)| OperatorCommand::Update { id, may, force }),
        1 => (id(), force()).prop_map(|(id, force)| OperatorCommand::Delete { id, force }),
    ]
}

fn authority(may: u32) -> Authority {
    match may {
        0 => Authority::everything(),
        1 => Authority::of(Role::Viewer),
        2 => Authority::new(None, Some(name("*.*"))).unwrap(),
        _ => Authority::new(Some(Role::Operator), Some(name("signing.* *.list"))).unwrap(),
    }
}

/// Carries it out and tells how it ended.
pub(crate) async fn perform(store: &dyn Store, command: &OperatorCommand, now: u64) -> String {
    let happened = event("test.command", "it");
    let of = |id| OperatorId::from_bytes(bytes(id));
    match *command {
        OperatorCommand::Create { id, name, kid, may } => {
            let operator = Operator {
                authority: authority(may),
                ..operator(id, &format!("operator-{name}"))
            };
            let token = token(kid, Principal::Operator(operator.id));
            let created = store.create_operator(&operator, &token, &happened);
            format!("{:?}", created.await)
        }
        OperatorCommand::Update { id, may, force } => {
            let authority = authority(may);
            let updated = store.update_operator(of(id), &authority, force, &happened);
            format!("{:?}", updated.await)
        }
        OperatorCommand::Delete { id, force } => {
            let deleted = store.delete_operator(of(id), at(now), force, &happened);
            let deleted = deleted.await.map(|mut revoked| {
                revoked.sort();
                revoked
            });
            format!("{deleted:?}")
        }
    }
}
