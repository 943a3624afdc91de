//! What routes do, in the order of the URL tree.

mod agents;
mod alarms;
mod audit;
mod budgets;
mod decisions;
mod import;
mod inbox;
mod keys;
mod liveness;
mod messages;
mod metrics;
mod node;
mod notifications;
mod operators;
mod pools;
mod push;
mod push_ends;
mod push_rights;
mod push_told;
mod sessions;
mod sources;
mod usage;
