//! The domain of the access plane: who acts, which keys may serve, when a key rests.
//!
//! Everything here is pure: time arrives as [`time::Timestamp`] arguments and randomness as bytes,
//! so that every rule can be tested by moving a number. Input and output live in `app`, `proxy`, `http`.

pub mod access;
pub mod admission;
pub mod agent;
pub mod alarm;
pub mod audit;
pub mod base62;
pub mod budget;
pub mod credential;
pub mod decision;
mod display_name;
pub mod ids;
pub mod imported;
pub mod liveness;
pub mod message;
pub mod name;
pub mod notification;
pub mod once;
pub mod operator;
pub mod password;
pub mod pool;
pub mod price;
pub mod provider_key;
pub mod push;
pub mod scope;
pub mod secret;
pub mod session;
pub mod time;
pub mod token;
pub mod trace;
pub mod unseen;
pub mod usage;
pub mod websocket;
