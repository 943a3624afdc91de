//! What was used: sums of requests, tokens and money, told apart as asked.

use crate::listing::{Cursor, ListError, Listing, Page};
use crate::nobody::Named;
use crate::plane::Plane;
use crate::pool_settings;
use portunus_core::ids::{AgentId, KeyId};
use portunus_store::StoreError;
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
    /// A pool's name or id.
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
/// `BadCursor`, nothing is on record of the agent or the pool and there is none of the name, or the database does not answer
/// or takes nothing at the moment: sums without what waits for it would be wrong.
pub async fn usage(plane: &Plane, query: UsageQuery, page: Page) -> Result<UsageReport, ListError> {
    plane.settle_ledger().await?;
    let skip = page.after.as_ref().map_or(Ok(0), skipped)?;
    let (agent, pool) = (query.agent, query.pool);
    let wish = StoredWish {
        days: query.days,
        by: query.by,
        agent: agent.clone().map(used_by),
        model: query.model,
        pool: pool.as_deref().map(|pool| name_of_pool(plane, pool)),
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
    let total = plane.store.usage_sums(&total).await?.into_iter().next();
    if total.is_none() {
        let named = Named {
            agent: agent.as_deref(),
            key: None,
            pool: pool.as_deref(),
        };
        named.must_be_known(plane).await?;
    }
    let next = (sums.len() > page.size()).then(|| {
        sums.truncate(page.size());
        let shown = u32::try_from(sums.len()).unwrap_or(u32::MAX);
        Cursor::new(format!("{CURSOR}{}", skip.saturating_add(shown)))
    });
    Ok(UsageReport {
        total: total.unwrap_or_else(|| UsageSum::none(UsageOf::default())),
        sums: Listing { items: sums, next },
    })
}

/// Whether anything is on record that this agent, by name or id, used or asked for.
pub(crate) async fn has_of_agent(plane: &Plane, agent: &str) -> Result<bool, StoreError> {
    let wish = StoredWish {
        agent: Some(used_by(agent.to_owned())),
        ..anything()
    };
    Ok(!plane.store.usage_sums(&wish).await?.is_empty())
}

/// Whether anything is on record that was used of this pool.
pub(crate) async fn has_of_pool(plane: &Plane, pool: &str) -> Result<bool, StoreError> {
    let wish = StoredWish {
        pool: Some(pool.to_owned()),
        ..anything()
    };
    Ok(!plane.store.usage_sums(&wish).await?.is_empty())
}

/// Whether anything is on record that was used of a key which `is_it` knows by its id and its `pool:label`.
pub(crate) async fn has_of_key(
    plane: &Plane,
    is_it: impl Fn(KeyId, &str) -> bool,
) -> Result<bool, StoreError> {
    let wish = StoredWish {
        by: vec![UsageDimension::Key],
        limit: u32::MAX,
        ..anything()
    };
    let sums = plane.store.usage_sums(&wish).await?;
    let keys = sums.into_iter().filter_map(|sum| sum.of.key);
    let mut named = keys.filter_map(|key| Some((key.id?, format!("{}:{}", key.pool, key.label))));
    Ok(named.any(|(id, name)| is_it(id, &name)))
}

/// One sum of all that is on record.
const fn anything() -> StoredWish {
    StoredWish {
        days: (Day::from_number(0), Day::from_number(u32::MAX)),
        by: Vec::new(),
        agent: None,
        model: None,
        pool: None,
        skip: 0,
        limit: 1,
    }
}

fn skipped(cursor: &Cursor) -> Result<u32, ListError> {
    let number = cursor.as_str().strip_prefix(CURSOR);
    number
        .and_then(|number| number.parse().ok())
        .ok_or(ListError::BadCursor)
}

/// The record knows pools by their names.
fn name_of_pool(plane: &Plane, pool: &str) -> String {
    let found = pool_settings::show(plane, pool);
    found.map_or_else(|_| pool.to_owned(), |pool| pool.name.to_string())
}

fn used_by(agent: String) -> UsedBy {
    AgentId::from_str(&agent).map_or(UsedBy::Name(agent), UsedBy::Id)
}
