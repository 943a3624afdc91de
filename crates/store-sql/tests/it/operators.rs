//! Random commands about operators, for the comparison with the model.

use portunus_core::agent::Principal;
use portunus_core::ids::{DeviceId, OperatorId};
use portunus_core::operator::{Authority, Operator, Role};
use portunus_core::password::PasswordHash;
use portunus_core::session::{DeviceToken, SignedInBy};
use portunus_core::token::{Kid, TokenDigest};
use portunus_store::conformance::sample::{
    at, bytes, device, event, name, operator, session, token,
};
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
    SetPassword {
        id: u32,
        keep: u32,
    },
    SignIn {
        number: u32,
        id: u32,
        by: u32,
        making_room: u32,
    },
    See {
        number: u32,
    },
    SignOut {
        number: u32,
    },
    Pair {
        number: u32,
        id: u32,
        name: u32,
    },
    RotateDevice {
        number: u32,
        kid: u32,
    },
    Unpair {
        number: u32,
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
        2 => (id(), 1..9_u32).prop_map(|(id, keep)| OperatorCommand::SetPassword { id, keep }),
        6 => (1..9_u32, id(), 0..40_u32, 1..9_u32)
            .prop_map(|(number, id, by, making_room)| OperatorCommand::SignIn { number, id, by, making_room }),
        1 => (1..9_u32).prop_map(|number| OperatorCommand::See { number }),
        1 => (1..9_u32).prop_map(|number| OperatorCommand::SignOut { number }),
        4 => (1..5_u32, id(), id())
            .prop_map(|(number, id, name)| OperatorCommand::Pair { number, id, name }),
        1 => (1..5_u32, 1..9_u32)
            .prop_map(|(number, kid)| OperatorCommand::RotateDevice { number, kid }),
        1 => (1..5_u32).prop_map(|number| OperatorCommand::Unpair { number }),
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
        _ => sign_in(store, command, now).await,
    }
}

/// The commands about what operators sign in with.
async fn sign_in(store: &dyn Store, command: &OperatorCommand, now: u64) -> String {
    let happened = event("test.command", "it");
    let (of, kid) = (
        |id| OperatorId::from_bytes(bytes(id)),
        |number| Kid::from_bytes(bytes(number)),
    );
    let device_id = |number| DeviceId::from_bytes(bytes(number));
    let done = match *command {
        OperatorCommand::SetPassword { id, keep } => {
            let hash = PasswordHash::from_phc(format!("hash-{now}"));
            let hash = Some(&hash).filter(|_| keep % 3 != 0);
            let set = store.set_password(of(id), hash, Some(kid(keep)), &happened);
            let set = set.await;
            return format!("{set:?} {:?}", store.password(of(id)).await);
        }
        OperatorCommand::SignIn {
            number,
            id,
            by,
            making_room,
        } => {
            let by = match by {
                0..10 => SignedInBy::Password,
                10..15 => SignedInBy::Device(device_id(by - 10)),
                _ => SignedInBy::Token(kid(by - 10)),
            };
            let ended = [kid(making_room)];
            let ended = &ended[..usize::from(making_room != number && making_room > 5)];
            let begun = session(number, of(id), by);
            store.begin_session(&begun, ended, &happened).await
        }
        OperatorCommand::See { number } => store.note_seen(&[(kid(number), at(now))]).await,
        OperatorCommand::SignOut { number } => {
            store.end_sessions(&[kid(number)], Some(&happened)).await
        }
        OperatorCommand::Pair { number, id, name } => {
            let paired = device(number, of(id), &format!("device-{name}"));
            store.pair_device(&paired, &happened).await
        }
        OperatorCommand::RotateDevice { number, kid: next } => {
            let next = DeviceToken {
                kid: kid(next),
                digest: TokenDigest::from_bytes([8; 32]),
                overlap_ms: u64::from(next % 3) * 30,
            };
            let rotated = store.rotate_device(device_id(number), next, at(now), &happened);
            rotated.await
        }
        OperatorCommand::Unpair { number } => {
            store.unpair_device(device_id(number), &happened).await
        }
        OperatorCommand::Create { .. }
        | OperatorCommand::Update { .. }
        | OperatorCommand::Delete { .. } => Ok(()),
    };
    format!("{done:?}")
}
