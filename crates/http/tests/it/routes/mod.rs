//! What routes do, in the order of the URL tree.

mod decisions;
mod budgets;
mod keys;
mod metrics;
mod node;
mod pools;
mod usage;
