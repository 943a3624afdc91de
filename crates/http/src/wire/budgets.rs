//! Budgets on the wire.

use super::agents::called;
use super::time::rfc3339;
use crate::error::Refusal;
use portunus_api::ErrorCode;
use portunus_api::budgets as api;
use portunus_app::Plane;
use portunus_app::budgets::{BudgetView, HIGHEST_LIMIT};
use portunus_core::budget::{Action, BudgetScope, Measure, Quantity, WarnAt, Window};
use portunus_core::time::Timestamp;

pub(crate) fn budget(plane: &Plane, view: &BudgetView, now: Timestamp) -> api::Budget {
    let BudgetView { budget, level, .. } = view;
    let called = view.agent.and_then(|agent| called(plane, agent));
    let (of_subject, of_fullest) = match budget.scope {
        BudgetScope::EveryAgent => (None, called),
        BudgetScope::Agent(_) | BudgetScope::Pool(_) => (called, None),
    };
    api::Budget {
        id: budget.id.to_string(),
        scope: match budget.scope {
            BudgetScope::EveryAgent => api::BudgetScope::EveryAgent,
            BudgetScope::Agent(_) => api::BudgetScope::Agent,
            BudgetScope::Pool(_) => api::BudgetScope::Pool,
        },
        subject: view.subject.clone(),
        subject_display_name: of_subject,
        measure: match budget.quantity.measure() {
            Measure::Requests => api::Measure::Requests,
            Measure::Tokens => api::Measure::Tokens,
            Measure::Money => api::Measure::Money,
            Measure::Concurrency => api::Measure::Concurrency,
        },
        window: budget.quantity.window().map(|window| match window {
            Window::Minute => api::Window::Minute,
            Window::Day => api::Window::Day,
            Window::Month => api::Window::Month,
            Window::Total => api::Window::Total,
        }),
        limit: budget.limit,
        action: match budget.action {
            Action::Warn => api::Action::Warn,
            Action::Stop => api::Action::Stop,
        },
        warn_at: budget.warn_at.percent(),
        fullest: view.fullest.clone(),
        fullest_display_name: of_fullest,
        spent: level.spent,
        reserved: level.reserved,
        remaining: level.remaining(),
        resets_at: level.resets_at.map(rfc3339),
        resets_in_ms: level.resets_at.map(|at| now.ms_until(at)),
        created_at: rfc3339(budget.created_at),
    }
}

/// What a client wants counted.
pub(crate) fn quantity(
    measure: api::Measure,
    window: Option<api::Window>,
) -> Result<Quantity, Refusal> {
    let measure = match measure {
        api::Measure::Requests => Measure::Requests,
        api::Measure::Tokens => Measure::Tokens,
        api::Measure::Money => Measure::Money,
        api::Measure::Concurrency => Measure::Concurrency,
    };
    let window = window.map(|window| match window {
        api::Window::Minute => Window::Minute,
        api::Window::Day => Window::Day,
        api::Window::Month => Window::Month,
        api::Window::Total => Window::Total,
    });
    Quantity::new(measure, window)
        .map_err(|error| Refusal::new(ErrorCode::InvalidBody, format!("the field window: {error}")))
}

/// A limit that can be kept.
pub(crate) fn limit(limit: u64) -> Result<u64, Refusal> {
    if limit <= HIGHEST_LIMIT {
        return Ok(limit);
    }
    let detail = format!("the field limit must be at most {HIGHEST_LIMIT}");
    Err(Refusal::new(ErrorCode::InvalidBody, detail))
}

pub(crate) const fn action(action: api::Action) -> Action {
    match action {
        api::Action::Warn => Action::Warn,
        api::Action::Stop => Action::Stop,
    }
}

/// A share at which operators can be warned.
pub(crate) fn warn_at(percent: u8) -> Result<WarnAt, Refusal> {
    WarnAt::from_percent(percent).ok_or_else(|| {
        let detail = "the field warn_at must be a whole number of per cent from 1 to 100";
        Refusal::new(ErrorCode::InvalidBody, detail)
    })
}
