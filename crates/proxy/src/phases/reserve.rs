//! Between admission and lease: what a request may use is reserved in the budgets that bind its agent and its pool. The
//! record holds the reservation and settles it when the request is over, however it ends.

use crate::call::Call;
use crate::refusal::Refusal;
use portunus_app::budgets::{Amounts, Demand};
use portunus_core::usage::{Counted, Money, Usage};
use std::sync::Arc;

/// Reserves what the call is expected to use, or says which budget has no room for it.
pub(crate) fn reserve(call: &mut Call) -> Result<(), Refusal> {
    let plane = Arc::clone(&call.door.plane);
    if !plane.budgets().any() {
        return Ok(());
    }
    let expected = Usage {
        input: call.expected.input,
        output: call.expected.output,
        ..Usage::default()
    };
    let demand = Demand {
        agent: call.agent,
        pool: call.pool.id(),
        amounts: Amounts {
            tokens: expected.total(),
            money: cost(call, expected),
        },
    };
    match plane.budgets().reserve(&demand) {
        Ok(reservation) => {
            call.record.reserved(reservation);
            Ok(())
        }
        Err(over) => {
            call.record.over_budget(&over);
            Err(Refusal::over_budget(&over, plane.now()))
        }
    }
}

/// What it would cost; `None` when its model has no price. Counting tokens and listing models cost nothing.
fn cost(call: &Call, expected: Usage) -> Option<Money> {
    if expected == Usage::default() {
        return Some(Money::ZERO);
    }
    let prices = call.door.plane.prices();
    prices.cost(&call.ask.model, &Counted::estimated(expected))
}
