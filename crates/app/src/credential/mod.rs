//! From request headers to a proven principal: which text counts, whether it is valid, what follows.
//!
//! [`headers`] picks the text, [`authenticate`] decides, [`cold`] asks the store for a genuine kid that is not
//! in memory, [`first_use`] writes down what a first success means for the predecessor.

pub mod authenticate;
pub(crate) mod cold;
pub(crate) mod first_use;
pub mod headers;
pub mod session;
