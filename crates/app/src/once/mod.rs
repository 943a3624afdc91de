//! Changes that happen once (P10): a request that comes again under its key changes nothing and gets the first's answer.
//!
//! [`begin`] claims a key and finds the answer of a repetition. What runs under it is an [`Attempt`]; the use case gets it
//! as an [`Asked`], which renders and seals the answer before the change is committed, so that both are one transaction.
//! What a header looks like is up to `http`, how a repetition is judged to `core`.

mod asked;
mod attempt;
mod begin;
mod keeper;

pub use asked::{Answer, Asked};
pub use attempt::Attempt;
pub use begin::{Begun, NotBegun, begin, keep, look_again};

pub(crate) use attempt::Running;
pub(crate) use keeper::keep_forgetting;
