//! What routes take from a request. Everything else of it is out of their reach.

mod actor;
mod arrival;
mod asking;
mod body;
mod complaint;
pub(crate) mod expiry;
mod moment;
mod named;
mod oauth;
mod page;
mod params;
mod reading;
mod tags;

pub(crate) use actor::Actor;
pub(crate) use arrival::Arrival;
pub(crate) use asking::Asking;
pub(crate) use body::{JsonBody, OptionalJsonBody};
pub(crate) use complaint::{quoted, speakable};
pub(crate) use moment::moment;
pub(crate) use named::Named;
pub(crate) use oauth::OAuthCall;
pub(crate) use page::page;
pub(crate) use params::Params;
pub(crate) use reading::{BodyLimit, Unproven, Whole, read_of};
pub(crate) use tags::{given_tags, wanted_tags, with_chat};
