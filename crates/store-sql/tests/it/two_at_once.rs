//! Changes that judge by what they read, made at the same moment.

use crate::place::Place;
use portunus_core::provider_key::KeySwitch;
use portunus_store::conformance::sample::{event, key, pool};
use portunus_store::{Force, Page, Store, StoreError};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_last_enabled_key_survives_two_removals_at_once() {
    let place = Place::new();
    let (one, two) = (place.open().await, place.open().await);
    for round in 0..20_u32 {
        let main = pool(round + 1, &format!("pool-{round}"));
        let (a, b) = (
            key(2 * round + 1, &main, "a"),
            key(2 * round + 2, &main, "b"),
        );
        let happened = event("key.removed", "x");
        one.create_pool(&main, &happened).await.unwrap();
        one.add_keys(&[a.clone(), b.clone()], &[]).await.unwrap();
        let (first, second) = tokio::join!(one.remove_key(a.id, Force::No, &happened), async {
            if round % 2 == 0 {
                two.remove_key(b.id, Force::No, &happened).await
            } else {
                let off = KeySwitch::Disabled;
                two.switch_key(b.id, off, Force::No, &happened).await
            }
        });
        let refused = Err(StoreError::LastEnabledKey);
        assert!(
            (first == Ok(()) && second == refused) || (first == refused && second == Ok(())),
            "{first:?} {second:?}"
        );
        let left = one.keys(Some(main.id), Page::first(9)).await.unwrap();
        let enabled =
            |key: &&portunus_core::provider_key::ProviderKey| key.switch == KeySwitch::Enabled;
        assert_eq!(left.items.iter().filter(enabled).count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_label_is_given_once_to_two_at_once() {
    let place = Place::new();
    let (one, two) = (place.open().await, place.open().await);
    let main = pool(1, "main");
    let happened = event("pool.created", "main");
    one.create_pool(&main, &happened).await.unwrap();
    for round in 0..20_u32 {
        let label = format!("l{round}");
        let first = [key(2 * round + 1, &main, &label)];
        let second = [key(2 * round + 2, &main, &label)];
        let both = tokio::join!(one.add_keys(&first, &[]), two.add_keys(&second, &[]));
        let label = first[0].label.clone();
        let refused = Err(StoreError::LabelTaken { label });
        assert!(
            both == (Ok(()), refused.clone()) || both == (refused, Ok(())),
            "{both:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_first_start_of_two_planes_at_once_makes_one_database() {
    for _ in 0..5 {
        let place = Place::new();
        let (one, two) = tokio::join!(place.open(), place.open());
        let main = pool(1, "main");
        one.create_pool(&main, &event("pool.created", "main"))
            .await
            .unwrap();
        assert_eq!(two.pools().await.unwrap(), vec![main]);
    }
}
