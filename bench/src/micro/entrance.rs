//! What every request pays at the door before any work: its token is verified, and its agent admitted by a quota. Timed
//! call by call, for fleets of any size; the median is judged.

use super::plant::{Plant, headers};
use super::{Clockwork, Unit, each};
use anyhow::{Context, Result};
use portunus_app::admission::{Pace, Paces};
use portunus_core::admission::Class;
use std::num::NonZeroU32;
use std::time::Instant;

/// The most that half of the calls may take, in nanoseconds.
const MOST_NS: f64 = 2_000.0;
/// How many times the smallest fleet's median the largest's may be. The work is the same; what is read of an agent comes
/// from farther away, when a million take turns.
const FLAT: f64 = 3.0;
/// Calls in the shortest run; each batch of other steps stands for as many.
const CALLS: usize = 1_000;

pub(super) fn time(clockwork: &mut Clockwork, fleets: [usize; 3]) -> Result<()> {
    let calls = CALLS * usize::try_from(clockwork.batches)?;
    let mut medians = Vec::new();
    for agents in fleets {
        let plant = Plant::new(agents, 0)?;
        let median = median_ns(&plant, calls)?;
        let name = format!("verify and admit, {agents} agents, p50");
        clockwork.judge(name, median, Unit::Nanoseconds, MOST_NS);
        let share = each(plant.grown_bytes, agents)?;
        if agents >= 10_000 {
            let name = format!("memory of the directory per agent, {agents} agents");
            clockwork.add(name, share, Unit::Bytes);
        }
        medians.push(median);
    }
    if let ([few, .., many], [.., most]) = (medians.as_slice(), fleets) {
        let name = format!("verify and admit, {most} agents to {}", fleets[0]);
        clockwork.judge(name, many / few, Unit::Times, FLAT);
    }
    Ok(())
}

/// The median of `calls`, each by another agent that nobody could foresee. A request's headers were just read, so they
/// are written before each call and outside of its time.
fn median_ns(plant: &Plant, calls: usize) -> Result<f64> {
    let plane = &plant.plane;
    let burst = NonZeroU32::new(10_000_000).context("zero")?;
    let llm = Pace {
        rate: burst.get(),
        burst,
    };
    plane.admission().limit(Paces {
        llm,
        ..Paces::default()
    });
    let mut times = Vec::with_capacity(calls);
    // A step that shares no divisor with round numbers visits all of them in no order.
    let mut turn = plant.tokens.iter().cycle().step_by(7_919);
    for _ in 0..calls {
        let token = turn.next().context("there is no agent")?;
        let headers = headers(token)?;
        let start = Instant::now();
        let session = plant.session(&headers)?;
        let admitted = plane
            .admission()
            .pace(session.principal, Class::Llm, plane.tick());
        let took = start.elapsed();
        admitted?;
        times.push(took);
    }
    let half = times.len() / 2;
    let (_, median, _) = times.select_nth_unstable(half);
    Ok(median.as_secs_f64() * 1e9)
}
