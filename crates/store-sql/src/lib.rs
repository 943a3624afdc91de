//! The plane's memory in SQLite: the `Store` trait as SQL transactions on one file.
//!
//! [`open`](SqliteStore::open) makes or checks the file and migrates it; each module beside it holds the SQL of one
//! subject; `store` puts a change and its audit record into one transaction. What a change means is decided in
//! `portunus-app` and `portunus-core`; what every store must do is said by `portunus_store::conformance`.

mod access;
mod agent_store;
mod agents;
mod alarms;
mod audit_store;
mod audit_tree;
mod backup;
mod budgets;
mod checkpoints;
mod facts;
mod failure;
mod imported;
mod journal;
mod keys;
mod ledger;
mod liveness;
mod log_file;
mod messages;
mod notifications;
mod open;
mod operator_store;
mod operators;
mod pools;
mod receipts;
mod row;
mod sessions;
mod spending;
mod store;
mod tokens;
mod unsummed;
mod usage;
mod writing;

pub use log_file::{LogFile, Unreadable};
pub use open::OpenError;
pub use store::SqliteStore;
