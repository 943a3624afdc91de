//! Sets a budget, and changes one. Per scope and quantity there is one budget, so setting it again changes it.

use super::HIGHEST_LIMIT;
use crate::agents::show::ShowError;
use crate::audit::{Detailed, caused};
use crate::entropy;
use crate::failure::Failure;
use crate::once::Asked;
use crate::plane::Plane;
use crate::{agents, pool_settings};
use portunus_core::agent::Principal;
use portunus_core::audit::AuditEvent;
use portunus_core::budget::{Action, Budget, BudgetScope, Quantity, WarnAt};
use portunus_core::ids::BudgetId;
use portunus_store::StoreError;
use std::sync::Arc;

/// Whom a budget shall bind, by names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The agent of this name or id.
    Agent(String),
    /// Every agent by itself.
    EveryAgent,
    /// The pool of this name or id.
    Pool(String),
}

/// What a budget shall say.
#[derive(Clone, Debug)]
pub struct NewBudget {
    /// Whom it binds.
    pub target: Target,
    /// What is counted.
    pub quantity: Quantity,
    /// How much of it at most; money in billionths of a US dollar.
    pub limit: u64,
    /// What happens beyond it; `None` leaves it, and stops for a new budget.
    pub action: Option<Action>,
    /// When operators are warned; `None` leaves it, and is the default for a new budget.
    pub warn_at: Option<WarnAt>,
}

/// What shall change of a budget; `None` stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct BudgetChange {
    /// How much at most.
    pub limit: Option<u64>,
    /// What happens beyond it.
    pub action: Option<Action>,
    /// When operators are warned.
    pub warn_at: Option<WarnAt>,
}

/// Whether there was such a budget before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// It is new.
    New,
    /// It has changed, or was so already.
    Changed,
}

/// A budget as it is now.
#[derive(Clone, Copy, Debug)]
pub struct SetBudget {
    /// The budget.
    pub budget: Budget,
    /// Whether it is new.
    pub setting: Setting,
}

/// Why a budget was not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetBudgetError {
    /// There is no such agent.
    #[error("no agent has this name or id")]
    NoSuchAgent,
    /// There is no such pool.
    #[error("no pool has this name or id")]
    NoSuchPool,
    /// It is higher than [`HIGHEST_LIMIT`].
    #[error("the limit is too high")]
    TooHigh,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Why a budget did not change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeBudgetError {
    /// There is no such budget.
    #[error("no budget has this id")]
    NotFound,
    /// It is higher than [`HIGHEST_LIMIT`].
    #[error("the limit is too high")]
    TooHigh,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Sets a budget: a new one, or other numbers of the one that binds the same target by the same quantity.
pub async fn set(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<SetBudget>>,
    new: NewBudget,
) -> Result<SetBudget, SetBudgetError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            if new.limit > HIGHEST_LIMIT {
                return Err(SetBudgetError::TooHigh);
            }
            let scope = scope_of(&plane, &new.target).await?;
            let known = plane.budgets().at(scope, new.quantity);
            let setting = known.map_or(Setting::New, |_| Setting::Changed);
            let before = match known {
                Some(known) => known,
                None => unset(&plane, scope, &new)?,
            };
            let budget = Budget {
                limit: new.limit,
                action: new.action.unwrap_or(before.action),
                warn_at: new.warn_at.unwrap_or(before.warn_at),
                ..before
            };
            let set = SetBudget { budget, setting };
            let sign = |event: AuditEvent| asked.sign_inside(&event, &set);
            match save(&plane, asked.by(), known, budget, sign).await {
                Ok(()) => Ok(set),
                Err(StoreError::NotFound) => Err(match new.target {
                    Target::Pool(_) => SetBudgetError::NoSuchPool,
                    Target::Agent(_) | Target::EveryAgent => SetBudgetError::NoSuchAgent,
                }),
                Err(other) => Err(SetBudgetError::Failure(other.into())),
            }
        })
        .await
}

/// What a new budget says where nobody said anything else.
fn unset(plane: &Plane, scope: BudgetScope, new: &NewBudget) -> Result<Budget, Failure> {
    Ok(Budget {
        id: BudgetId::from_bytes(entropy::draw()?),
        scope,
        quantity: new.quantity,
        limit: new.limit,
        action: Action::Stop,
        warn_at: WarnAt::default(),
        created_at: plane.clock.now(),
    })
}

/// Changes the budget `id`.
pub async fn change(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Budget>>,
    id: BudgetId,
    change: BudgetChange,
) -> Result<Budget, ChangeBudgetError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let before = plane.budgets().by_id(id);
            let before = before.ok_or(ChangeBudgetError::NotFound)?;
            let limit = change.limit.unwrap_or(before.limit);
            if limit > HIGHEST_LIMIT {
                return Err(ChangeBudgetError::TooHigh);
            }
            let budget = Budget {
                limit,
                action: change.action.unwrap_or(before.action),
                warn_at: change.warn_at.unwrap_or(before.warn_at),
                ..before
            };
            let sign = |event: AuditEvent| asked.sign_inside(&event, &budget);
            match save(&plane, asked.by(), Some(before), budget, sign).await {
                Ok(()) => Ok(budget),
                Err(StoreError::NotFound) => Err(ChangeBudgetError::NotFound),
                Err(other) => Err(ChangeBudgetError::Failure(other.into())),
            }
        })
        .await
}

async fn scope_of(plane: &Plane, target: &Target) -> Result<BudgetScope, SetBudgetError> {
    match target {
        Target::EveryAgent => Ok(BudgetScope::EveryAgent),
        Target::Agent(name) => match agents::show(plane, name).await {
            Ok(agent) => Ok(BudgetScope::Agent(agent.id)),
            Err(ShowError::NotFound) => Err(SetBudgetError::NoSuchAgent),
            Err(ShowError::Failure(failure)) => Err(failure.into()),
        },
        Target::Pool(name) => pool_settings::show(plane, name)
            .map(|pool| BudgetScope::Pool(pool.id))
            .map_err(|_| SetBudgetError::NoSuchPool),
    }
}

/// Stores the budget and lets accounts obey it; nothing happens when it says what it said `before`.
async fn save(
    plane: &Plane,
    by: Principal,
    before: Option<Budget>,
    budget: Budget,
    sign: impl FnOnce(AuditEvent) -> Result<AuditEvent, StoreError>,
) -> Result<(), StoreError> {
    if before == Some(budget) {
        return Ok(());
    }
    let action = before.map_or("budget.set", |_| "budget.changed");
    let limit = |budget: Budget| budget.quantity.limit(budget.limit);
    let mut event = caused(by, plane.clock.now(), action, budget.id)
        .with("scope", budget.scope.kind())
        .with("limit", limit(budget))
        .with("action", budget.action.as_str())
        .with("warn_at", budget.warn_at.percent());
    if let Some((kind, name)) = plane.budgets().bound_by(budget.scope) {
        event = event.with(kind, name);
    }
    if let Some(before) = before.filter(|before| before.limit != budget.limit) {
        event = event.with("limit_before", limit(before));
    }
    plane.store.set_budget(&budget, &sign(event)?).await?;
    plane.budgets().put(budget);
    Ok(())
}
