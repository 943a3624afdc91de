//! The roll of agents, on a clock that tests move.

mod model;
pub(crate) mod scene;
