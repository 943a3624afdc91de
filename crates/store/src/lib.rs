//! What the plane remembers: the [`Store`] trait, whose methods are domain transactions and not table access.
//!
//! Here are the trait, its vocabulary, the in-memory model and the suite that every implementation passes.
//! The databases are in `portunus-store-sql`; deciding what to write is up to `portunus-app`, the only caller.

mod agent_store;
mod alarm_store;
mod audit_store;
mod budget;
mod error;
mod facts;
mod import_store;
mod ledger;
mod liveness;
pub mod memory;
mod messages;
mod notifications;
mod operator_store;
mod page;
pub mod position;
mod receipt_store;
pub mod rotation;
mod store;
mod tell;
mod usage;

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;

pub use agent_store::AgentStore;
pub use alarm_store::{AlarmFilter, AlarmStore};
pub use audit_store::AuditStore;
pub use budget::Spending;
pub use error::StoreError;
pub use facts::{
    AgentTokens, Binding, Force, ObjectHash, PoolFacts, Snapshot, Standing, StoredRest,
};
pub use import_store::{ImportBatch, ImportGround, ImportStore, ImportedAgent, ImportedToken};
pub use ledger::{
    Day, DecisionSegment, LedgerBatch, NumberedSegment, Retention, SegmentOrder, SegmentWish,
    UsageRow,
};
pub use liveness::{Liveness, LivenessStore};
pub use messages::{
    AckEffect, AckOutcome, AckWish, Acknowledgement, Appended, Authored, DeliveryCounts, Inbox,
    InboxWish, MessageFilter, MessageOrder, MessageStore, NotAcknowledgeable, Recipient, Sent,
    Settled, Undoing,
};
pub use notifications::{
    AllRead, Noticed, NotificationFilter, NotificationOrder, NotificationStore, Reader,
};
pub use operator_store::OperatorStore;
pub use page::{AuditFilter, Cursor, Listing, MAX_LIMIT, Page};
pub use receipt_store::{ReceiptFor, ReceiptStore, no_receipt};
pub use rotation::Rotation;
pub use store::{Result, Store};
pub use tell::Tell;
pub use usage::{UsageDimension, UsageOf, UsageSum, UsageWish, UsedBy, UsedKey};
