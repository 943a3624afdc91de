//! What routes do, in the order of the URL tree.

mod keys;
mod node;
mod pools;
