//! What a person would do first, over the control API: pools, keys, agents.

use super::cast::{AGENTS, KEYS, Tongue};
use super::wire::Wire;
use anyhow::Context;
use http::Method;
use serde_json::{Value, json};

/// How long a call may wait for a key; longer than any limit of the demonstration.
const MAX_WAIT_MS: u64 = 60_000;

/// An agent that has its token.
pub(super) struct Hired {
    pub(super) name: &'static str,
    pub(super) tongue: Tongue,
    pub(super) wire: Wire,
}

/// Speaks to the control API with the first operator's token.
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
        for (name, tongue) in AGENTS {
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
                wire: self.wire.with_token(token),
            });
        }
        Ok(hired)
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
