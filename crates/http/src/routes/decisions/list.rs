//! Lists decisions, newest first, or oldest first for those who follow.

use crate::error::Refusal;
use crate::extract::{Params, moment, page};
use crate::wire;
use crate::wire::decisions::Labels;
use axum::Json;
use axum::extract::State;
use portunus_api::decisions::{Decision, DecisionsQuery, WantedOutcome};
use portunus_api::{ErrorCode, List};
use portunus_app::decisions::{DecisionFilter, DecisionWish, From, OutcomeFilter};
use portunus_app::{Plane, decisions};
use portunus_core::decision::Outcome;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "decisions",
    verb: "list",
};

/// List decisions
#[utoipa::path(
    get,
    path = "/api/v1/decisions",
    operation_id = "list_decisions",
    tag = "decisions",
    params(DecisionsQuery),
    responses((status = 200, description = "Decisions of finished requests", body = List<Decision>))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Params(query): Params<DecisionsQuery>,
) -> Result<Json<List<Decision>>, Refusal> {
    if query.after.is_some() && query.cursor.is_some() {
        let detail = "after and cursor exclude each other: the cursor knows where the list goes on";
        return Err(Refusal::new(ErrorCode::InvalidParameter, detail).fix("leave after away"));
    }
    let page = page(query.limit, query.cursor.clone())?;
    let wish = DecisionWish {
        from: query.after.map_or(From::Newest, From::After),
        filter: filter(query)?,
    };
    let page = decisions::list(&plane, wish, page).await?;
    let labels = Labels::of(&plane);
    Ok(Json(wire::list(page, |found| {
        wire::decisions::decision(&labels, found)
    })))
}

fn filter(query: DecisionsQuery) -> Result<DecisionFilter, Refusal> {
    Ok(DecisionFilter {
        agent: query.agent,
        key: query.key,
        pool: query.pool,
        model: query.model,
        outcome: query.outcome.map(outcome),
        since: moment("since", query.since)?,
        until: moment("until", query.until)?,
        slower_than_ms: query.slower_than_ms,
    })
}

const fn outcome(wanted: WantedOutcome) -> OutcomeFilter {
    OutcomeFilter::Only(match wanted {
        WantedOutcome::Failed => return OutcomeFilter::Failed,
        WantedOutcome::Served => Outcome::Served,
        WantedOutcome::ClientFault => Outcome::ClientFault,
        WantedOutcome::Refused => Outcome::Refused,
        WantedOutcome::BrokenOff => Outcome::BrokenOff,
        WantedOutcome::ClientLeft => Outcome::ClientLeft,
    })
}
