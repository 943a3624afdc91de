//! Random commands about who was heard of when, for the random model.

use portunus_core::ids::AgentId;
use portunus_core::liveness::{Cadence, Watch};
use portunus_store::conformance::sample::{at, bytes, event};
use portunus_store::{Liveness, Store};
use proptest::prelude::*;

/// A command; small numbers stand for ids.
#[derive(Clone, Debug)]
pub(crate) enum LivenessCommand {
    /// What is known of agents is saved.
    Save { agents: Vec<(u32, Known)> },
    /// An agent is paused, or watched again.
    Watch { agent: u32, watch: Watch },
    /// They are read, page by page.
    Read { limit: u32 },
}

/// What is known of one agent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    cadence_s: Option<u32>,
    note: Option<u32>,
    beat: bool,
    is_told_offline: bool,
}

fn known() -> impl Strategy<Value = Known> {
    let cadence = prop::option::of(prop_oneof![Just(0), Just(45), Just(600)]);
    (
        cadence,
        prop::option::of(0..3_u32),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(cadence_s, note, beat, is_told_offline)| Known {
            cadence_s,
            note,
            beat,
            is_told_offline,
        })
}

pub(crate) fn liveness_command() -> impl Strategy<Value = LivenessCommand> {
    let watch = prop_oneof![Just(Watch::On), Just(Watch::Paused)];
    prop_oneof![
        4 => prop::collection::vec((1..6_u32, known()), 1..5)
            .prop_map(|agents| LivenessCommand::Save { agents }),
        2 => (1..6_u32, watch).prop_map(|(agent, watch)| LivenessCommand::Watch { agent, watch }),
        1 => (1..4_u32).prop_map(|limit| LivenessCommand::Read { limit }),
    ]
}

fn row(agent: u32, known: Known, now: u64) -> Liveness {
    Liveness {
        cadence: known
            .cadence_s
            .map(|secs| Cadence::from_secs(secs).unwrap()),
        note: known
            .note
            .map(|number| format!("note {number}").parse().unwrap()),
        heartbeat_at: known.beat.then(|| at(now)),
        seen_at: Some(at(now)),
        is_told_offline: known.is_told_offline,
        // Nobody saves it so: the store leaves the watch as it is.
        watch: Watch::Paused,
        ..Liveness::of(AgentId::from_bytes(bytes(agent)))
    }
}

/// Does the command, and tells all of the answer.
pub(crate) async fn perform(store: &dyn Store, command: &LivenessCommand, now: u64) -> String {
    match command {
        LivenessCommand::Save { agents } => {
            let rows = agents.iter().map(|(agent, known)| row(*agent, *known, now));
            let rows: Vec<Liveness> = rows.collect();
            format!("{:?}", store.save_liveness(&rows).await)
        }
        LivenessCommand::Watch { agent, watch } => {
            let agent = AgentId::from_bytes(bytes(*agent));
            let happened = event("test.command", "it");
            format!("{:?}", store.watch_agent(agent, *watch, &happened).await)
        }
        LivenessCommand::Read { limit } => format!("{:?}", all(store, *limit).await),
    }
}

/// What is known of every agent, read in pages of `limit`.
pub(crate) async fn all(store: &dyn Store, limit: u32) -> Vec<Liveness> {
    let (mut all, mut from) = (Vec::<Liveness>::new(), AgentId::from_bytes([0; 16]));
    loop {
        // The last one of a page comes again as the first of the next.
        let page = store.liveness_from(from, limit + 1).await.unwrap();
        let fresh = page.iter().filter(|row| !all.contains(row)).cloned();
        let fresh: Vec<Liveness> = fresh.collect();
        match (fresh.is_empty(), page.last()) {
            (false, Some(last)) => from = last.agent,
            _ => return all,
        }
        all.extend(fresh);
    }
}
