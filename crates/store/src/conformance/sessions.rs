//! Cases about passwords, sessions and devices.

use super::operators::create;
use super::sample::{at, device, event, operator, session, token};
use crate::{Force, Store, StoreError};
use portunus_core::agent::Principal;
use portunus_core::ids::{DeviceId, OperatorId};
use portunus_core::operator::{Authority, Role};
use portunus_core::password::PasswordHash;
use portunus_core::session::{Device, DeviceToken, SessionRecord, SignedInBy};
use portunus_core::token::{Kid, TokenDigest};

async fn sessions(store: &dyn Store) -> Vec<Kid> {
    let snapshot = store.snapshot().await.unwrap();
    let mut kids: Vec<Kid> = snapshot.sessions.iter().map(|one| one.kid).collect();
    kids.sort();
    kids
}

async fn begin(store: &dyn Store, number: u32, whose: OperatorId, by: SignedInBy) -> SessionRecord {
    let begun = session(number, whose, by);
    let happened = event("session.began", "it");
    let begin = store.begin_session(&begun, &[], &happened);
    begin.await.unwrap();
    begun
}

async fn pair(store: &dyn Store, number: u32, whose: OperatorId) -> Device {
    let paired = device(number, whose, &format!("device-{number}"));
    let happened = event("device.paired", "it");
    store.pair_device(&paired, &happened).await.unwrap();
    paired
}

pub(super) async fn a_password_is_kept_and_changing_it_ends_other_sessions(store: &dyn Store) {
    let (ann, _) = create(store, 1, "ann", Authority::everything()).await;
    let (bob, _) = create(store, 2, "bob", Authority::of(Role::Viewer)).await;
    assert_eq!(store.password(ann.id).await, Ok(None));
    let kept = begin(store, 1, ann.id, SignedInBy::Password).await.kid;
    begin(store, 2, ann.id, SignedInBy::Password).await;
    let bobs = begin(store, 3, bob.id, SignedInBy::Password).await.kid;
    let hash = PasswordHash::from_phc("$argon2id$one".into());
    let happened = event("operator.password_set", "ann");
    let set = |hash: Option<PasswordHash>, keep| {
        let happened = &happened;
        async move {
            store
                .set_password(ann.id, hash.as_ref(), keep, happened)
                .await
        }
    };
    assert_eq!(set(Some(hash.clone()), Some(kept)).await, Ok(()));
    assert_eq!(store.password(ann.id).await, Ok(Some(hash)));
    assert_eq!(sessions(store).await, [kept, bobs]);
    assert_eq!(set(None, None).await, Ok(()));
    assert_eq!(store.password(ann.id).await, Ok(None));
    assert_eq!(sessions(store).await, [bobs]);
    let nobody = operator(9, "nobody").id;
    let refused = store.set_password(nobody, None, None, &happened).await;
    assert_eq!(refused, Err(StoreError::NotFound));
    assert_eq!(store.password(nobody).await, Ok(None));
}

pub(super) async fn a_session_is_kept_as_it_was_seen_last(store: &dyn Store) {
    let (ann, _) = create(store, 1, "ann", Authority::everything()).await;
    let mut first = begin(store, 1, ann.id, SignedInBy::Password).await;
    let gone = Kid::from_bytes([9; 16]);
    let seen = [(first.kid, at(9_000)), (gone, at(9_000))];
    store.note_seen(&seen).await.unwrap();
    first.seen_at = at(9_000);
    assert_eq!(store.snapshot().await.unwrap().sessions, [first.clone()]);
    // One that begins makes room.
    let second = session(2, ann.id, SignedInBy::Password);
    let happened = event("session.began", "it");
    let making_room = [first.kid];
    let begun = store.begin_session(&second, &making_room, &happened);
    begun.await.unwrap();
    assert_eq!(sessions(store).await, [second.kid]);
    let again = store.begin_session(&second, &[], &happened).await;
    assert!(matches!(again, Err(StoreError::Inconsistent(_))));
    let both = [first.kid, second.kid];
    store.end_sessions(&both, Some(&happened)).await.unwrap();
    store.end_sessions(&both, None).await.unwrap();
    assert_eq!(sessions(store).await, []);
}

pub(super) async fn a_session_needs_what_it_comes_of_and_ends_with_it(store: &dyn Store) {
    let (boss, _) = create(store, 1, "boss", Authority::everything()).await;
    let (ann, kid) = create(store, 2, "ann", Authority::of(Role::Viewer)).await;
    let laptop = pair(store, 1, ann.id).await;
    let by_token = begin(store, 1, ann.id, SignedInBy::Token(kid)).await.kid;
    let by_device = SignedInBy::Device(laptop.id);
    let by_device = begin(store, 2, ann.id, by_device).await.kid;
    let happened = event("session.began", "it");
    for (whose, by) in [
        (boss.id, SignedInBy::Token(kid)),
        (boss.id, SignedInBy::Device(laptop.id)),
        (ann.id, SignedInBy::Token(Kid::from_bytes([9; 16]))),
        (ann.id, SignedInBy::Device(DeviceId::from_bytes([9; 16]))),
        (operator(9, "nobody").id, SignedInBy::Password),
    ] {
        let wanted = session(7, whose, by);
        let refused = store.begin_session(&wanted, &[], &happened);
        assert_eq!(refused.await, Err(StoreError::NotFound), "{by:?}");
    }
    let revoke = store.revoke_token(kid, at(5), Force::No, &happened);
    revoke.await.unwrap();
    assert_eq!(sessions(store).await, [by_device]);
    let ended = session(7, ann.id, SignedInBy::Token(kid));
    let refused = store.begin_session(&ended, &[], &happened).await;
    assert_eq!(refused, Err(StoreError::NotFound));
    store.unpair_device(laptop.id, &happened).await.unwrap();
    assert_eq!(sessions(store).await, []);
    assert_ne!(by_token, by_device);
}

pub(super) async fn an_overlap_of_zero_ends_sessions_and_another_rotation_does_not(
    store: &dyn Store,
) {
    let (ann, kid) = create(store, 1, "ann", Authority::everything()).await;
    let whose = Principal::Operator(ann.id);
    let first = begin(store, 1, ann.id, SignedInBy::Token(kid)).await.kid;
    let rotated = event("token.rotated", "it");
    let by_password = begin(store, 3, ann.id, SignedInBy::Password).await.kid;
    for number in [49, 50] {
        let lasting = token(number, whose);
        let rotate = store.rotate_token(whose, &lasting, at(10), &rotated);
        rotate.await.unwrap();
        store.mark_first_use(lasting.kid, at(11)).await.unwrap();
    }
    begin(store, 2, ann.id, SignedInBy::Token(token(50, whose).kid)).await;
    // Its token has ended by then, and it goes on.
    assert_eq!(sessions(store).await.len(), 3);
    let mut at_once = token(51, whose);
    at_once.overlap_ms = 0;
    let rotate = store.rotate_token(whose, &at_once, at(20), &rotated);
    rotate.await.unwrap();
    assert_eq!(sessions(store).await, [by_password]);
    assert_ne!(first, at_once.kid);
}

pub(super) async fn a_device_is_paired_rotated_and_unpaired(store: &dyn Store) {
    let (ann, _) = create(store, 1, "ann", Authority::everything()).await;
    let (bob, _) = create(store, 2, "bob", Authority::of(Role::Viewer)).await;
    let mut laptop = pair(store, 1, ann.id).await;
    let happened = event("device.paired", "it");
    let mut second = device(2, ann.id, laptop.name.as_str());
    let refused = store.pair_device(&second, &happened).await;
    assert_eq!(refused, Err(StoreError::NameTaken));
    second.operator = bob.id;
    store.pair_device(&second, &happened).await.unwrap();
    let stranger = device(3, operator(9, "nobody").id, "x");
    let refused = store.pair_device(&stranger, &happened).await;
    assert_eq!(refused, Err(StoreError::NotFound));
    let next = DeviceToken {
        kid: Kid::from_bytes([7; 16]),
        digest: TokenDigest::from_bytes([7; 32]),
        overlap_ms: 60,
    };
    let rotate = store.rotate_device(laptop.id, next, at(2_000), &happened);
    rotate.await.unwrap();
    laptop = laptop.succeeded_by(next, at(2_000));
    assert_eq!(laptop.before.map(|before| before.until), Some(None));
    // What was used first counts, and nothing after it.
    for ms in [3_000, 4_000] {
        store.mark_first_use(next.kid, at(ms)).await.unwrap();
    }
    laptop.note_use(at(3_000));
    let mut paired = store.snapshot().await.unwrap().devices;
    paired.sort_by_key(|device| device.id);
    assert_eq!(paired, [laptop.clone(), second]);
    store.unpair_device(laptop.id, &happened).await.unwrap();
    let again = store.unpair_device(laptop.id, &happened).await;
    assert_eq!(again, Err(StoreError::NotFound));
    let gone = store.rotate_device(laptop.id, next, at(5_000), &happened);
    assert_eq!(gone.await, Err(StoreError::NotFound));
}

pub(super) async fn what_an_operator_signed_in_with_goes_with_the_operator(store: &dyn Store) {
    create(store, 1, "boss", Authority::everything()).await;
    let (ann, _) = create(store, 2, "ann", Authority::of(Role::Viewer)).await;
    let laptop = pair(store, 1, ann.id).await;
    begin(store, 1, ann.id, SignedInBy::Password).await;
    begin(store, 2, ann.id, SignedInBy::Device(laptop.id)).await;
    let happened = event("operator.deleted", "ann");
    let delete = store.delete_operator(ann.id, at(5), Force::No, &happened);
    delete.await.unwrap();
    let snapshot = store.snapshot().await.unwrap();
    assert_eq!((snapshot.sessions, snapshot.devices), (vec![], vec![]));
}
