//! What heartbeats cost the roll of agents: a fleet at a cadence of ten seconds beats in turn, and its timers go off.

use super::{Clockwork, Unit, each, resident_bytes};
use anyhow::{Context, Result};
use portunus_core::ids::AgentId;
use portunus_core::liveness::{Cadence, Past, Pulse, Roll, Watch};
use portunus_core::time::Tick;

const AGENTS: usize = 100_000;

/// So many of them beat within a millisecond: each once in ten seconds.
const A_MILLISECOND: u32 = 10;

/// An agent that does nothing but beat.
#[derive(Debug)]
struct Beating;

impl Pulse for Beating {
    fn heard_at(&self) -> Option<Tick> {
        None
    }

    fn is_busy(&self) -> bool {
        false
    }

    fn listen(&self) {}
}

pub(super) fn time(clockwork: &mut Clockwork) -> Result<()> {
    let cadence = Cadence::from_secs(10).context("a cadence")?;
    let before = resident_bytes()?;
    let (mut now, mut events) = (Tick::from_millis(1_000), Vec::new());
    let mut roll = Roll::new(now);
    let mut agents = Vec::with_capacity(AGENTS);
    for _ in 0..AGENTS {
        let mut id = [0; 16];
        getrandom::fill(&mut id)?;
        let agent = AgentId::from_bytes(id);
        let known = (Some(cadence), Watch::On, Past::Heard);
        roll.enlist(agent, Beating, known, now, &mut events);
        agents.push(agent);
    }
    let grown = resident_bytes()?.saturating_sub(before);
    let name = format!("memory of the roll per agent, {AGENTS} agents");
    clockwork.add(name, each(grown, AGENTS)?, Unit::Bytes);
    let (mut turn, mut beats) = (agents.iter().cycle(), 0_u32);
    let name = format!("a heartbeat and its share of timers, {AGENTS} agents at a cadence of 10 s");
    clockwork.time(name, || {
        beats += 1;
        if beats == A_MILLISECOND {
            (beats, now) = (0, now.plus_ms(1));
            if roll.next_look() <= now {
                roll.advance(now, &mut events);
            }
        }
        turn.next()
            .map(|agent| roll.beat(*agent, Some(cadence), now, &mut events))
    });
    Ok(())
}
