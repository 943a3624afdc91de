//! What is written is read back, in the order in which requests ended; and usage is told apart only as far as it may.

use super::shard::{Shard, Written};
use super::usage::{Models, Sums};
use super::{Ledger, format};
use crate::ledger::pending::Pending;
use portunus_core::decision::{Attempt, Decision, Outcome, Step};
use portunus_core::ids::{AgentId, KeyId, PoolId, RequestId};
use portunus_core::pool::{Choice, ChosenFor, PassedOver, WhyNot};
use portunus_core::time::Timestamp;
use portunus_core::usage::{Money, Usage, UsageSource};
use portunus_store::memory::MemoryStore;
use portunus_store::{Day, SegmentOrder, SegmentWish, Store, UsageRow};
use portunus_testkit::TestClock;
use portunus_testkit::decision::{refused, served};
use proptest::prelude::*;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

fn why_not() -> impl Strategy<Value = WhyNot> {
    prop_oneof![
        Just(WhyNot::Disabled),
        Just(WhyNot::NotBound),
        any::<u64>().prop_map(|at| WhyNot::OutOfMoney(Timestamp::from_millis(at))),
        (".*", any::<u64>()).prop_map(|(window, until)| WhyNot::Resting {
            window: window.into(),
            until: Timestamp::from_millis(until),
        }),
        any::<u8>().prop_map(WhyNot::LessHeadroom),
    ]
}

fn passed() -> impl Strategy<Value = Vec<PassedOver>> {
    let one = (any::<[u8; 16]>(), why_not()).prop_map(|(key, why)| PassedOver {
        key: KeyId::from_bytes(key),
        why,
    });
    prop::collection::vec(one, 0..4)
}

fn text() -> impl Strategy<Value = Cow<'static, str>> {
    ".{0,40}".prop_map(Cow::Owned)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (any::<u64>(), text()).prop_map(|(at_us, budget)| Step::OverBudget { at_us, budget }),
        (any::<u64>(), any::<[u8; 16]>()).prop_map(|(at_us, original)| Step::Repeated {
            at_us,
            original: RequestId::from_bytes(original),
        }),
        (any::<u64>(), any::<u64>(), passed(), any::<Option<u64>>()).prop_map(
            |(at_us, took_us, obstacles, earliest)| Step::Waited {
                at_us,
                took_us,
                obstacles,
                earliest: earliest.map(Timestamp::from_millis),
            }
        ),
        (
            (
                any::<u64>(),
                any::<u64>(),
                any::<[u8; 16]>(),
                any::<[u8; 16]>()
            ),
            (
                "[a-z][a-z0-9]{0,20}",
                "[A-Za-z0-9]{1,30}",
                passed(),
                any::<u32>()
            ),
            (any::<Option<u16>>(), text(), prop::option::of(text())),
        )
            .prop_map(
                |((at_us, took_us, pool, key), (pool_name, label, passed, unnamed), answer)| {
                    Step::Attempted(Attempt {
                        at_us,
                        took_us,
                        pool: PoolId::from_bytes(pool),
                        pool_name: pool_name.parse().unwrap(),
                        key: KeyId::from_bytes(key),
                        label: label.parse().unwrap(),
                        choice: Choice {
                            chosen_for: ChosenFor::Headroom,
                            passed,
                            unnamed,
                        },
                        status: answer.0,
                        class: answer.1,
                        detail: answer.2,
                    })
                }
            ),
    ]
}

fn decision() -> impl Strategy<Value = Decision> {
    let usage = (any::<[u64; 5]>(), any::<bool>()).prop_map(|(counts, estimated)| {
        let [input, cache_read, cache_write, output, reasoning] = counts;
        let usage = Usage {
            input,
            cache_read,
            cache_write,
            output,
            reasoning,
        };
        let source = if estimated {
            UsageSource::Estimate
        } else {
            UsageSource::Provider
        };
        (usage, source)
    });
    (
        (any::<[u8; 16]>(), any::<u64>(), any::<Option<[u8; 16]>>()),
        (prop::option::of(".*"), text(), prop::option::of(".*")),
        prop::collection::vec(step(), 0..5),
        (0..5_usize, any::<u16>(), prop::option::of(text())),
        (any::<Option<u64>>(), any::<u64>(), any::<Option<u64>>()),
        prop::option::of(usage),
    )
        .prop_map(|(who, what, steps, end, measured, used)| Decision {
            id: RequestId::from_bytes(who.0),
            at: Timestamp::from_millis(who.1),
            agent: who.2.map(AgentId::from_bytes),
            agent_name: what.0.map(Into::into),
            endpoint: what.1,
            model: what.2.map(Into::into),
            steps,
            outcome: Outcome::ALL[end.0],
            status: end.1,
            reason: end.2,
            first_byte_us: measured.0,
            total_us: measured.1,
            usage: used.map(|(usage, _)| usage),
            usage_source: used.map(|(_, source)| source),
            cost: measured.2.map(Money::from_nanos),
            trace: None,
        })
}

proptest! {
    #[test]
    fn every_decision_is_read_back_as_it_was(decisions in prop::collection::vec(decision(), 1..6)) {
        let mut bytes = Vec::new();
        for decision in &decisions {
            format::write(&mut bytes, decision).unwrap();
        }
        let read: Vec<_> = format::records(&bytes).map(|record| {
            let decision = format::read(record).unwrap();
            assert!(format::is_of(record, decision.id));
            decision
        }).collect();
        prop_assert_eq!(read, decisions);
    }

    #[test]
    fn hostile_bytes_are_refused_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for record in format::records(&bytes) {
            let _ = format::read(record);
        }
    }
}

fn pinned(decisions: &[Decision]) -> (usize, u32) {
    let mut bytes = Vec::new();
    for decision in decisions {
        format::write(&mut bytes, decision).unwrap();
    }
    let digest = bytes.iter().fold(0_u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u32::from(*byte))
    });
    (bytes.len(), digest)
}

#[test]
fn the_bytes_of_a_format_do_not_change() {
    let in_format_1 = [served(1, NOW), refused(2, NOW)];
    assert_eq!(pinned(&in_format_1), (344, 832_189_970));
    // When this fails, the shape of a decision was changed: give it a new number in `format::FORMAT`.
    assert_eq!(
        (format::FORMAT, pinned(&[told_in_full()])),
        (2, (466, 2_741_348_936))
    );
}

/// A decision with every kind of step, and every reason why a key did not serve.
fn told_in_full() -> Decision {
    use portunus_core::pool::WhyNot as Why;
    let steps = served(3, NOW).steps;
    let reasons = [
        Why::Disabled,
        Why::Quarantined,
        Why::OutOfMoney(NOW),
        Why::Resting {
            window: "5h".into(),
            until: NOW,
        },
        Why::BeingTried,
        Why::NotEntitled,
        Why::Avoided,
        Why::NotBound,
        Why::Spent,
        Why::LowerPriority,
        Why::ConversationElsewhere,
        Why::LessHeadroom(7),
        Why::UsedMoreRecently,
    ];
    let passed = reasons.map(|why| PassedOver {
        key: KeyId::from_bytes([9; 16]),
        why,
    });
    let own = [
        Step::OverBudget {
            at_us: 1,
            budget: "the agent".into(),
        },
        Step::Waited {
            at_us: 2,
            took_us: 3,
            obstacles: passed.into(),
            earliest: Some(NOW),
        },
        Step::Repeated {
            at_us: 4,
            original: RequestId::from_bytes([5; 16]),
        },
    ];
    let steps: Vec<Step> = steps.into_iter().chain(own).collect();
    for step in &steps {
        // A new kind belongs into the list above, and takes a new number of the format.
        match step {
            Step::OverBudget { .. }
            | Step::Waited { .. }
            | Step::Attempted(_)
            | Step::Repeated { .. } => {}
        }
    }
    Decision {
        steps,
        ..served(3, NOW)
    }
}

#[test]
fn what_an_older_release_wrote_is_read_and_what_a_newer_one_writes_is_not() {
    let read: Vec<u8> = (0..=u8::MAX).filter(|one| format::is_read(*one)).collect();
    assert_eq!(read, [1, 2]);
}

#[test]
fn decisions_of_several_threads_come_in_the_order_of_their_ends() {
    let ended = |number, after_ms: u64| {
        let mut decision = served(number, NOW);
        decision.total_us = after_ms * 1_000;
        decision
    };
    let mut shards: [Shard; 3] = Default::default();
    for (shard, decisions) in shards.iter_mut().zip([
        vec![ended(1, 10), ended(2, 40)],
        vec![ended(3, 20), ended(4, 20), ended(5, 90)],
        vec![ended(6, 5)],
    ]) {
        for decision in decisions {
            assert_eq!(shard.write(&decision), Written::Kept);
        }
    }
    let mut pending = Pending::default();
    pending.take_in(shards.into());
    let segment = &pending.segments[0];
    let read = format::records(&segment.bytes).map(|record| format::read(record).unwrap());
    let order: Vec<u8> = read.map(|decision| decision.id.as_bytes()[15]).collect();
    assert_eq!(order, [6, 1, 3, 4, 2, 5]);
    assert_eq!((segment.count, pending.decisions()), (6, 6));
    assert_eq!(segment.ids.0.as_bytes()[15], 1);
    assert_eq!(segment.ids.1.as_bytes()[15], 6);
}

fn sums(decisions: &[Decision]) -> Vec<UsageRow> {
    let (mut sums, models) = (Sums::default(), Models::default());
    for decision in decisions {
        let agent = decision.agent.unwrap();
        assert_eq!(sums.add(agent, decision, &models), 0);
    }
    let mut rows = Vec::new();
    sums.move_to(&mut rows);
    rows.sort_by_key(|row| (row.model.clone(), row.key));
    rows
}

#[test]
fn usage_is_summed_with_names_estimates_and_missing_prices() {
    let mut estimated = served(2, NOW);
    estimated.usage_source = Some(UsageSource::Estimate);
    estimated.cost = None;
    let rows = sums(&[served(1, NOW), estimated, refused(3, NOW)]);
    assert_eq!(rows.len(), 2);
    let without_key = &rows[0];
    assert_eq!(
        (without_key.key, without_key.requests, without_key.failed),
        (None, 1, 1)
    );
    assert_eq!(
        (&*without_key.key_label, without_key.usage.total()),
        ("", 0)
    );
    let with_key = &rows[1];
    assert_eq!(
        (with_key.day, &*with_key.agent_name),
        (Day::of(NOW), "mayor")
    );
    assert_eq!((&*with_key.pool, &*with_key.key_label), ("anthropic", "a"));
    assert_eq!((with_key.requests, with_key.failed), (2, 0));
    assert_eq!((with_key.estimated, with_key.unpriced), (1, 1));
    assert_eq!(with_key.usage.total(), 340);
    assert_eq!(with_key.cost, Money::from_nanos(1_500_000));
}

#[test]
fn absurd_usage_of_many_requests_does_not_overflow() {
    let mut absurd = served(1, NOW);
    absurd.usage.as_mut().unwrap().output = u64::MAX;
    absurd.cost = Some(Money::from_nanos(u64::MAX));
    let rows = sums(&[absurd.clone(), absurd]);
    assert_eq!(rows[0].usage.output, u64::MAX);
    assert_eq!(rows[0].cost.as_nanos(), u64::MAX);
}

#[test]
fn made_up_models_share_a_sum_and_served_ones_have_their_own() {
    let named = |number: u64, decision: Decision| Decision {
        model: Some(format!("model-{number}").into()),
        ..decision
    };
    let mut decisions: Vec<_> = (0..1_000).map(|n| named(n, refused(n, NOW))).collect();
    decisions.extend((2_000..2_300).map(|n| named(n, served(n, NOW))));
    let rows = sums(&decisions);
    let other = rows.iter().find(|row| &*row.model == "(other)").unwrap();
    assert_eq!((rows.len(), other.requests), (256 + 300 + 1, 744));
    let mut without_model = served(1, NOW);
    without_model.model = None;
    assert_eq!(&*sums(&[without_model])[0].model, "-");
}

#[tokio::test]
async fn all_threads_records_are_saved_once() {
    let ledger = Arc::new(Ledger::new());
    let store = MemoryStore::default();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let ledger = Arc::clone(&ledger);
            std::thread::spawn(move || {
                for number in 0..500 {
                    ledger.record(&served(writer * 1_000 + number, NOW));
                }
            })
        })
        .collect();
    for _ in 0..20 {
        ledger.save(&store).await.unwrap();
    }
    for writer in writers {
        writer.join().unwrap();
    }
    ledger.save(&store).await.unwrap();
    let counts = ledger.counts();
    assert_eq!(
        (counts.recorded, counts.lost, counts.waiting),
        (2_000, 0, 0)
    );
    let rows = store.usage_rows(Day::of(NOW), Day::of(NOW)).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.requests).sum::<u64>(), 2_000);
}

#[tokio::test(start_paused = true)]
async fn an_idle_plane_forgets_old_decisions_too() {
    let ledger = Ledger::new();
    let (store, clock) = (MemoryStore::default(), TestClock::at(NOW));
    let everything = SegmentWish {
        order: SegmentOrder::NewestBelow(u64::MAX),
        id: None,
        since: None,
        until: None,
        most_bytes: u64::MAX,
    };
    ledger.record(&served(1, NOW));
    let a_while = async |ms| {
        let while_kept = ledger.keep_saving(&store, &clock);
        let _ = tokio::time::timeout(Duration::from_millis(ms), while_kept).await;
        store.decision_segments(&everything).await.unwrap().len()
    };
    assert_eq!(a_while(120_000).await, 1, "it is young");
    clock.advance(Duration::from_secs(8 * 86_400));
    assert_eq!(a_while(3_700_000).await, 0, "and nothing came since");
}

#[tokio::test]
async fn what_a_reader_had_saved_counts_for_pruning() {
    let (ledger, store) = (Ledger::new(), MemoryStore::default());
    ledger.unpruned.store(0, Ordering::Relaxed);
    ledger.record(&served(1, NOW));
    ledger.save(&store).await.unwrap();
    assert!(ledger.unpruned.load(Ordering::Relaxed) > 0);
}
