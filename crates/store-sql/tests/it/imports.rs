//! Random commands about imports and slow hashes, for the comparison with the model.

use crate::model::{a_key, read_key};
use portunus_core::agent::Principal;
use portunus_core::imported::Pbkdf2;
use portunus_core::token::{Kid, TokenDigest};
use portunus_store::conformance::sample::{agent, bytes, event, token};
use portunus_store::{ImportBatch, ImportedAgent, ImportedToken, Store};
use proptest::prelude::*;
use std::num::NonZeroU32;

/// A command; small numbers stand for ids, names and marks, so that commands meet.
#[derive(Clone, Debug)]
pub(crate) enum ImportCommand {
    /// Of one agent at most: which of several conflicts is told is nobody's business.
    Import {
        agent: Option<Stranger>,
        key: Option<(u32, u32, u32, u32)>,
    },
    Upgrade {
        kid: u32,
        digest: u8,
    },
}

/// An agent of another system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stranger {
    id: u32,
    name: u32,
    kid: u32,
    mark: u8,
    is_slow: bool,
}

pub(crate) fn import_command() -> impl Strategy<Value = ImportCommand> {
    let stranger = (1..5_u32, 1..4_u32, 1..30_u32, 1..6_u8, any::<bool>()).prop_map(
        |(id, name, kid, mark, is_slow)| Stranger {
            id,
            name,
            kid,
            mark,
            is_slow,
        },
    );
    prop_oneof![
        3 => (prop::option::weighted(0.8, stranger), prop::option::weighted(0.2, a_key()))
            .prop_map(|(agent, key)| ImportCommand::Import { agent, key }),
        2 => (1..30_u32, 1..4_u8).prop_map(|(kid, digest)| ImportCommand::Upgrade { kid, digest }),
    ]
}

fn imported(stranger: Stranger) -> ImportedAgent {
    let agent = agent(stranger.id, &format!("agent-{}", stranger.name));
    let token = token(stranger.kid, Principal::Agent(agent.id));
    let slow = Pbkdf2 {
        iterations: NonZeroU32::new(stranger.kid).unwrap(),
        salt: "p\u{e9}per".into(),
        digest: [stranger.mark; 32],
        prefix: (stranger.mark > 2).then(|| "agk_".into()),
    };
    ImportedAgent {
        imported: ImportedToken {
            kid: token.kid,
            mark: [stranger.mark; 32],
            slow: stranger.is_slow.then_some(slow),
        },
        agent,
        token,
    }
}

/// Carries it out and tells how it ended, and which tokens were imported by then.
pub(crate) async fn perform(store: &dyn Store, command: &ImportCommand) -> String {
    let done = match *command {
        ImportCommand::Import { agent, key } => {
            let batch = ImportBatch {
                agents: agent.map(imported).into_iter().collect(),
                keys: key.map(read_key).into_iter().collect(),
                events: vec![event("import.applied", "it")],
            };
            store.import(&batch).await
        }
        ImportCommand::Upgrade { kid, digest } => {
            let kid = Kid::from_bytes(bytes(kid));
            let digest = TokenDigest::from_bytes([digest; 32]);
            let upgraded = event("token.upgraded", "it");
            store.upgrade_imported(kid, digest, &upgraded).await
        }
    };
    let names: Vec<_> = (1..4).map(|name| format!("agent-{name}")).collect();
    let names: Vec<_> = names.iter().map(|name| name.parse().unwrap()).collect();
    let kids: Vec<_> = (1..30).map(|kid| Kid::from_bytes(bytes(kid))).collect();
    let ground = store.import_ground(&names, &kids).await.unwrap();
    let (mut agents, mut owners) = (Vec::from_iter(ground.agents), Vec::from_iter(ground.owners));
    agents.sort();
    owners.sort();
    let tokens = store.imported_tokens().await.unwrap();
    format!("{done:?} {tokens:?} {agents:?} {owners:?}")
}
