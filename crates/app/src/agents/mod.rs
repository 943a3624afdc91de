//! Agents: created with a first token, found by name or id, changed, archived and restored, deleted with all of their
//! tokens.

pub mod archive;
pub mod create;
pub mod delete;
pub mod list;
pub mod restore;
pub mod show;
pub mod update;

pub use archive::archive;
pub use create::{create, create_with};
pub use delete::delete;
pub use list::list;
pub use portunus_store::Standing;
pub use restore::restore;
pub use show::show;
pub use update::update;
