//! Agents: created with a first token, found by name or id, deleted with all of their tokens.

pub mod create;
pub mod delete;
pub mod list;
pub mod show;

pub use create::{create, create_with};
pub use delete::delete;
pub use list::list;
pub use show::show;
