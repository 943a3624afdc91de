//! How full budgets are.

use super::exposition::{Page, number};
use super::series::BUDGET_SPENT;
use crate::budgets::{BudgetView, Whose, list};
use crate::plane::Plane;
use portunus_core::budget::BudgetScope;

/// How many budgets are shown, the fullest of them.
const MOST: usize = 200;

/// Writes them.
pub(super) async fn write(page: &mut Page, plane: &Plane) {
    // Asked for all, the list does not ask the store, which is the only thing that can fail.
    let views = list(plane, Whose::All).await.unwrap_or_default();
    let views = views.iter().map(|view| (spent_ratio(view), view));
    let mut views: Vec<(f64, &BudgetView)> = views.collect();
    views.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let mut samples = page.begin(&BUDGET_SPENT);
    for (ratio, view) in views.into_iter().take(MOST) {
        let scope = match view.budget.scope {
            BudgetScope::EveryAgent => "every_agent",
            BudgetScope::Agent(_) => "agent",
            BudgetScope::Pool(_) => "pool",
        };
        let subject = view.subject.as_deref().unwrap_or("*");
        let quantity = view.budget.quantity.to_string();
        samples.sample(&[scope, subject, &quantity], ratio);
    }
}

fn spent_ratio(view: &BudgetView) -> f64 {
    let limit = view.level.budget.limit;
    if limit == 0 {
        // Nothing may be used, and nothing is left.
        return 1.0;
    }
    let used = view.level.spent.saturating_add(view.level.reserved);
    number(used) / number(limit)
}
