//! What of a decision is exported: less than the ledger keeps, so that leaving it in the queue is cheap.

use portunus_core::decision::{Attempt, Decision, Outcome, Step};
use portunus_core::ids::RequestId;
use portunus_core::name::{Label, Slug};
use portunus_core::time::Timestamp;
use portunus_core::trace::TraceContext;
use portunus_core::usage::{Money, Usage};
use std::borrow::Cow;
use std::sync::Arc;

/// One request that is over.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) id: RequestId,
    pub(super) at: Timestamp,
    pub(super) trace: Option<TraceContext>,
    pub(super) agent: Option<Arc<str>>,
    pub(super) endpoint: Cow<'static, str>,
    pub(super) model: Option<Arc<str>>,
    pub(super) outcome: Outcome,
    pub(super) status: u16,
    pub(super) reason: Option<Cow<'static, str>>,
    pub(super) first_byte_us: Option<u64>,
    pub(super) total_us: u64,
    pub(super) usage: Option<Usage>,
    pub(super) cost: Option<Money>,
    pub(super) scenes: Vec<Scene>,
}

/// One part of it.
#[derive(Debug)]
pub(super) enum Scene {
    /// It stood in the queue.
    Wait { at_us: u64, took_us: u64 },
    /// It was sent upstream.
    Try {
        at_us: u64,
        took_us: u64,
        pool: Slug,
        key: Label,
        status: Option<u16>,
        class: Cow<'static, str>,
    },
}

impl Story {
    /// What of `decision` is exported.
    pub(super) fn of(decision: &Decision) -> Self {
        Self {
            id: decision.id,
            at: decision.at,
            trace: decision.trace,
            agent: decision.agent_name.clone(),
            endpoint: decision.endpoint.clone(),
            model: decision.model.clone(),
            outcome: decision.outcome,
            status: decision.status,
            reason: decision.reason.clone(),
            first_byte_us: decision.first_byte_us,
            total_us: decision.total_us,
            usage: decision.usage,
            cost: decision.cost,
            scenes: decision.steps.iter().filter_map(scene).collect(),
        }
    }

    /// What the conventions call the operation: their word where they have one, else the endpoint.
    pub(super) fn operation(&self) -> &str {
        match self.endpoint.as_ref() {
            "messages" | "chat_completions" | "responses" => "chat",
            "-" => "unknown",
            other => other,
        }
    }

    /// Whose protocol was spoken, where the endpoint says so.
    pub(super) fn provider(&self) -> Option<&'static str> {
        match self.endpoint.as_ref() {
            "messages" | "count_tokens" => Some("anthropic"),
            "chat_completions" | "responses" | "embeddings" => Some("openai"),
            other => other.starts_with("responses_").then_some("openai"),
        }
    }

    /// What went wrong, in one of a few words; `None` when nothing did.
    pub(super) fn error(&self) -> Option<&'static str> {
        match self.outcome {
            Outcome::Served => None,
            failed => Some(failed.as_str()),
        }
    }
}

fn scene(step: &Step) -> Option<Scene> {
    match step {
        Step::OverBudget { .. } | Step::Repeated { .. } => None,
        Step::Waited { at_us, took_us, .. } => Some(Scene::Wait {
            at_us: *at_us,
            took_us: *took_us,
        }),
        Step::Attempted(attempt) => Some(tried(attempt)),
    }
}

fn tried(attempt: &Attempt) -> Scene {
    Scene::Try {
        at_us: attempt.at_us,
        took_us: attempt.took_us,
        pool: attempt.pool_name.clone(),
        key: attempt.label.clone(),
        status: attempt.status,
        class: attempt.class.clone(),
    }
}
