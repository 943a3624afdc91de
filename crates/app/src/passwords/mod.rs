//! Passwords of operators: tried, set and removed. Hashing is the [`hasher`]'s.
//!
//! A password can be guessed, so a source with a penalty may not try one, and wrong ones delay the next for their account.
//! Neither binds who proves the account in another way: with a device's token or an operator's, or in a session (P1).

mod confirm;
pub(crate) mod hasher;
mod remove;
mod set;
mod try_one;

pub(crate) use confirm::is_still;
pub use confirm::{Current, Unconfirmed};
pub use remove::{RemovePasswordError, remove};
pub use set::{NewPassword, SetPasswordError, set};
pub use try_one::{PasswordError, Tried};
