//! Cases about what requests leave behind: numbered decisions, and sums of usage.

use super::agents;
use super::sample::{at, bytes, event, segment, used};
use crate::{
    Day, DecisionSegment, LedgerBatch, NumberedSegment, Retention, SegmentOrder, SegmentWish,
    Store, UsageRow,
};
use portunus_core::ids::RequestId;
use portunus_core::usage::Money;
use std::sync::Arc;

/// More than one row of any store would be joined to.
const LARGE: usize = 20_000;

async fn save(store: &dyn Store, segment: DecisionSegment) {
    let segment = Some(Arc::new(segment));
    let usage = Vec::new();
    store
        .save_ledger(&LedgerBatch { segment, usage })
        .await
        .unwrap();
}

const fn all(order: SegmentOrder) -> SegmentWish {
    SegmentWish {
        order,
        id: None,
        since: None,
        until: None,
        most_bytes: u64::MAX,
    }
}

const NEWEST: SegmentOrder = SegmentOrder::NewestBelow(u64::MAX);
const OLDEST: SegmentOrder = SegmentOrder::OldestFrom(0);

async fn read(store: &dyn Store, wish: SegmentWish) -> Vec<NumberedSegment> {
    store.decision_segments(&wish).await.unwrap()
}

fn firsts(found: &[NumberedSegment]) -> Vec<u64> {
    found.iter().map(|segment| segment.first).collect()
}

pub(super) async fn decisions_are_numbered_in_the_order_of_their_saves(store: &dyn Store) {
    for number in [10, 20, 30] {
        save(store, segment(number, LARGE)).await;
    }
    let newest = read(store, all(NEWEST)).await;
    assert_eq!(firsts(&newest), [5, 3, 1]);
    assert_eq!(newest[1].segment, segment(20, LARGE));
    assert_eq!(firsts(&read(store, all(OLDEST)).await), [1, 3, 5]);
    for (from, expected) in [(3, vec![3, 5]), (4, vec![3, 5]), (6, vec![5]), (7, vec![])] {
        let from = read(store, all(SegmentOrder::OldestFrom(from))).await;
        assert_eq!(firsts(&from), expected);
    }
    let below = read(store, all(SegmentOrder::NewestBelow(5))).await;
    assert_eq!(firsts(&below), [3, 1]);
}

pub(super) async fn small_segments_keep_their_bytes_and_numbers_when_they_are_joined(
    store: &dyn Store,
) {
    let mut expected = Vec::new();
    for number in [10, 12, 11] {
        expected.extend(segment(number, 50).bytes);
        save(store, segment(number, 50)).await;
    }
    let other_format = DecisionSegment {
        format: 2,
        ..segment(14, 50)
    };
    save(store, other_format.clone()).await;
    let mut other_run = segment(16, 50);
    other_run.ids = (
        RequestId::from_bytes([9; 16]),
        RequestId::from_bytes([9; 16]),
    );
    save(store, other_run.clone()).await;
    let found = read(store, all(OLDEST)).await;
    let joined = found.iter().filter(|f| f.first < 7);
    let bytes: Vec<u8> = joined.flat_map(|f| f.segment.bytes.clone()).collect();
    assert_eq!(bytes, expected);
    assert_eq!(found[found.len() - 2].segment, other_format);
    assert_eq!(found[found.len() - 1].segment, other_run);
    assert_eq!(found[found.len() - 1].first, 9);
    let mut next = 1;
    for found in &found {
        assert_eq!(found.first, next);
        next = found.end();
    }
}

pub(super) async fn segments_are_found_by_id_and_by_time(store: &dyn Store) {
    for number in [10, 20, 30] {
        save(store, segment(number, LARGE)).await;
    }
    for (id, expected) in [(10, vec![1]), (21, vec![3]), (22, vec![]), (31, vec![5])] {
        let id = Some(RequestId::from_bytes(bytes(id)));
        let found = read(store, SegmentWish { id, ..all(NEWEST) }).await;
        assert_eq!(firsts(&found), expected);
    }
    let between = |since: Option<u64>, until: Option<u64>| SegmentWish {
        since: since.map(at),
        until: until.map(at),
        ..all(NEWEST)
    };
    for (wish, expected) in [
        (between(Some(21_000), None), vec![5, 3]),
        (between(Some(21_001), None), vec![5]),
        (between(None, Some(20_000)), vec![3, 1]),
        (between(None, Some(19_999)), vec![1]),
        (between(Some(11_500), Some(19_000)), vec![]),
    ] {
        assert_eq!(firsts(&read(store, wish).await), expected);
    }
}

pub(super) async fn a_read_takes_no_more_bytes_than_fit_but_at_least_one_segment(
    store: &dyn Store,
) {
    for number in [10, 20, 30] {
        save(store, segment(number, LARGE)).await;
    }
    let size = u64::try_from(LARGE).unwrap();
    for (most_bytes, expected) in [(0, 1), (size, 1), (2 * size, 2), (3 * size - 1, 2)] {
        let wish = SegmentWish {
            most_bytes,
            ..all(NEWEST)
        };
        assert_eq!(read(store, wish).await.len(), expected);
    }
}

pub(super) async fn old_decisions_are_forgotten_and_numbers_are_not_reused(store: &dyn Store) {
    for number in [10, 20, 30] {
        save(store, segment(number, LARGE)).await;
    }
    let since = |millis| Retention {
        since: at(millis),
        bytes: u64::MAX,
    };
    assert_eq!(store.prune_decisions(since(11_000)).await, Ok(0));
    assert_eq!(store.prune_decisions(since(11_001)).await, Ok(2));
    assert_eq!(firsts(&read(store, all(NEWEST)).await), [5, 3]);
    let bytes = |bytes| Retention {
        since: at(0),
        bytes,
    };
    let size = u64::try_from(LARGE).unwrap();
    assert_eq!(store.prune_decisions(bytes(2 * size)).await, Ok(0));
    assert_eq!(store.prune_decisions(bytes(2 * size - 1)).await, Ok(2));
    assert_eq!(firsts(&read(store, all(NEWEST)).await), [5]);
    assert_eq!(store.prune_decisions(bytes(0)).await, Ok(2));
    save(store, segment(40, 50)).await;
    assert_eq!(firsts(&read(store, all(NEWEST)).await), [7]);
}

async fn add(store: &dyn Store, usage: Vec<UsageRow>) {
    let segment = None;
    store
        .save_ledger(&LedgerBatch { segment, usage })
        .await
        .unwrap();
}

async fn sums(store: &dyn Store, first: u32, last: u32) -> Vec<UsageRow> {
    let (first, last) = (Day::from_number(first), Day::from_number(last));
    store.usage_rows(first, last).await.unwrap()
}

pub(super) async fn usage_is_summed_by_day_agent_key_and_model(store: &dyn Store) {
    let rows = vec![
        used(1, 1, None, "opus"),
        used(1, 1, Some(1), "opus"),
        used(1, 1, Some(1), "sonnet"),
        used(1, 2, Some(1), "opus"),
        used(2, 1, Some(1), "opus"),
    ];
    add(store, rows.clone()).await;
    assert_eq!(sums(store, 0, 9).await, rows);
    assert_eq!(sums(store, 2, 2).await, rows[4..]);
    let mut more = used(1, 1, Some(1), "opus");
    more.agent_name = "mayor-2".into();
    add(store, vec![more.clone(), more.clone()]).await;
    let sum = &sums(store, 1, 1).await[1];
    assert_eq!((sum.requests, sum.failed, sum.estimated), (9, 3, 3));
    assert_eq!((sum.usage.input, sum.usage.reasoning), (300, 15));
    assert_eq!((sum.cost, sum.unpriced), (Money::from_nanos(3_000), 6));
    assert_eq!(&*sum.agent_name, "mayor-2");
}

pub(super) async fn absurd_usage_stops_at_the_greatest_sum(store: &dyn Store) {
    let mut absurd = used(1, 1, None, "opus");
    absurd.usage.input = u64::MAX;
    absurd.cost = Money::from_nanos(u64::MAX);
    for _ in 0..3 {
        add(store, vec![absurd.clone()]).await;
    }
    let sum = &sums(store, 1, 1).await[0];
    assert_eq!(sum.usage.input, UsageRow::MOST);
    assert_eq!(sum.cost.as_nanos(), UsageRow::MOST);
    assert_eq!(sum.usage.output, 120);
}

pub(super) async fn usage_outlives_its_agent(store: &dyn Store) {
    let mayor = agents::create(store, 1, "mayor").await.id;
    add(store, vec![used(1, 1, Some(1), "opus")]).await;
    let happened = event("agent.deleted", "mayor");
    store.delete_agent(mayor, at(50), &happened).await.unwrap();
    assert_eq!(sums(store, 1, 1).await, [used(1, 1, Some(1), "opus")]);
}
