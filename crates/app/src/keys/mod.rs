//! Provider keys as operators configure them. Their secrets come in here, are sealed at once, and never go out.

pub mod add;
pub mod clear;
pub mod find;
pub mod import_env;
pub mod list;
mod provider_secret;
pub mod remove;
pub mod switch;
pub mod update;

pub use add::add;
pub use clear::clear;
pub use list::list;
pub use provider_secret::{ProviderSecret, SecretError};
pub use remove::remove;
pub use switch::switch;
pub use update::update;

pub use portunus_store::Force;
