//! The record of requests, read: lists, and the story of one.
//!
//! Decisions come from the ledger ([`crate::ledger`]), which is asked first to save what it still holds, so that a
//! request is found as soon as its answer arrived. They are scanned where they lie: a filter is no index.

mod filter;
pub mod list;
mod position;
pub(crate) mod scan;
pub mod show;

pub use filter::{DecisionFilter, OutcomeFilter};
pub use list::{DecisionWish, From, list};
pub use show::show;

use portunus_core::decision::Decision;

/// A decision and its place in the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedDecision {
    /// Its number, from 1, in the order in which requests ended; several threads finish requests, so of those that ended at
    /// the same moment either may come first. `None` while the database does not take it.
    pub seq: Option<u64>,
    /// The decision.
    pub decision: Decision,
}
