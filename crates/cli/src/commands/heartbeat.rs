//! `portunus heartbeat`: one beat of the agent whose token it has.

use super::plane::Plane;
use crate::args::heartbeat::HeartbeatArgs;
use crate::failure::Failure;
use crate::output::moment;
use portunus_api::liveness::{Heartbeat, HeartbeatAnswer};

/// Beats once.
pub(super) async fn run(args: HeartbeatArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    let body = Heartbeat {
        cadence: args.cadence.map(|cadence| cadence.to_string()),
        note: args.note,
        ..Heartbeat::default()
    };
    let answer = plane.post("/heartbeat", &body).await?;
    plane.show(&answer, |heard: HeartbeatAnswer| {
        let next = match heard.next_beat_ms {
            Some(ms) => format!("beat again in {}", moment::span(ms)),
            None => "nothing is promised".to_owned(),
        };
        format!(
            "{}, cadence {}; {next}\n",
            heard.status.as_str(),
            heard.cadence
        )
    })
}
