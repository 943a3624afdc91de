//! What a person would do first, over the control API: pools, keys, agents.

use super::cast::{AGENTS, KEYS, Tongue};
use super::wire::Wire;
use anyhow::Context;
use http::Method;
use serde_json::{Value, json};

/// How long a call may wait for a key; longer than any limit of the demonstration.
const MAX_WAIT_MS: u64 = 60_000;

/// The board on which agents meet.
pub(super) const BOARD: &str = "square";

/// An agent that has its token.
#[derive(Clone)]
pub(super) struct Hired {
    pub(super) name: &'static str,
    pub(super) tongue: Tongue,
    pub(super) cadence: &'static str,
    pub(super) wire: Wire,
}

/// Speaks to the control API with the first operator's token.
#[derive(Clone)]
pub(super) struct Operator {
    pub(super) wire: Wire,
}

impl Operator {
    /// Points both pools at the provider and fills them.
    pub(super) async fn open_pools(&self, provider_url: &str) -> anyhow::Result<()> {
        for pool in ["anthropic", "openai"] {
            let settings = json!({"base_url": provider_url, "max_wait_ms": MAX_WAIT_MS});
            self.wire
                .control(
                    Method::PATCH,
                    &format!("/api/v1/pools/{pool}"),
                    Some(&settings),
                )
                .await?;
        }
        let keys: Vec<Value> = KEYS
            .iter()
            .map(|part| json!({"pool": part.pool, "label": part.label, "secret": part.secret}))
            .collect();
        self.wire
            .control(
                Method::POST,
                "/api/v1/keys/batch",
                Some(&json!({"keys": keys})),
            )
            .await?;
        Ok(())
    }

    /// Gives every agent a token of its own.
    pub(super) async fn hire(&self) -> anyhow::Result<Vec<Hired>> {
        let mut hired = Vec::new();
        for (name, tongue, cadence) in AGENTS {
            let created = self
                .wire
                .control(Method::POST, "/api/v1/agents", Some(&json!({"name": name})))
                .await?;
            let token = created
                .get("token")
                .and_then(Value::as_str)
                .context("a new agent came without a token")?;
            hired.push(Hired {
                name,
                tongue,
                cadence,
                wire: self.wire.with_token(token),
            });
        }
        Ok(hired)
    }

    /// Opens the board on which agents meet.
    pub(super) async fn open_board(&self) -> anyhow::Result<()> {
        let board = json!({"name": BOARD, "description": "Where the town meets"});
        let path = "/api/v1/boards";
        self.wire.control(Method::POST, path, Some(&board)).await?;
        Ok(())
    }

    /// Gives an agent another token; the one before works until the first use of this one and a while after.
    pub(super) async fn rotate(&self, name: &str) -> anyhow::Result<String> {
        let path = format!("/api/v1/agents/{name}/tokens/rotate");
        let rotated = self.wire.control(Method::POST, &path, None).await?;
        let token = rotated.get("token").and_then(Value::as_str);
        Ok(token.context("a rotation came without a token")?.to_owned())
    }

    /// The record's newest page, newest first.
    pub(super) async fn record(
        &self,
    ) -> anyhow::Result<portunus_api::List<portunus_api::audit::AuditRecord>> {
        let page = self
            .wire
            .control(Method::GET, "/api/v1/audit?limit=500", None)
            .await?;
        serde_json::from_value(page).context("reading the record")
    }
}
