//! Opens many streams at once and holds them, so that the memory of an open stream can be read.

use super::Plan;
use super::connection::{Connection, Heard};
use super::request::Template;
use crate::poller::Poller;
use anyhow::{Result, bail};
use serde::Serialize;
use std::io::Read;
use std::time::Instant;

/// That the streams are open.
#[derive(Clone, Copy, Debug, Serialize)]
struct Held {
    /// How many answers have begun.
    streams: usize,
    /// How long it took until the last one began, in seconds.
    seconds: f64,
}

/// Opens the plan's connections with one stream each, tells when every answer has begun, and holds them until standard
/// input ends.
pub(crate) fn hold(plan: &Plan) -> Result<()> {
    let template = Template::new(plan.target, &plan.ask, &plan.tokens)?;
    let mut poller = Poller::new()?;
    let mut connections = Vec::with_capacity(plan.connections);
    let start = Instant::now();
    let tokens = plan.tokens.iter().cycle();
    for (place, token) in (0..plan.connections).zip(tokens) {
        let mut connection = Connection::open(plan.target, &template, &poller, place)?;
        connection.ask(token, None, &poller, place)?;
        connections.push(connection);
    }
    let mut scratch = vec![0; 64 * 1024];
    let mut ready = Vec::new();
    let mut begun = 0;
    while begun < connections.len() {
        if start.elapsed() > plan.lasts {
            bail!(
                "only {begun} of {} streams began in time",
                connections.len()
            );
        }
        poller.wait(Some(plan.lasts), &mut ready)?;
        for place in ready
            .drain(..)
            .filter_map(|number| usize::try_from(number).ok())
        {
            let Some(connection) = connections.get_mut(place) else {
                continue;
            };
            let before = connection.has_begun();
            if let Heard::Whole(answer) = connection.hear(&mut scratch, &poller, place)? {
                bail!("a stream ended with status {}", answer.status);
            }
            if !before && connection.has_begun() {
                begun += 1;
            }
        }
    }
    let held = Held {
        streams: begun,
        seconds: start.elapsed().as_secs_f64(),
    };
    println!("{}", serde_json::to_string(&held)?);
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
