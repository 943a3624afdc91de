//! Scopes: what a credential may do, as `resource.verb` with globs, and for models also with which pools and models.
//!
//! A route demands one [`Scope`]; a credential holds a [`ScopeSet`]. Whatever is not named is refused. Sets are ordered
//! by what they allow, so that nobody hands on more than they hold.

mod glob;
mod pattern;
mod set;

pub use glob::Glob;
pub use pattern::{Pattern, PatternError};
pub use set::{ScopeSet, ScopesError};

use std::fmt;

/// One permission that a route demands, such as `agents.create`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// What is acted on.
    pub resource: &'static str,
    /// What is done to it.
    pub verb: &'static str,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.resource, self.verb)
    }
}

/// What every request of the model door needs.
pub const CALL: Scope = Scope {
    resource: "llm",
    verb: "call",
};

/// Which pool and which model a model call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// Name of the pool that the request enters.
    pub pool: &'a str,
    /// The model as the client wrote it; `None` for what uses no model, such as the list of models.
    pub model: Option<&'a str>,
}
