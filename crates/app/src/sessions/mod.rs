//! Sessions of operators, and the devices that they paired.
//!
//! A session begins with a password, a token or a paired device, and is proven by the cookie that carries its secret. Each
//! has 256 random bits of which only the digest is stored. [`book`] has all that live, [`prove`] decides about a presented
//! one, and the use cases are [`begin`], [`end`], [`list`] and [`devices`].

pub mod begin;
pub(crate) mod book;
pub mod devices;
pub mod end;
pub(crate) mod keeper;
pub mod list;
pub(crate) mod live;
mod prove;

pub use begin::{Begun, SignInError};

use crate::Session;
use crate::operators::{ChangeError, may_change, show};
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::ids::OperatorId;
use portunus_core::scope::Scope;
use portunus_core::session::SessionTerms;

/// What whoever looks at or ends other operators' sessions and devices needs besides.
pub const OTHERS: Scope = Scope {
    resource: "operators",
    verb: "update",
};

impl Plane {
    /// How long sessions last from now on.
    pub fn let_sessions_last(&self, terms: SessionTerms) {
        self.sessions.set_terms(terms);
    }
}

/// Whose sessions or devices are meant: one's own when nobody is named.
pub(crate) async fn whose(
    plane: &Plane,
    by: &Session,
    reference: Option<&str>,
) -> Result<OperatorId, ChangeError> {
    let own = match by.principal {
        Principal::Operator(id) => Some(id),
        Principal::Agent(_) => None,
    };
    let Some(reference) = reference else {
        return own.ok_or(ChangeError::NotFound);
    };
    let operator = show(plane, reference).await?;
    if own != Some(operator.id) {
        may_look_at_others(by)?;
    }
    Ok(operator.id)
}

/// Whether `by` may act on what is `whose`: one's own, or with [`OTHERS`] that of one who holds no more.
pub(crate) async fn may_act(
    plane: &Plane,
    by: &Session,
    whose: OperatorId,
) -> Result<(), ChangeError> {
    if by.principal == Principal::Operator(whose) {
        return Ok(());
    }
    may_look_at_others(by)?;
    may_change(by, &plane.store.operator(whose).await?)
}

fn may_look_at_others(by: &Session) -> Result<(), ChangeError> {
    if by.grants().allow(OTHERS) {
        Ok(())
    } else {
        Err(ChangeError::Demands(OTHERS))
    }
}
