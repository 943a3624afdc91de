//! The rounds: one message to everyone, which must reach each connection once; then all acknowledge it.

use super::{Crowd, News, PATIENCE, Report};
use crate::histogram::Histogram;
use anyhow::{Context, Result, bail};
use std::time::{Duration, Instant};

/// For how long nothing may come any more before the next round.
const QUIET: Duration = Duration::from_millis(300);

/// Plays all of them.
pub(super) fn play(crowd: &mut Crowd<'_>) -> Result<Report> {
    let (mut arrived, mut written) = (Histogram::default(), Histogram::default());
    let mut read = Histogram::default();
    for round in 0..u32::try_from(crowd.plan.rounds)? {
        write(crowd, round, &mut arrived, &mut written)?;
        be_quiet(crowd)?;
        read.record(acknowledge(crowd)?);
        be_quiet(crowd)?;
    }
    Ok(Report {
        arrived: arrived.quantiles(),
        written: written.quantiles(),
        read: read.quantiles(),
    })
}

fn write(
    crowd: &mut Crowd<'_>,
    round: u32,
    arrived: &mut Histogram,
    written: &mut Histogram,
) -> Result<()> {
    let all = crowd.listeners.len();
    let mut has_it = vec![false; all];
    let (mut reached, mut is_written) = (0, false);
    let begun = Instant::now();
    crowd.write(round)?;
    while reached < all || !is_written {
        if begun.elapsed() > PATIENCE {
            bail!("round {round} reached {reached} of {all} connections");
        }
        crowd.wait(PATIENCE, |number, news| {
            match news {
                News::Written => {
                    is_written = true;
                    written.record(begun.elapsed());
                }
                News::Arrived(of) if of == round => {
                    let Some(has_it) = has_it.get_mut(number) else {
                        bail!("connection {number} is none");
                    };
                    if std::mem::replace(has_it, true) {
                        bail!("connection {number} had round {round} twice");
                    }
                    reached += 1;
                    arrived.record(begun.elapsed());
                }
                other => bail!("{other:?} came to connection {number} in round {round}"),
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Nothing comes: nothing twice, that is.
fn be_quiet(crowd: &mut Crowd<'_>) -> Result<()> {
    let until = Instant::now() + QUIET;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        crowd.wait(left, |number, news| {
            bail!("{news:?} came to connection {number} between two rounds")
        })?;
    }
    Ok(())
}

/// All of them read the message; how long until the last one's answer.
fn acknowledge(crowd: &mut Crowd<'_>) -> Result<Duration> {
    let writer = crowd.writer.as_ref().context("nothing was written")?;
    let message = writer.written()?;
    let (begun, mut answered) = (Instant::now(), 0);
    for listener in &mut crowd.listeners {
        listener.read(&message)?;
    }
    while answered < crowd.listeners.len() {
        if begun.elapsed() > PATIENCE {
            bail!("only {answered} acknowledgements were answered");
        }
        crowd.wait(PATIENCE, |number, news| match news {
            News::Read => {
                answered += 1;
                Ok(())
            }
            other => bail!("{other:?} came to connection {number} instead of an answer"),
        })?;
    }
    Ok(begun.elapsed())
}
