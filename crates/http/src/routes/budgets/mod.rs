//! `/api/v1/budgets`: how much agents and pools may use.

pub(crate) mod list;
pub(crate) mod remove;
pub(crate) mod set;
pub(crate) mod show;
pub(crate) mod update;

use crate::error::Refusal;
use crate::table::Table;
use portunus_app::budgets::ChangeBudgetError;
use portunus_core::ids::BudgetId;

/// Every route of budgets, with its scope.
pub(super) fn register(table: Table) -> Table {
    table
        .guarded::<list::__path_handle, _, _>(list::SCOPE, list::handle)
        .guarded::<set::__path_handle, _, _>(set::SCOPE, set::handle)
        .guarded::<show::__path_handle, _, _>(show::SCOPE, show::handle)
        .guarded::<update::__path_handle, _, _>(update::SCOPE, update::handle)
        .guarded::<remove::__path_handle, _, _>(remove::SCOPE, remove::handle)
}

/// The id in a path.
fn id(reference: &str) -> Result<BudgetId, Refusal> {
    reference.parse().map_err(|_| nothing())
}

fn nothing() -> Refusal {
    ChangeBudgetError::NotFound.into()
}
