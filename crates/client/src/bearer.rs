//! What says who asks, as it is handed out: an access token, or the token itself where there is none.

use crate::renewal::{Held, Serial};
use portunus_core::secret::Secret;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// An access token, as it is handed out.
#[derive(Clone)]
pub struct AccessToken {
    text: Arc<Secret>,
    serial: Serial,
    left: Duration,
}

impl AccessToken {
    /// What is held, with the time that it lasts from now on.
    pub(crate) fn of(held: &Held, left: Duration) -> Self {
        Self {
            text: Arc::clone(&held.text),
            serial: held.serial,
            left,
        }
    }

    /// Which one it is.
    pub(crate) const fn serial(&self) -> Serial {
        self.serial
    }

    /// The text in the clear, for an `Authorization: Bearer` or `x-api-key` header.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// Whether both are the same.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.serial == other.serial
    }

    /// How long it lasted when it was handed out.
    #[must_use]
    pub const fn lasts_for(&self) -> Duration {
        self.left
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessToken(.., {:?} left)", self.left)
    }
}

/// What says who asks: the access token, or the token itself where there is none.
#[derive(Clone, Debug)]
pub enum Bearer {
    /// The usual one.
    Access(AccessToken),
    /// While the plane gives no access tokens, because its database does not answer, the token itself works on.
    Token(Arc<Secret>),
}

impl Bearer {
    /// The text in the clear.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.secret().expose()
    }

    pub(crate) fn secret(&self) -> &Secret {
        match self {
            Self::Access(access) => &access.text,
            Self::Token(token) => token,
        }
    }
}
