//! From the domain's types to the wire's, one file per resource.

pub(crate) mod access;
pub(crate) mod agents;
pub(crate) mod alarms;
pub(crate) mod audit;
pub(crate) mod budgets;
pub(crate) mod decisions;
pub(crate) mod keys;
pub(crate) mod liveness;
pub(crate) mod messages;
pub(crate) mod notifications;
pub(crate) mod operators;
pub(crate) mod pools;
pub(crate) mod push;
pub(crate) mod sessions;
pub(crate) mod sources;
pub(crate) mod time;
pub(crate) mod tokens;
pub(crate) mod usage;

use portunus_api::List;
use portunus_app::listing::Listing;

/// One page, each item translated by `item`.
pub(crate) fn list<T, W>(page: Listing<T>, item: impl Fn(T) -> W) -> List<W> {
    List {
        next_cursor: page.next.map(|cursor| cursor.as_str().to_owned()),
        items: page.items.into_iter().map(item).collect(),
    }
}
