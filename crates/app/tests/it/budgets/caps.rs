//! The promise under load: however many ask at once, no reservation passes a cap.

use super::scene::{Scene, amounts, pool};
use portunus_app::budgets::{Amounts, Reservation, Target};
use portunus_core::budget::{Quantity, Window};
use portunus_core::ids::AgentId;
use portunus_testkit::Seeded;
use proptest::prelude::*;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::runtime::Runtime;

const ADMISSIONS: u64 = 10_000;
const THREADS: u64 = 20;
const AGENTS: u32 = 4;

/// What is charged now as the test knows it: never more than the plane has charged.
#[derive(Default)]
struct Charged {
    now: AtomicU64,
    peak: AtomicU64,
}

impl Charged {
    /// After a reservation was made.
    fn add(&self, amount: u64) {
        let now = self.now.fetch_add(amount, Ordering::SeqCst) + amount;
        self.peak.fetch_max(now, Ordering::SeqCst);
    }

    /// Before something is given back.
    fn sub(&self, amount: u64) {
        self.now.fetch_sub(amount, Ordering::SeqCst);
    }
}

fn of(quantity: Quantity, amounts: Amounts) -> u64 {
    amounts.of(quantity).unwrap()
}

/// One thread's share of the admissions: some are settled for less, some released, some go on to the end.
fn ask(
    scene: &Scene,
    quantity: Quantity,
    agents: &[AgentId],
    (in_pool, by_agent): (&Charged, &[Charged]),
    seed: u64,
) -> Vec<Reservation> {
    let mut dice = Seeded::new(seed);
    let mut running: Vec<(usize, Amounts, Reservation)> = Vec::new();
    for _ in 0..ADMISSIONS / THREADS {
        let place = usize::try_from(dice.below(u64::from(AGENTS))).unwrap();
        let wanted = amounts(1 + dice.below(50), 1 + dice.below(50));
        if let Ok(mut reservation) = scene.reserve(agents[place], wanted) {
            reservation.dispatched();
            in_pool.add(of(quantity, wanted));
            by_agent[place].add(of(quantity, wanted));
            running.push((place, wanted, reservation));
        }
        if running.len() > 3 {
            let which = usize::try_from(dice.below(4)).unwrap();
            let (place, wanted, mut reservation) = running.swap_remove(which);
            let released = dice.below(2) == 0;
            let used = amounts(wanted.tokens / 2, 0);
            let kept = match quantity {
                Quantity::Concurrency => 0,
                _ if released => 0,
                _ => of(quantity, used),
            };
            let back = of(quantity, wanted) - kept;
            in_pool.sub(back);
            by_agent[place].sub(back);
            if released {
                reservation.release();
            } else {
                reservation.settle(used);
            }
        }
    }
    running
        .into_iter()
        .map(|(_, _, reservation)| reservation)
        .collect()
}

fn storm(quantity: Quantity, pool_cap: u64, agent_cap: u64, seed: u64) {
    let runtime = Runtime::new().unwrap();
    let (scene, agents, of_pool) = runtime.block_on(async {
        let scene = Scene::new().await;
        let mut agents = Vec::new();
        for number in 0..AGENTS {
            agents.push(scene.add_agent(&format!("agent-{number}")).await);
        }
        let of_pool = scene.set(pool(), quantity, pool_cap).await;
        scene.set(Target::EveryAgent, quantity, agent_cap).await;
        (scene, agents, of_pool)
    });
    let in_pool = Charged::default();
    let by_agent: Vec<Charged> = agents.iter().map(|_| Charged::default()).collect();
    let start = Barrier::new(usize::try_from(THREADS).unwrap());
    let running: Vec<Vec<Reservation>> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (scene, agents, start) = (&scene, &agents, &start);
                let charged = (&in_pool, by_agent.as_slice());
                scope.spawn(move || {
                    start.wait();
                    ask(scene, quantity, agents, charged, seed ^ (thread << 32))
                })
            })
            .collect();
        asking
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(in_pool.peak.load(Ordering::SeqCst) <= pool_cap);
    for charged in &by_agent {
        assert!(charged.peak.load(Ordering::SeqCst) <= agent_cap);
    }
    // The plane's own sums agree with the test's to the last unit.
    let (spent, reserved) = scene.used(&of_pool);
    assert_eq!(spent + reserved, in_pool.now.load(Ordering::SeqCst));
    assert!(spent + reserved <= pool_cap);
    drop(running);
    assert_eq!(scene.used(&of_pool).1, 0);
}

/// Every measure, in turn.
fn quantity() -> impl Strategy<Value = Quantity> {
    prop_oneof![
        Just(Quantity::Requests(Window::Day)),
        Just(Quantity::Tokens(Window::Total)),
        Just(Quantity::Money(Window::Month)),
        Just(Quantity::Concurrency),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_reservation_passes_a_cap_with_ten_thousand_admissions_at_once(
        quantity in quantity(),
        pool_cap in 1..4_000_u64,
        agent_cap in 1..2_000_u64,
        seed in any::<u64>(),
    ) {
        storm(quantity, pool_cap, agent_cap, seed);
    }
}

#[test]
fn no_reservation_passes_a_cap_of_any_measure() {
    for quantity in [
        Quantity::Requests(Window::Minute),
        Quantity::Tokens(Window::Day),
        Quantity::Money(Window::Total),
        Quantity::Concurrency,
    ] {
        storm(quantity, 700, 300, 7);
    }
}

#[tokio::test]
async fn a_cap_is_used_to_its_last_unit() {
    let scene = Scene::new().await;
    let mayor = scene.add_agent("mayor").await;
    let budget = scene
        .set(pool(), Quantity::Requests(Window::Day), 100)
        .await;
    let held: Vec<Reservation> = (0..1_000)
        .filter_map(|_| scene.reserve(mayor, amounts(1, 1)).ok())
        .collect();
    assert_eq!((held.len(), scene.used(&budget)), (100, (0, 100)));
}
