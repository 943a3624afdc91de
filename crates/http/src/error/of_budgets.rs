//! How use cases about budgets end, as refusals.

use super::Refusal;
use portunus_api::ErrorCode;
use portunus_app::agents::show::ShowError;
use portunus_app::budgets::{ChangeBudgetError, RemoveBudgetError, SetBudgetError};
use portunus_app::pool_settings::list::NoSuchPool;

impl From<SetBudgetError> for Refusal {
    fn from(error: SetBudgetError) -> Self {
        match error {
            SetBudgetError::NoSuchAgent => ShowError::NotFound.into(),
            SetBudgetError::NoSuchPool => NoSuchPool.into(),
            SetBudgetError::TooHigh => Self::new(ErrorCode::InvalidBody, error.to_string()),
            SetBudgetError::Failure(failure) => failure.into(),
        }
    }
}

impl From<ChangeBudgetError> for Refusal {
    fn from(error: ChangeBudgetError) -> Self {
        match error {
            ChangeBudgetError::NotFound => no_such_budget(),
            ChangeBudgetError::TooHigh => Self::new(ErrorCode::InvalidBody, error.to_string()),
            ChangeBudgetError::Failure(failure) => failure.into(),
        }
    }
}

impl From<RemoveBudgetError> for Refusal {
    fn from(error: RemoveBudgetError) -> Self {
        match error {
            RemoveBudgetError::NotFound => no_such_budget(),
            RemoveBudgetError::Failure(failure) => failure.into(),
        }
    }
}

fn no_such_budget() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "no budget has this id")
        .fix("use an id from `portunus budgets list`")
}
