//! What routes do, in the order of the URL tree.

mod keys;
mod metrics;
mod node;
mod pools;
