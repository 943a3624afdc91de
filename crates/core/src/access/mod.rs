//! Access tokens: short-lived signed JWTs (RFC 9068) that stand for a token, with equal or narrower scope.
//!
//! [`jws`] is their outer form and [`claims`] what they say; [`family`] decides about renewal. Signatures are made and
//! checked in `app`, which holds the keys.

pub mod claims;
pub mod family;
pub mod jws;
pub mod signing;

pub use claims::{Claims, ClaimsError};
pub use family::{Renewal, Terms, TokenFamily};
pub use signing::{SigningKey, SigningState};
