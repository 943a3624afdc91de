//! `portunus-bench seed`: gives a stopped plane many agents with genuine tokens, through the store that it uses.
//!
//! The command line would need an hour for a fleet; what is stored is the same. Every token counts as used before, as
//! those of a fleet at work are.

use anyhow::{Context, Result};
use portunus_core::agent::{Agent, Principal};
use portunus_core::audit::{Actor, AuditEvent};
use portunus_core::base62;
use portunus_core::credential::TokenRecord;
use portunus_core::ids::AgentId;
use portunus_core::scope::ScopeSet;
use portunus_core::time::Timestamp;
use portunus_core::token::{Pepper, TokenKind};
use portunus_store::Store;
use portunus_store_sql::SqliteStore;
use std::fs;
use std::path::Path;
use std::time::{Instant, SystemTime};
use tempfile::TempDir;

/// How many agents are made without a word.
const TOLD_EVERY: usize = 20_000;

/// Adds agents to the plane in `data_dir` and writes their tokens to `tokens`, one a line.
pub(crate) fn run(data_dir: &Path, agents: usize, tokens: &Path) -> Result<()> {
    let pepper = pepper(&data_dir.join("pepper"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let store = SqliteStore::open(&data_dir.join("portunus.db")).await?;
        let made = fleet(&store, &pepper, agents).await?;
        store.close().await;
        fs::write(tokens, made.join("\n") + "\n").context("cannot write the tokens")
    })
}

/// `v<version> <43 base62 characters>`, as `portunus serve` writes it.
fn pepper(path: &Path) -> Result<Pepper> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let read = |text: &str| {
        let (version, digits) = text.trim_end().strip_prefix('v')?.split_once(' ')?;
        let bytes: [u8; 32] = base62::decode(digits)?;
        Some(Pepper::new(version.parse().ok()?, &bytes))
    };
    read(&text).context("the pepper has another form")
}

/// So many agents; gives their tokens. Each is a transaction of its own, so that a large fleet takes minutes: standard
/// error hears how far it is.
pub(crate) async fn fleet(
    store: &SqliteStore,
    pepper: &Pepper,
    agents: usize,
) -> Result<Vec<String>> {
    let (mut tokens, start) = (Vec::with_capacity(agents), Instant::now());
    for number in 0..agents {
        if number > 0 && number.is_multiple_of(TOLD_EVERY) {
            let seconds = start.elapsed().as_secs();
            eprintln!("seeding: {number} of {agents} agents after {seconds} s");
        }
        tokens.push(create(store, pepper, number).await?);
    }
    Ok(tokens)
}

/// One agent; gives its token.
async fn create(store: &SqliteStore, pepper: &Pepper, number: usize) -> Result<String> {
    let now = now()?;
    let agent = Agent::new(
        AgentId::from_bytes(draw()?),
        format!("fleet-{number}").parse()?,
        ScopeSet::agent(),
        now,
    );
    let minted = pepper.mint(TokenKind::Agent, &draw()?);
    let whose = Principal::Agent(agent.id);
    let record = TokenRecord {
        first_used_at: Some(now),
        ..TokenRecord::new(minted.kid, minted.digest, whose, now)
    };
    let event = AuditEvent {
        at: now,
        actor: Actor::Plane,
        action: "agent.created",
        subject: agent.id.to_string(),
        details: vec![("name", agent.name.to_string())],
        receipt: None,
    };
    store.create_agent(&agent, &record, &event).await?;
    Ok(minted.text.expose().to_owned())
}

/// A folder that is gone when it is dropped: in memory where the system offers that, because seeding is all small
/// transactions.
pub(crate) fn folder_in_memory() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    Ok(if memory.is_dir() {
        tempfile::tempdir_in(memory)?
    } else {
        tempfile::tempdir()?
    })
}

fn draw<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(bytes)
}

fn now() -> Result<Timestamp> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(Timestamp::from_millis(u64::try_from(since.as_millis())?))
}
