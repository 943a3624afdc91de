//! What was used: sums of requests, tokens and money, told apart as asked.

use crate::listing::{Cursor, ListError, Listing, Page};
use crate::plane::Plane;
use portunus_core::ids::AgentId;
use std::str::FromStr;

pub use portunus_store::{
    Day, UsageDimension, UsageOf, UsageSum, UsageWish as StoredWish, UsedBy, UsedKey,
};

/// Which sums are asked for; every `None` lets all pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageQuery {
    /// The first and the last day, in UTC.
    pub days: (Day, Day),
    /// What sums are told apart by.
    pub by: Vec<UsageDimension>,
    /// An agent's name or id; it may be long gone.
    pub agent: Option<String>,
    /// A model, as clients write it.
    pub model: Option<String>,
    /// A pool's name.
    pub pool: Option<String>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageReport {
    /// One sum of everything that was asked for, on this page or not.
    pub total: UsageSum,
    /// One page of sums: by day when told apart by it, then by what they cost, used and asked.
    pub sums: Listing<UsageSum>,
}

/// How a cursor of this list begins; behind it is the number of sums that were shown.
const CURSOR: &str = "usage.";

/// Adds up what was used, what finished a moment ago included.
///
/// # Errors
///
/// `BadCursor`, or the database does not answer.
pub async fn usage(plane: &Plane, query: UsageQuery, page: Page) -> Result<UsageReport, ListError> {
    plane.settle_ledger().await;
    let skip = page.after.as_ref().map_or(Ok(0), skipped)?;
    let wish = StoredWish {
        days: query.days,
        by: query.by,
        agent: query.agent.map(used_by),
        model: query.model,
        pool: query.pool,
        skip,
        limit: page.reach(),
    };
    let total = StoredWish {
        by: Vec::new(),
        skip: 0,
        limit: 1,
        ..wish.clone()
    };
    let mut sums = plane.store.usage_sums(&wish).await?;
    let total = plane.store.usage_sums(&total).await?;
    let next = (sums.len() > page.size()).then(|| {
        sums.truncate(page.size());
        let shown = u32::try_from(sums.len()).unwrap_or(u32::MAX);
        Cursor::new(format!("{CURSOR}{}", skip.saturating_add(shown)))
    });
    Ok(UsageReport {
        total: total
            .into_iter()
            .next()
            .unwrap_or_else(|| UsageSum::none(UsageOf::default())),
        sums: Listing { items: sums, next },
    })
}

fn skipped(cursor: &Cursor) -> Result<u32, ListError> {
    let number = cursor.as_str().strip_prefix(CURSOR);
    number
        .and_then(|number| number.parse().ok())
        .ok_or(ListError::BadCursor)
}

fn used_by(agent: String) -> UsedBy {
    AgentId::from_str(&agent).map_or(UsedBy::Name(agent), UsedBy::Id)
}
