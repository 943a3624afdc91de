//! A plane in this process, on a database in memory where the system offers that.

use super::resident_bytes;
use crate::seed;
use anyhow::{Context, Result, bail};
use portunus_app::access::exchange;
use portunus_app::bootstrap::first_start;
use portunus_app::clock::SystemClock;
use portunus_app::keys::add::NewKey;
use portunus_app::keys::{self, ProviderSecret};
use portunus_app::pools::Vault;
use portunus_app::upstream_policy::{PrivateUpstreams, UpstreamPolicy};
use portunus_app::{CredentialHeaders, Plane, PlaneParts, Session};
use portunus_core::agent::Principal;
use portunus_core::ids::AgentId;
use portunus_core::secret::Secret;
use portunus_core::time::Clock;
use portunus_core::token::Pepper;
use portunus_store::Store;
use portunus_store_sql::SqliteStore;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll, Waker};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// So many agents have their credentials as headers too, which take more room than all the rest.
const SHOWN: usize = 10_000;

/// A plane with agents and keys.
pub(super) struct Plant {
    pub(super) plane: Arc<Plane>,
    /// Credentials of its agents, as headers; of many, the first.
    pub(super) agents: Vec<http::HeaderMap>,
    /// Credentials of all of them.
    pub(super) tokens: Vec<String>,
    /// By how much this process grew when all of them were taken into memory.
    pub(super) grown_bytes: u64,
    operator: Principal,
    runtime: Runtime,
    _folder: TempDir,
}

impl Plant {
    /// Builds one.
    pub(super) fn new(agents: usize, keys: usize) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let folder = seed::folder_in_memory()?;
        let (plane, tokens, operator, before) = runtime.block_on(build(&folder, agents, keys))?;
        // A plane that has just begun may still read its fleet into memory; whoever asks is read at once.
        for token in &tokens {
            runtime.block_on(plane.authenticate_text(token))?;
        }
        let grown_bytes = resident_bytes()?.saturating_sub(before);
        let first = tokens.iter().take(SHOWN);
        let agents = first.map(|token| headers(token)).collect::<Result<_>>()?;
        Ok(Self {
            plane,
            agents,
            tokens,
            grown_bytes,
            operator,
            runtime,
            _folder: folder,
        })
    }

    /// Proves who sends these headers; what is in memory is proven without waiting.
    pub(super) fn session(&self, headers: &http::HeaderMap) -> Result<Session> {
        let proof = pin!(self.plane.admit(headers, None));
        match proof.poll(&mut Task::from_waker(Waker::noop())) {
            Poll::Ready(session) => Ok(session?),
            Poll::Pending => bail!("the credential is not in memory"),
        }
    }

    /// An access token of each of the first agents, as headers.
    pub(super) fn access_tokens(&self, most: usize) -> Result<Vec<http::HeaderMap>> {
        let tokens = self.agents.iter().take(most);
        let tokens = tokens.map(|agent| {
            let token = CredentialHeaders::of(agent).credential()?;
            let token = Secret::new(token.to_owned());
            let issued = self.runtime.block_on(exchange(&self.plane, token, None))?;
            headers(issued.token.expose())
        });
        tokens.collect()
    }

    /// The first agent.
    pub(super) fn agent(&self) -> Result<AgentId> {
        let headers = self.agents.first().context("there is no agent")?;
        match self.session(headers)?.principal {
            Principal::Agent(id) => Ok(id),
            Principal::Operator(_) => bail!("an agent is an operator"),
        }
    }

    /// Does what an operator does.
    pub(super) fn operate<T>(
        &self,
        work: impl AsyncFnOnce(&Arc<Plane>, Principal) -> Result<T>,
    ) -> Result<T> {
        self.runtime.block_on(work(&self.plane, self.operator))
    }
}

/// The plane, tokens of its agents, its operator, and what this process had in memory before the plane was opened.
type Built = (Arc<Plane>, Vec<String>, Principal, u64);

async fn build(folder: &TempDir, agents: usize, keys: usize) -> Result<Built> {
    let store = Arc::new(SqliteStore::open(&folder.path().join("portunus.db")).await?);
    let vault = Arc::new(Vault::new(&[7; 32].into()));
    let pepper = Pepper::new(1, &[9; 32]);
    let now = SystemClock.now();
    let first = first_start(&*store, now, &pepper, &vault).await?;
    let first = first.context("the database is not new")?;
    let operator = first.token().expose().to_owned();
    first.store(&*store).await?;
    let tokens = seed::fleet(&store, &pepper, agents).await?;
    let before = resident_bytes()?;
    let plane = Plane::open(PlaneParts {
        store: Arc::clone(&store) as Arc<dyn Store>,
        clock: Arc::new(SystemClock),
        pepper,
        vault,
        upstream_policy: UpstreamPolicy::new(PrivateUpstreams::Allowed),
        offers: Vec::new(),
        background: tokio::runtime::Handle::current(),
    })
    .await?;
    let operator = headers(&operator)?;
    let operator = plane.admit(&operator, None).await?.principal;
    let new = (0..keys).map(key).collect::<Result<Vec<_>>>()?;
    if !new.is_empty() {
        keys::add(&plane, operator, new).await?;
    }
    Ok((plane, tokens, operator, before))
}

fn key(number: usize) -> Result<NewKey> {
    Ok(NewKey {
        pool: "anthropic".parse()?,
        label: format!("key-{number}").parse()?,
        secret: ProviderSecret::parse(&format!("sk-ant-api03-bench-{number:08}"))?,
        priority: 0,
        base_url: None,
    })
}

pub(super) fn headers(token: &str) -> Result<http::HeaderMap> {
    let mut headers = http::HeaderMap::new();
    headers.insert("x-api-key", token.parse()?);
    Ok(headers)
}
