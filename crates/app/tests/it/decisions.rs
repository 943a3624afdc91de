//! What requests leave behind: found at once, kept through an outage, followed without a gap, forgotten in time.

use crate::plane::Stage;
use portunus_app::Plane;
use portunus_app::decisions::show::ShowError;
use portunus_app::decisions::{
    DecisionFilter, DecisionWish, From, NumberedDecision, OutcomeFilter, list, show,
};
use portunus_app::ledger::Keep;
use portunus_app::listing::{Cursor, ListError, Listing, Page};
use portunus_core::decision::{Decision, Outcome};
use portunus_core::time::{Clock, Timestamp};
use portunus_store::memory::Outage;
use portunus_store::{Day, DecisionSegment, LedgerBatch, Retention, Store};
use portunus_testkit::decision::{refused, request_id, served, unproven};
use std::sync::Arc;
use std::time::{Duration, Instant};

async fn page(
    plane: &Plane,
    filter: DecisionFilter,
    from: From,
    page: Page,
) -> Listing<NumberedDecision> {
    list(plane, DecisionWish { filter, from }, page)
        .await
        .unwrap()
}

fn all() -> DecisionFilter {
    DecisionFilter::default()
}

fn decisions(page: Listing<NumberedDecision>) -> Vec<Decision> {
    page.items.into_iter().map(|item| item.decision).collect()
}

async fn newest(plane: &Plane) -> Vec<Decision> {
    decisions(page(plane, all(), From::Newest, Page::first(1_000)).await)
}

#[tokio::test]
async fn a_decision_is_found_the_moment_its_request_is_over() {
    let stage = Stage::new().await;
    let told = [served(1, stage.clock.now()), refused(2, stage.clock.now())];
    for decision in &told {
        stage.plane.finished(decision);
    }
    let found = show(&stage.plane, request_id(2)).await.unwrap();
    assert_eq!((found.seq, &found.decision), (Some(2), &told[1]));
    assert_eq!(
        newest(&stage.plane).await,
        [told[1].clone(), told[0].clone()]
    );
    let missing = show(&stage.plane, request_id(3)).await;
    assert_eq!(missing, Err(ShowError::NotFound));
    let again = stage.restarted().await;
    assert_eq!(show(&again, request_id(1)).await.unwrap().decision, told[0]);
}

#[tokio::test]
async fn pages_hold_every_decision_once_in_both_directions() {
    let stage = Stage::new().await;
    for number in 0..25 {
        stage.plane.finished(&served(number, stage.clock.now()));
        if number % 7 == 0 {
            newest(&stage.plane).await;
        }
    }
    for (from, expected) in [
        (From::Newest, (0..25).rev().collect::<Vec<u64>>()),
        (From::After(0), (0..25).collect()),
        (From::After(20), (20..25).collect()),
    ] {
        let mut found = Vec::new();
        let mut place = Page::first(4);
        loop {
            let part = page(&stage.plane, all(), from, place.clone()).await;
            let is_empty = part.items.is_empty();
            place.after.clone_from(&part.next);
            found.extend(decisions(part));
            if is_empty || place.after.is_none() {
                break;
            }
        }
        let expected: Vec<_> = expected.into_iter().map(request_id).collect();
        assert_eq!(
            found.iter().map(|d| d.id).collect::<Vec<_>>(),
            expected,
            "{from:?}"
        );
    }
}

#[tokio::test]
async fn who_follows_misses_nothing_and_sees_nothing_twice() {
    let stage = Stage::new().await;
    let filter = DecisionFilter {
        outcome: Some(OutcomeFilter::Failed),
        ..all()
    };
    let mut place = Page::first(10);
    let mut found = Vec::new();
    let mut plane = Arc::clone(&stage.plane);
    for number in 0..60_u64 {
        let decision = match number % 3 {
            0 => refused(number, stage.clock.now()),
            _ => served(number, stage.clock.now()),
        };
        plane.finished(&decision);
        if number % 8 == 0 {
            let part = page(&plane, filter.clone(), From::After(0), place.clone()).await;
            assert!(part.next.is_some(), "there is always more to come");
            place.after.clone_from(&part.next);
            found.extend(decisions(part));
        }
        if number == 30 {
            plane.flush().await.unwrap();
            plane = stage.restarted().await;
        }
    }
    let rest = page(&plane, filter, From::After(0), place).await;
    found.extend(decisions(rest));
    let expected: Vec<_> = (0..60).step_by(3).map(request_id).collect();
    assert_eq!(found.iter().map(|d| d.id).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn filters_take_names_ids_and_moments() {
    let stage = Stage::new().await;
    let now = stage.clock.now();
    let mut other = served(2, now.plus_ms(1_000));
    other.agent_name = Some("clerk".into());
    other.model = Some("gpt-5".into());
    let mut slow = served(3, now.plus_ms(2_000));
    slow.total_us = 5_000_001;
    for decision in [served(1, now), other, slow, refused(4, now.plus_ms(3_000))] {
        stage.plane.finished(&decision);
    }
    let text = |text: &str| Some(text.to_owned());
    let mayor = text(&portunus_core::ids::AgentId::from_bytes([1; 16]).to_string());
    let cases = [
        (
            DecisionFilter {
                agent: text("clerk"),
                ..all()
            },
            vec![2],
        ),
        (
            DecisionFilter {
                agent: mayor,
                ..all()
            },
            vec![4, 3, 2, 1],
        ),
        (
            DecisionFilter {
                model: text("gpt-5"),
                ..all()
            },
            vec![2],
        ),
        (
            DecisionFilter {
                key: text("a"),
                ..all()
            },
            vec![3, 2, 1],
        ),
        (
            DecisionFilter {
                key: text("anthropic:a"),
                ..all()
            },
            vec![3, 2, 1],
        ),
        (
            DecisionFilter {
                pool: text("anthropic"),
                ..all()
            },
            vec![3, 2, 1],
        ),
        (
            DecisionFilter {
                slower_than_ms: Some(5_000),
                ..all()
            },
            vec![3],
        ),
        (
            DecisionFilter {
                since: Some(now.plus_ms(2_000)),
                ..all()
            },
            vec![4, 3],
        ),
        (
            DecisionFilter {
                until: Some(now.plus_ms(999)),
                ..all()
            },
            vec![1],
        ),
        (
            DecisionFilter {
                outcome: Some(OutcomeFilter::Only(Outcome::Served)),
                ..all()
            },
            vec![3, 2, 1],
        ),
        (
            DecisionFilter {
                outcome: Some(OutcomeFilter::Failed),
                ..all()
            },
            vec![4],
        ),
    ];
    for (filter, expected) in cases {
        let found =
            decisions(page(&stage.plane, filter.clone(), From::Newest, Page::first(9)).await);
        let expected: Vec<_> = expected.into_iter().map(request_id).collect();
        assert_eq!(
            found.iter().map(|d| d.id).collect::<Vec<_>>(),
            expected,
            "{filter:?}"
        );
    }
    let nobody = [
        DecisionFilter {
            agent: text("nobody"),
            ..all()
        },
        DecisionFilter {
            key: text("openai:a"),
            ..all()
        },
    ];
    for filter in nobody {
        let wish = DecisionWish {
            filter,
            from: From::Newest,
        };
        let found = list(&stage.plane, wish, Page::first(9)).await;
        assert!(matches!(found, Err(ListError::Nobody(_))), "{found:?}");
    }
    let strange = Page {
        after: Some(Cursor::new("audit.7".into())),
        limit: 1,
    };
    let wish = DecisionWish {
        filter: all(),
        from: From::Newest,
    };
    assert_eq!(
        list(&stage.plane, wish, strange).await,
        Err(ListError::BadCursor)
    );
}

/// Usage of the day on which the test's clock stands.
async fn requests(stage: &Stage) -> (u64, u64, u64) {
    let today = Day::of(stage.clock.now());
    let rows = stage.store.usage_rows(today, today).await.unwrap();
    let sum = |of: fn(&portunus_store::UsageRow) -> u64| rows.iter().map(of).sum();
    (
        sum(|row| row.requests),
        sum(|row| row.failed),
        sum(|row| row.usage.total()),
    )
}

#[tokio::test]
async fn an_outage_loses_nothing_that_fits_and_ends_by_itself() {
    let stage = Stage::new().await;
    stage.plane.finished(&served(1, stage.clock.now()));
    assert_eq!(newest(&stage.plane).await.len(), 1);
    stage.store.outage(Outage::Begins);
    let waiting = refused(2, stage.clock.now());
    stage.plane.finished(&waiting);
    let found = show(&stage.plane, waiting.id).await.unwrap();
    assert_eq!((found.seq, found.decision), (None, waiting.clone()));
    assert_eq!(stage.plane.ledger().counts().waiting, 1);
    stage.store.outage(Outage::Ends);
    // Nobody reads: the task itself saves once the store is back.
    let deadline = Instant::now() + Duration::from_secs(60);
    while stage.plane.ledger().counts().waiting > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let counts = stage.plane.ledger().counts();
    assert_eq!((counts.recorded, counts.waiting, counts.lost), (2, 0, 0));
    let found = show(&stage.plane, waiting.id).await.unwrap();
    assert_eq!(found.seq, Some(2));
    assert_eq!(requests(&stage).await, (2, 1, 170));
}

#[tokio::test]
async fn what_does_not_fit_is_counted_and_its_usage_is_not_lost() {
    let stage = Stage::new().await;
    stage.store.outage(Outage::Begins);
    let mut bulky = served(0, stage.clock.now());
    bulky.reason = Some("x".repeat(100_000).into());
    // Nothing is awaited meanwhile, so no task takes anything out of this thread's shard.
    for _ in 0..100 {
        stage.plane.finished(&bulky);
    }
    let counts = stage.plane.ledger().counts();
    assert!((10..30).contains(&counts.lost), "{counts:?}");
    assert_eq!(counts.recorded + counts.lost, 100);
    stage.store.outage(Outage::Ends);
    let kept = newest(&stage.plane).await.len();
    assert_eq!(u64::try_from(kept).unwrap(), counts.recorded);
    assert_eq!(requests(&stage).await.0, 100);
}

#[tokio::test]
async fn a_flood_without_credentials_pushes_nothing_out() {
    let stage = Stage::new().await;
    let now = stage.clock.now();
    for number in 0..5_000 {
        stage.plane.finished(&unproven(number, now));
    }
    stage.plane.finished(&served(5_000, now));
    let counts = stage.plane.ledger().counts();
    assert_eq!((counts.recorded, counts.unproven_skipped), (201, 4_800));
    assert_eq!(newest(&stage.plane).await.len(), 201);
    assert_eq!(requests(&stage).await.0, 1, "nobody's usage grows by it");
}

#[tokio::test]
async fn a_plane_that_keeps_none_still_sums_usage() {
    let stage = Stage::new().await;
    stage.plane.ledger().retain(Keep { days: 7, bytes: 0 });
    stage.plane.finished(&served(1, stage.clock.now()));
    assert!(newest(&stage.plane).await.is_empty());
    stage.plane.flush().await.unwrap();
    assert_eq!(requests(&stage).await.0, 1);
}

#[tokio::test]
async fn what_another_release_wrote_is_skipped_and_counted_once() {
    let stage = Stage::new().await;
    stage.plane.finished(&served(1, stage.clock.now()));
    newest(&stage.plane).await;
    let (at, id) = (stage.clock.now(), request_id(2));
    let segment = |format, bytes: &[u8]| LedgerBatch {
        segment: Some(Arc::new(DecisionSegment {
            format,
            count: 3,
            came: (at, at),
            ids: (id, id),
            bytes: bytes.to_vec(),
        })),
        usage: Vec::new(),
    };
    stage
        .store
        .save_ledger(&segment(200, b"of tomorrow"))
        .await
        .unwrap();
    stage
        .store
        .save_ledger(&segment(1, b"\xff\xff\xff\xffdamaged"))
        .await
        .unwrap();
    stage.plane.finished(&served(5, stage.clock.now()));
    for _ in 0..2 {
        let found: Vec<_> = newest(&stage.plane).await.iter().map(|d| d.id).collect();
        assert_eq!(found, [request_id(5), request_id(1)]);
    }
    assert_eq!(show(&stage.plane, id).await, Err(ShowError::NotFound));
    assert_eq!(stage.plane.ledger().counts().unreadable, 6);
}

#[tokio::test]
async fn follow_goes_on_where_decisions_were_forgotten() {
    let stage = Stage::new().await;
    let early = Timestamp::from_millis(stage.clock.now().as_millis());
    stage.plane.finished(&served(1, early));
    newest(&stage.plane).await;
    let keep = Retention {
        since: early.plus_ms(1),
        bytes: u64::MAX,
    };
    assert_eq!(stage.store.prune_decisions(keep).await, Ok(1));
    stage.plane.finished(&served(2, early.plus_ms(10)));
    let rest = page(&stage.plane, all(), From::After(0), Page::first(9)).await;
    assert_eq!(rest.items.len(), 1);
    assert_eq!(rest.items[0].seq, Some(2));
}
