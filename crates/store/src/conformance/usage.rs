//! Cases about asking for sums of usage.

use super::sample::bytes;
use crate::{
    Day, LedgerBatch, Store, UsageDimension, UsageOf, UsageRow, UsageSum, UsageWish, UsedBy,
    UsedKey,
};
use UsageDimension::{Agent, Day as ByDay, Key, Model, Pool};
use portunus_core::ids::{AgentId, KeyId};
use portunus_core::usage::{Money, Usage};

fn agent(number: u32) -> AgentId {
    AgentId::from_bytes(bytes(number))
}

/// One request of one day.
fn used(day: u32, who: u32, key: Option<u32>, model: &str, cost: u64) -> UsageRow {
    UsageRow {
        day: Day::from_number(day),
        agent: agent(who),
        key: key.map(|key| KeyId::from_bytes(bytes(key))),
        model: model.into(),
        agent_name: format!("agent-{who}").into(),
        key_label: key.map_or(String::new(), |key| format!("key-{key}")).into(),
        pool: key
            .map_or(String::new(), |key| format!("pool-{}", key % 2))
            .into(),
        requests: 1,
        failed: u64::from(key.is_none()),
        usage: Usage {
            input: 10,
            cache_read: 2,
            cache_write: 3,
            output: 4,
            reasoning: 1,
        },
        estimated: 1,
        cost: Money::from_nanos(cost),
        unpriced: 1,
    }
}

async fn fill(store: &dyn Store) {
    let usage = vec![
        used(1, 1, Some(1), "opus", 5),
        used(1, 1, Some(2), "opus", 1),
        used(1, 2, Some(1), "haiku", 9),
        used(1, 2, None, "haiku", 0),
        used(2, 1, Some(3), "haiku", 2),
        used(3, 3, Some(3), "-", 100),
    ];
    let segment = None;
    store
        .save_ledger(&LedgerBatch { segment, usage })
        .await
        .unwrap();
}

fn wish(by: &[UsageDimension]) -> UsageWish {
    UsageWish {
        days: (Day::from_number(1), Day::from_number(2)),
        by: by.to_vec(),
        agent: None,
        model: None,
        pool: None,
        skip: 0,
        limit: 100,
    }
}

async fn ask(store: &dyn Store, wish: UsageWish) -> Vec<UsageSum> {
    store.usage_sums(&wish).await.unwrap()
}

/// What sums are of, with their requests and their cost.
async fn told(store: &dyn Store, wish: UsageWish) -> Vec<(UsageOf, u64, u64)> {
    ask(store, wish)
        .await
        .into_iter()
        .map(|sum| (sum.of, sum.requests, sum.cost.as_nanos()))
        .collect()
}

fn by_agent(number: u32) -> UsageOf {
    UsageOf {
        agent: Some((agent(number), format!("agent-{number}"))),
        ..UsageOf::default()
    }
}

pub(super) async fn usage_is_one_sum_unless_it_is_told_apart(store: &dyn Store) {
    assert_eq!(ask(store, wish(&[])).await, []);
    fill(store).await;
    let sums = ask(store, wish(&[])).await;
    assert_eq!(sums.len(), 1);
    let sum = &sums[0];
    assert_eq!(sum.of, UsageOf::default());
    assert_eq!((sum.requests, sum.failed, sum.cost.as_nanos()), (5, 1, 17));
    assert_eq!((sum.estimated, sum.unpriced), (5, 5));
    assert_eq!((sum.usage.total(), sum.usage.reasoning), (95, 5));
}

pub(super) async fn usage_is_told_apart_by_whom_and_what(store: &dyn Store) {
    fill(store).await;
    let agents = told(store, wish(&[Agent])).await;
    assert_eq!(agents, [(by_agent(2), 2, 9), (by_agent(1), 3, 8)]);
    let models = told(store, wish(&[Model])).await;
    let model = |name: &str| UsageOf {
        model: Some(name.into()),
        ..UsageOf::default()
    };
    assert_eq!(models, [(model("haiku"), 3, 11), (model("opus"), 2, 6)]);
    let pools = told(store, wish(&[Pool])).await;
    let pool = |name: &str| UsageOf {
        pool: Some(name.into()),
        ..UsageOf::default()
    };
    assert_eq!(
        pools,
        [
            (pool("pool-1"), 3, 16),
            (pool("pool-0"), 1, 1),
            (pool(""), 1, 0)
        ]
    );
    let keys = ask(store, wish(&[Key])).await;
    let keys: Vec<UsedKey> = keys.into_iter().filter_map(|sum| sum.of.key).collect();
    let labels: Vec<_> = keys.iter().map(|key| key.label.as_str()).collect();
    assert_eq!(labels, ["key-1", "key-3", "key-2", ""]);
    assert_eq!(keys[3], UsedKey::default());
    assert_eq!(keys[0].pool, "pool-1");
}

pub(super) async fn usage_of_several_dimensions_comes_by_day(store: &dyn Store) {
    fill(store).await;
    let sums = told(store, wish(&[Model, ByDay, Pool, Key, Agent])).await;
    let days: Vec<_> = sums
        .iter()
        .map(|(of, _, cost)| (of.day.unwrap().number(), *cost))
        .collect();
    assert_eq!(days, [(1, 9), (1, 5), (1, 1), (1, 0), (2, 2)]);
    assert!(sums.iter().all(|(of, requests, _)| {
        *requests == 1 && of.agent.is_some() && of.key.is_some() && of.model.is_some()
    }));
}

pub(super) async fn usage_is_narrowed_and_paged(store: &dyn Store) {
    fill(store).await;
    let narrowed = |change: fn(&mut UsageWish)| {
        let mut wish = wish(&[]);
        change(&mut wish);
        wish
    };
    for (wish, requests) in [
        (
            narrowed(|wish| wish.agent = Some(UsedBy::Id(agent(1)))),
            Some(3),
        ),
        (
            narrowed(|wish| wish.agent = Some(UsedBy::Name("agent-2".into()))),
            Some(2),
        ),
        (
            narrowed(|wish| wish.agent = Some(UsedBy::Name("x".into()))),
            None,
        ),
        (narrowed(|wish| wish.model = Some("opus".into())), Some(2)),
        (narrowed(|wish| wish.pool = Some("pool-1".into())), Some(3)),
        (narrowed(|wish| wish.days.1 = Day::from_number(9)), Some(6)),
    ] {
        let sums = ask(store, wish).await;
        assert_eq!(sums.first().map(|sum| sum.requests), requests);
    }
    let page = |skip, limit| {
        let mut wish = wish(&[Agent, Model]);
        (wish.skip, wish.limit) = (skip, limit);
        wish
    };
    let all = ask(store, page(0, 100)).await;
    assert_eq!(all.len(), 3);
    assert_eq!(ask(store, page(1, 1)).await, all[1..2]);
    assert_eq!(ask(store, page(3, 100)).await, []);
}

pub(super) async fn absurd_sums_stop_at_the_greatest(store: &dyn Store) {
    let mut absurd = used(1, 1, None, "opus", u64::MAX);
    absurd.usage.input = u64::MAX;
    let other = UsageRow {
        agent: agent(2),
        agent_name: "agent-2".into(),
        ..absurd.clone()
    };
    let batch = LedgerBatch {
        segment: None,
        usage: vec![absurd, other],
    };
    store.save_ledger(&batch).await.unwrap();
    let sum = &ask(store, wish(&[])).await[0];
    assert_eq!(sum.cost.as_nanos(), UsageRow::MOST);
    assert_eq!(sum.usage.input, UsageRow::MOST);
    assert_eq!(sum.usage.output, 8);
}
