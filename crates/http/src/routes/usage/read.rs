//! Reads what was used: sums of requests, tokens and money.

use crate::error::Refusal;
use crate::extract::{Params, page, quoted};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::ErrorCode;
use portunus_api::usage::{UsageQuery, UsageReport};
use portunus_app::usage::{self, Day, UsageDimension};
use portunus_app::{Plane, usage::usage};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "usage",
    verb: "read",
};

/// How many days before today are shown when nobody says.
const DAYS_BEFORE: u32 = 7;

/// Read what was used
///
/// Tokens as the providers counted them, each once, and money by the price table. Requests that end now are included.
#[utoipa::path(
    get,
    path = "/api/v1/usage",
    operation_id = "read_usage",
    tag = "usage",
    params(UsageQuery),
    responses((status = 200, description = "Sums, and everything together", body = UsageReport))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Params(query): Params<UsageQuery>,
) -> Result<Json<UsageReport>, Refusal> {
    let today = Day::of(plane.now());
    let days = days(today, query.since.as_deref(), query.until.as_deref())?;
    let page = page(query.limit, query.cursor)?;
    let wish = usage::UsageQuery {
        days,
        by: dimensions(query.by.as_deref().unwrap_or("agent"))?,
        agent: query.agent,
        model: query.model,
        pool: query.pool,
    };
    let report = usage(&plane, wish, page).await?;
    Ok(Json(wire::usage::report(&plane, days, report)))
}

fn days(today: Day, since: Option<&str>, until: Option<&str>) -> Result<(Day, Day), Refusal> {
    let read = |name: &str, text: &str| {
        wire::usage::day(text).ok_or_else(|| {
            let or_span = if name == "since" {
                ", or days such as 7d"
            } else {
                ""
            };
            let detail = format!("{name} must be a day such as 2026-11-01{or_span}");
            Refusal::new(ErrorCode::InvalidParameter, detail)
        })
    };
    let last = until.map_or(Ok(today), |text| read("until", text))?;
    let before = Day::from_number(
        last.number()
            .min(today.number())
            .saturating_sub(DAYS_BEFORE),
    );
    let first = match since.map(|text| (text, days_ago(text))) {
        None => before,
        Some((_, Some(days))) => Day::from_number(today.number().saturating_sub(days)),
        Some((text, None)) => read("since", text)?,
    };
    if first > last {
        let detail = "since is a later day than until";
        return Err(Refusal::new(ErrorCode::InvalidParameter, detail).fix("exchange them"));
    }
    Ok((first, last))
}

/// `7d` is seven days ago, by the plane's clock.
fn days_ago(text: &str) -> Option<u32> {
    text.strip_suffix('d')?.parse().ok()
}

fn dimensions(text: &str) -> Result<Vec<UsageDimension>, Refusal> {
    let mut by = Vec::new();
    for word in text.split(',') {
        let dimension = match word {
            "day" => UsageDimension::Day,
            "agent" => UsageDimension::Agent,
            "key" => UsageDimension::Key,
            "model" => UsageDimension::Model,
            "pool" => UsageDimension::Pool,
            other => {
                let detail = format!("usage is not told apart by {}", quoted(other));
                return Err(Refusal::new(ErrorCode::InvalidParameter, detail)
                    .fix("use some of day, agent, key, model and pool, separated by commas"));
            }
        };
        if by.contains(&dimension) {
            let detail = format!("by has {word} twice");
            return Err(Refusal::new(ErrorCode::InvalidParameter, detail));
        }
        by.push(dimension);
    }
    Ok(by)
}
