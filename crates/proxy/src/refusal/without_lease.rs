//! The noes of a request that gets no key: no pool, no quota left, no room in a budget, every key at rest or out of use.

use super::reason::Reason;
use super::{Refusal, sentence};
use crate::call::Call;
use portunus_app::admission::OverQuota;
use portunus_app::budgets::OverBudget;
use portunus_app::pools::Refused;
use portunus_core::budget::Why;
use portunus_core::pool::Impossible;
use portunus_core::provider_key::Protocol;
use portunus_core::time::Timestamp;

impl Refusal {
    /// The protocol has no pool.
    pub(crate) fn no_pool(protocol: Protocol) -> Self {
        let name = protocol.as_str();
        Self::new(
            Reason::Unavailable,
            format!("This plane has no pool '{name}'. An operator can create it: portunus pools create {name} --protocol {name}."),
        )
        .futile()
    }

    /// The agent's own quota of model calls is used up. It has room again within a minute, since no rate is below one a
    /// minute, and so long clients wait by themselves.
    pub(crate) fn over_quota(over: &OverQuota) -> Self {
        let mut refusal = Self::new(Reason::Paced, format!("{}.", sentence(&over.to_string())));
        refusal.retry_after_s = Some(over.retry_after_ms.div_ceil(1000));
        refusal
    }

    /// A budget has no room for the request.
    pub(crate) fn over_budget(over: &OverBudget, now: Timestamp) -> Self {
        let resets_at = over.shortage.resets_at;
        let seconds = resets_at.map(|at| now.ms_until(at).div_ceil(1000).max(1));
        let (reason, retry_after_s) = match over.shortage.why {
            Why::Held => (Reason::BudgetHeld, Some(1)),
            // A reset within a minute is worth a client's own waiting.
            Why::Spent if seconds.is_some_and(|s| s <= 60) => (Reason::BudgetHeld, seconds),
            Why::Spent => (Reason::BudgetSpent, seconds),
            Why::NeverFits | Why::Unpriced => (Reason::BudgetUnfit, None),
        };
        let mut refusal = Self::new(reason, over.to_string());
        refusal.retry_after_s = retry_after_s;
        refusal
    }

    /// The pool gave no key.
    pub(crate) fn no_key(call: &Call, refused: &Refused) -> Self {
        let settings = call.pool.settings();
        let pool = settings.name.as_str();
        let why = match refused {
            Refused::Exhausted { earliest } => {
                return Self::exhausted(pool, call.door.plane.now(), *earliest);
            }
            Refused::Impossible(why) => why,
        };
        match (why, &call.last) {
            (Impossible::NoKeys, _) => Self::new(
                Reason::Unavailable,
                format!("Pool '{pool}' has no enabled key. An operator can add one: portunus keys add --pool {pool} --label NAME."),
            )
            .futile(),
            (Impossible::AllQuarantined, _) => Self::new(
                Reason::Unavailable,
                format!("Every key of pool '{pool}' is out of use until an operator acts: portunus keys status --pool {pool}."),
            )
            .futile(),
            (Impossible::OutOfMoney, _) => Self::new(
                Reason::OutOfMoney,
                format!("No provider account behind pool '{pool}' has money left. An operator can top one up and then run: portunus keys clear KEY."),
            ),
            (Impossible::BoundKeyGone, _) => Self::new(
                Reason::InvalidRequest,
                "The provider account that this conversation lives in is no longer available here. Send the conversation anew in 'input'.",
            ),
            (Impossible::NotEntitled, Some(answer)) => Self::entitlement(answer),
            (Impossible::NotEntitled, None) => Self::new(
                Reason::InvalidRequest,
                format!("No key of pool '{pool}' may use this model. Use another model, or ask an operator for a key that may."),
            ),
        }
    }

    /// Every key rests for longer than the request may wait.
    fn exhausted(pool: &str, now: Timestamp, earliest: Option<Timestamp>) -> Self {
        let wait_s = earliest.map(|at| now.ms_until(at).div_ceil(1000).max(1));
        let until = wait_s.map_or_else(String::new, |s| format!(" The earliest is free in {s} s."));
        let mut refusal = Self::new(
            Reason::Limited,
            format!(
                "Every key of pool '{pool}' is limited by its provider for longer than this request may wait.{until} An operator can add a key, or let requests wait longer: portunus pools set {pool} --max-wait 30m."
            ),
        );
        refusal.retry_after_s = wait_s;
        refusal
    }
}
