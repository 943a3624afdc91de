//! Agents and keys that come from another system, and tokens that it issued.
//!
//! An imported token is a token of its agent like any other: listed, rotated, revoked by its kid. Only finding it differs.
//! [`known`] has all of them in memory: by their digest, which costs a look into a map, or until they are seen for the first
//! time by a slow hash, which [`worker`] tries one at a time. [`run`] imports, [`prove`] recognises, [`upgrade`] does it at an
//! agent's own wish. A plane without such tokens pays nothing for all this.

mod draft;
mod known;
pub(crate) mod prove;
pub mod run;
pub mod upgrade;
mod worker;

pub(crate) use known::Imported;
pub use run::{ImportLine, ImportReport, LineOutcome, LineReport, Mode, import};
pub use upgrade::upgrade;
pub use worker::Slowed;
