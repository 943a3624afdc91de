//! Tokens: succeeded, revoked, listed. Issuing the first one belongs to whoever creates its principal.

pub mod list;
pub mod revoke;
pub mod rotate;

pub use list::list;
pub use portunus_store::Force;
pub use revoke::revoke;
pub use rotate::{rotate, rotate_operator};
