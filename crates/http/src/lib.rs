//! The control API over HTTP: routes, what they take from a request, and how refusals look.
//!
//! [`router`] is the whole of it as one service; [`listen`] accepts the connections. What a route does is a use
//! case of `app`; here it is translated from the wire and back. Every route is registered in `routes`, through
//! one function that takes its scope.

mod access;
pub mod browser;
mod caller;
mod error;
mod extract;
mod guard;
mod instance;
pub mod listen;
mod lobby;
mod oauth_error;
mod once;
mod openapi;
mod parameters;
mod pieces;
mod push;
mod router;
mod routes;
mod table;
mod wire;

pub use access::{Access, RouteFacts};
pub use error::{internal_error, unreadable_head};
pub use router::{route_facts, router};
