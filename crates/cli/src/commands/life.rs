//! How agents stand, in words and colours.

use crate::output::{Table, Tone, moment, plain};
use portunus_api::agents::Agent;
use portunus_api::liveness::AgentStatus;

/// How an agent stands, in a line, and what it says of itself in another.
pub(super) fn words(agent: &Agent) -> String {
    let mut words = agent.status.as_str().to_owned();
    if let Some(cadence) = &agent.cadence {
        words.push_str(&format!(", cadence {cadence}"));
    }
    for (what, at) in [
        ("last heartbeat", &agent.last_heartbeat_at),
        ("last seen", &agent.last_seen_at),
    ] {
        if let Some(at) = at {
            words.push_str(&format!(", {what} {}", moment::stamp(at)));
        }
    }
    if let Some(note) = &agent.note {
        words.push_str(&format!("\nsays: {}", plain(note)));
    }
    words
}

/// A line for each.
pub(super) fn table(agents: &[Agent]) -> String {
    let mut table = Table::new(&["NAME", "CALLED", "STATUS", "CADENCE", "LAST SEEN", "ID"])
        .wrapping("CALLED")
        .giving_way(&["ID", "CADENCE", "CALLED", "LAST SEEN"]);
    for agent in agents {
        let called = agent.display_name.as_deref().unwrap_or(&agent.name);
        let seen = agent.last_seen_at.as_deref();
        let seen = seen.map_or_else(|| "never".to_owned(), moment::stamp);
        table.row([
            (agent.name.as_str(), Tone::Plain),
            (called, Tone::Plain),
            (agent.status.as_str(), tone(agent.status)),
            (agent.cadence.as_deref().unwrap_or("-"), Tone::Plain),
            (&seen, Tone::Plain),
            (&agent.id, Tone::Faint),
        ]);
    }
    table.render()
}

const fn tone(status: AgentStatus) -> Tone {
    match status {
        AgentStatus::Online => Tone::Good,
        AgentStatus::Late => Tone::Warn,
        AgentStatus::Offline => Tone::Bad,
        AgentStatus::Provisioning | AgentStatus::Paused | AgentStatus::Unmonitored => Tone::Faint,
    }
}
