//! What a plane does for each request: prove, reserve, lease, charge, record.

use super::Clockwork;
use super::plant::{Plant, headers};
use anyhow::{Context, Result};
use portunus_app::CredentialHeaders;
use portunus_app::budgets::{self, Demand, NewBudget, Target};
use portunus_app::pools::{Attempted, PoolHandle};
use portunus_core::budget::{Amounts, Quantity, Window};
use portunus_core::decision::{Attempt, Decision, Outcome, Step};
use portunus_core::pool::Ask;
use portunus_core::pool::answer::{Class, Observation};
use portunus_core::provider_key::Protocol;
use portunus_core::usage::{Money, Usage, UsageSource};
use portunus_proxy::provider;
use std::borrow::Cow;
use std::sync::Arc;

const MODEL: &str = "claude-sonnet-4-5";

pub(super) fn time(clockwork: &mut Clockwork, fleet: usize) -> Result<()> {
    for agents in [10, fleet] {
        verification(clockwork, &Plant::new(agents, 0)?)?;
    }
    for keys in [2, 10, 100, 1000] {
        leases(clockwork, &Plant::new(1, keys)?, keys)?;
    }
    let plant = Plant::new(1, 2)?;
    budget(clockwork, &plant)?;
    record(clockwork, &plant)
}

fn verification(clockwork: &mut Clockwork, plant: &Plant) -> Result<()> {
    let mut turn = plant.agents.iter().cycle();
    let name = format!("verify a token, {} agents in turn", plant.agents.len());
    clockwork.time(name, || turn.next().map(|headers| plant.session(headers)));
    access_tokens(clockwork, plant)
}

/// Access tokens that were seen before, and one whose signature is checked each time, because it does not fit.
fn access_tokens(clockwork: &mut Clockwork, plant: &Plant) -> Result<()> {
    let seen = plant.access_tokens(1_000)?;
    let mut turn = seen.iter().cycle();
    let name = format!("verify an access token, {} agents in turn", seen.len());
    clockwork.time(name, || turn.next().map(|headers| plant.session(headers)));
    let first = seen.first().context("there is no agent")?;
    let text = CredentialHeaders::of(first).credential()?;
    let (signed, _) = text.rsplit_once('.').context("it has no signature")?;
    let forged = headers(&format!("{signed}.{}", "A".repeat(86)))?;
    clockwork.time("check the signature of an unseen access token", || {
        plant.session(&forged)
    });
    Ok(())
}

fn pool(plant: &Plant) -> Result<Arc<PoolHandle>> {
    let name = "anthropic".parse()?;
    plant
        .plane
        .pools()
        .pool(&name)
        .context("the pool is missing")
}

fn ask(plant: &Plant) -> Result<Ask> {
    Ok(Ask {
        agent: plant.agent()?,
        model: MODEL.into(),
        family: provider::family(Protocol::Anthropic, MODEL),
        conversation: None,
        excluded: Vec::new(),
        avoided: Vec::new(),
        bound: None,
    })
}

fn leases(clockwork: &mut Clockwork, plant: &Plant, keys: usize) -> Result<()> {
    let (pool, ask) = (pool(plant)?, ask(plant)?);
    let good = Observation::bare(Class::Ok);
    clockwork.time(
        format!("lease, report, release, {keys} keys"),
        || match pool.try_lease(&ask) {
            Attempted::Granted(mut lease) => lease.report(&good),
            Attempted::Wait { .. } | Attempted::Impossible(_) => {}
        },
    );
    Ok(())
}

fn budget(clockwork: &mut Clockwork, plant: &Plant) -> Result<()> {
    let demand = Demand {
        agent: plant.agent()?,
        pool: pool(plant)?.id(),
        amounts: Amounts {
            tokens: 1536,
            money: Some(Money::from_nanos(20_000_000)),
        },
    };
    let used = Amounts {
        tokens: 600,
        money: Some(Money::from_nanos(5_000_000)),
    };
    let once = || {
        plant
            .plane
            .budgets()
            .reserve(&demand)
            .map(|mut reservation| reservation.settle(used))
    };
    clockwork.time("reserve and settle, no budget", once);
    for (target, quantity) in [
        (Target::EveryAgent, Quantity::Tokens(Window::Day)),
        (Target::EveryAgent, Quantity::Concurrency),
        (
            Target::Pool("anthropic".to_owned()),
            Quantity::Money(Window::Month),
        ),
    ] {
        let new = NewBudget {
            target,
            quantity,
            limit: 1 << 52,
            action: None,
            warn_at: None,
        };
        plant.operate(async |plane, operator| Ok(budgets::set(plane, operator, new).await?))?;
    }
    clockwork.time("reserve and settle, 3 budgets", once);
    Ok(())
}

fn record(clockwork: &mut Clockwork, plant: &Plant) -> Result<()> {
    let mut decision = decision(plant)?;
    clockwork.time("record a decision (metrics, traces, ledger)", || {
        decision.id = plant.plane.request_id();
        plant.plane.finished(&decision);
    });
    Ok(())
}

/// The story of an ordinary request.
fn decision(plant: &Plant) -> Result<Decision> {
    let pool = pool(plant)?;
    let Attempted::Granted(mut lease) = pool.try_lease(&ask(plant)?) else {
        anyhow::bail!("no key is free");
    };
    let attempt = Attempt {
        at_us: 12,
        took_us: 900,
        pool: pool.id(),
        pool_name: pool.settings().name.clone(),
        key: lease.key(),
        label: lease.label().clone(),
        choice: lease.take_choice(),
        status: Some(200),
        class: Cow::Borrowed("ok"),
        detail: None,
    };
    Ok(Decision {
        id: plant.plane.request_id(),
        at: plant.plane.now(),
        agent: Some(plant.agent()?),
        agent_name: Some("fleet-0".into()),
        endpoint: Cow::Borrowed("messages"),
        model: Some(MODEL.into()),
        steps: vec![Step::Attempted(attempt)],
        outcome: Outcome::Served,
        status: 200,
        reason: None,
        first_byte_us: Some(910),
        total_us: 950,
        usage: Some(Usage {
            input: 512,
            cache_read: 128,
            output: 24,
            ..Usage::default()
        }),
        usage_source: Some(UsageSource::Provider),
        cost: Some(Money::from_nanos(1_900_000)),
        trace: None,
    })
}
