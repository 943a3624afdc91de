//! What the limiter costs: time per admission, and memory per principal.

use super::{Clockwork, Unit, each, resident_bytes};
use anyhow::{Context, Result};
use portunus_app::admission::{Admission, Pace, Paces};
use portunus_core::admission::Class;
use portunus_core::agent::Principal;
use portunus_core::ids::AgentId;
use portunus_core::time::Tick;
use std::num::NonZeroU32;

/// Of the many; the few are ten.
const MANY: usize = 1_000_000;

pub(super) fn time(clockwork: &mut Clockwork) -> Result<()> {
    for count in [10, MANY] {
        let admission = admission()?;
        let now = Tick::from_millis(1_000_000);
        let agents: Vec<Principal> = (0..count).map(|_| principal()).collect::<Result<_>>()?;
        let before = resident_bytes()?;
        for agent in &agents {
            admission.pace(*agent, Class::Llm, now)?;
        }
        let grown = resident_bytes()?.saturating_sub(before);
        // Ids are random, so their places in memory are in no order that the processor foresees.
        let mut turn = agents.iter().cycle();
        let name = format!("admit by a quota, {count} principals in turn");
        clockwork.time(name, || {
            turn.next()
                .map(|agent| admission.pace(*agent, Class::Llm, now))
        });
        if count == MANY {
            let name = format!("memory of the limiter per principal, {count} principals");
            clockwork.add(name, each(grown, count)?, Unit::Bytes);
        }
    }
    Ok(())
}

/// A limiter whose quotas are never used up.
fn admission() -> Result<Admission> {
    let (admission, most) = (Admission::default(), 10_000_000);
    let burst = NonZeroU32::new(most).context("zero")?;
    let llm = Pace { rate: most, burst };
    let paces = Paces::default();
    admission.limit(Paces { llm, ..paces });
    Ok(admission)
}

fn principal() -> Result<Principal> {
    let mut id = [0; 16];
    getrandom::fill(&mut id)?;
    Ok(Principal::Agent(AgentId::from_bytes(id)))
}
