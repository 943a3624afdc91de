//! Decisions on the wire. Labels of keys that were passed over are those of today; the rest is told as it was then.

use super::agents::called;
use super::time::rfc3339;
use portunus_api::decisions as api;
use portunus_app::Plane;
use portunus_app::decisions::NumberedDecision;
use portunus_core::decision::{Attempt, Outcome, Step};
use portunus_core::ids::KeyId;
use portunus_core::name::Label;
use portunus_core::pool::{ChosenFor, PassedOver, WhyNot};
use portunus_core::time::Timestamp;
use portunus_core::usage::{Money, Usage, UsageSource};
use std::collections::HashMap;

/// How every key and agent of the plane is called today.
#[derive(Debug)]
pub(crate) struct Labels<'a> {
    plane: &'a Plane,
    keys: HashMap<KeyId, Label>,
}

impl<'a> Labels<'a> {
    pub(crate) fn of(plane: &'a Plane) -> Self {
        let pools = plane.pools().all();
        let labels = pools.iter().flat_map(|pool| pool.labels());
        Self {
            plane,
            keys: labels.collect(),
        }
    }
}

pub(crate) fn decision(labels: &Labels<'_>, found: NumberedDecision) -> api::Decision {
    let decision = found.decision;
    let waited_us = decision.waited_us();
    let name = decision.agent_name;
    api::Decision {
        seq: found.seq,
        id: decision.id.to_string(),
        at: rfc3339(decision.at),
        agent: decision.agent.map(|id| api::AgentThen {
            id: id.to_string(),
            name: name.as_deref().unwrap_or_default().to_owned(),
            display_name: called(labels.plane, id),
        }),
        endpoint: decision.endpoint.into_owned(),
        model: decision.model.map(|model| model.to_string()),
        steps: decision
            .steps
            .into_iter()
            .map(|s| step(labels, s))
            .collect(),
        outcome: outcome(decision.outcome),
        status: Some(decision.status).filter(|status| *status != 0),
        reason: decision.reason.map(std::borrow::Cow::into_owned),
        waited_us,
        first_byte_us: decision.first_byte_us,
        total_us: decision.total_us,
        usage: decision
            .usage
            .map(|used| usage(used, decision.usage_source)),
        cost_usd: decision.cost.map(dollars),
    }
}

const fn outcome(outcome: Outcome) -> api::Outcome {
    match outcome {
        Outcome::Served => api::Outcome::Served,
        Outcome::ClientFault => api::Outcome::ClientFault,
        Outcome::Refused => api::Outcome::Refused,
        Outcome::BrokenOff => api::Outcome::BrokenOff,
        Outcome::ClientLeft => api::Outcome::ClientLeft,
    }
}

fn usage(usage: Usage, source: Option<UsageSource>) -> api::TokensUsed {
    api::TokensUsed {
        input: usage.input,
        cache_read: usage.cache_read,
        cache_write: usage.cache_write,
        output: usage.output,
        reasoning: usage.reasoning,
        estimated: source == Some(UsageSource::Estimate),
    }
}

/// Exact up to nine million dollars, which is more than one request will ever cost.
pub(crate) fn dollars(money: Money) -> f64 {
    money.as_nanos() as f64 / 1e9
}

fn step(labels: &Labels<'_>, step: Step) -> api::Step {
    match step {
        Step::OverBudget { at_us, budget } => api::Step::OverBudget {
            at_us,
            budget: budget.into_owned(),
        },
        Step::Waited {
            at_us,
            took_us,
            obstacles,
            earliest,
        } => api::Step::Waited {
            at_us,
            took_us,
            obstacles: passed_over(labels, obstacles),
            earliest: earliest.map(rfc3339),
        },
        Step::Attempted(attempted) => api::Step::Attempted(attempt(labels, attempted)),
        Step::Repeated { at_us, original } => api::Step::Repeated {
            at_us,
            original: original.to_string(),
        },
    }
}

fn attempt(labels: &Labels<'_>, attempt: Attempt) -> api::Attempt {
    api::Attempt {
        at_us: attempt.at_us,
        took_us: attempt.took_us,
        pool: attempt.pool_name.to_string(),
        key: attempt.key.to_string(),
        label: attempt.label.to_string(),
        chosen_for: chosen_for(attempt.choice.chosen_for).to_owned(),
        passed_over: passed_over(labels, attempt.choice.passed),
        passed_over_unnamed: attempt.choice.unnamed,
        status: attempt.status,
        class: attempt.class.into_owned(),
        detail: attempt.detail.map(std::borrow::Cow::into_owned),
    }
}

const fn chosen_for(chosen_for: ChosenFor) -> &'static str {
    match chosen_for {
        ChosenFor::OnlyOne => "only_one",
        ChosenFor::Bound => "bound",
        ChosenFor::NotSpent => "not_spent",
        ChosenFor::Priority => "priority",
        ChosenFor::Conversation => "conversation",
        ChosenFor::Headroom => "headroom",
        ChosenFor::LeastRecent => "least_recent",
        ChosenFor::Probe => "probe",
        ChosenFor::Queue => "queue",
    }
}

fn passed_over(labels: &Labels<'_>, passed: Vec<PassedOver>) -> Vec<api::PassedOver> {
    let passed = passed.into_iter().map(|passed| {
        let (why, window, until, headroom_tenths) = why_not(passed.why);
        api::PassedOver {
            key: passed.key.to_string(),
            label: labels.keys.get(&passed.key).map(Label::to_string),
            why: why.to_owned(),
            window,
            until: until.map(rfc3339),
            headroom_tenths,
        }
    });
    passed.collect()
}

/// The stable name, and what there is beside it: window, end, headroom.
fn why_not(why: WhyNot) -> (&'static str, Option<String>, Option<Timestamp>, Option<u8>) {
    let plain = |name| (name, None, None, None);
    match why {
        WhyNot::Disabled => plain("disabled"),
        WhyNot::Quarantined => plain("quarantined"),
        WhyNot::OutOfMoney(until) => ("out_of_money", None, Some(until), None),
        WhyNot::Resting { window, until } => {
            ("resting", Some(window.to_string()), Some(until), None)
        }
        WhyNot::BeingTried => plain("being_tried"),
        WhyNot::NotEntitled => plain("not_entitled"),
        WhyNot::Avoided => plain("avoided"),
        WhyNot::NotBound => plain("not_bound"),
        WhyNot::Spent => plain("spent"),
        WhyNot::LowerPriority => plain("lower_priority"),
        WhyNot::ConversationElsewhere => plain("conversation_elsewhere"),
        WhyNot::LessHeadroom(tenths) => ("less_headroom", None, None, Some(tenths)),
        WhyNot::UsedMoreRecently => plain("used_more_recently"),
    }
}
