//! The use cases' tests from outside.

mod pools;
