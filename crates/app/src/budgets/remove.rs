//! Removes a budget. What was counted for it is forgotten, unless another budget counts the same.

use crate::audit::{Detailed, caused};
use crate::failure::Failure;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::budget::Budget;
use portunus_core::ids::BudgetId;
use portunus_store::StoreError;
use std::sync::Arc;

/// Why a budget was not removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoveBudgetError {
    /// There is no such budget.
    #[error("no budget has this id")]
    NotFound,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Removes the budget `id`, and tells what it was.
pub async fn remove(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Budget>>,
    id: BudgetId,
) -> Result<Budget, RemoveBudgetError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let budget = plane.budgets().by_id(id);
            let budget = budget.ok_or(RemoveBudgetError::NotFound)?;
            let mut event = caused(asked.by(), plane.clock.now(), "budget.removed", budget.id)
                .with("scope", budget.scope.kind())
                .with("limit", budget.quantity.limit(budget.limit));
            if let Some((kind, name)) = plane.budgets().bound_by(budget.scope) {
                event = event.with(kind, name);
            }
            let event = asked.sign(event, &budget)?;
            match plane.store.remove_budget(id, &event).await {
                Err(StoreError::NotFound) => return Err(RemoveBudgetError::NotFound),
                other => other.map_err(Failure::from)?,
            }
            plane.budgets().forget(id);
            Ok(budget)
        })
        .await
}
