//! The phases of one request, one file each, in this order (`source` is the upstream's half of `relay`):
//! `authenticate → admit → reserve → bind → lease → forward → relay → settle`.

pub(crate) mod admit;
pub(crate) mod authenticate;
pub(crate) mod bind;
pub(crate) mod forward;
pub(crate) mod lease;
pub(crate) mod obtain;
pub(crate) mod relay;
pub(crate) mod reserve;
pub(crate) mod settle;
mod source;
