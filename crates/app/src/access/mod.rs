//! Access tokens: exchanged from tokens, renewed, proven from memory, ended.
//!
//! [`keyring`] signs and verifies, [`families`] has every living family in memory, [`seen`] remembers what was verified
//! before, and [`prove`] puts the three together for a request. The use cases are [`exchange`], [`renew`], [`introspect`],
//! [`revoke`] and [`signing`].

pub mod exchange;
pub(crate) mod families;
pub mod introspect;
pub(crate) mod keeper;
pub(crate) mod keyring;
pub(crate) mod prove;
pub mod published;
pub mod renew;
pub mod revoke;
pub(crate) mod seen;
pub mod signing;

pub use exchange::{ExchangeError, Issued, exchange};
pub use introspect::{Introspected, introspect};
pub use renew::renew_due;
pub use revoke::revoke;

use crate::admission::OverQuota;
use crate::entropy::{self, EntropyError};
use crate::plane::Plane;
use families::Families;
use keyring::Keyring;
use portunus_core::access::{Claims, Terms, TokenFamily};
use portunus_core::admission::Class;
use portunus_core::agent::Principal;
use portunus_core::secret::Secret;
use portunus_core::time::Timestamp;
use portunus_core::token::{Kid, Pepper};
use seen::Seen;
use std::sync::OnceLock;

/// What a plane knows of access tokens.
pub(crate) struct Access {
    pub(crate) keyring: Keyring,
    pub(crate) families: Families,
    pub(crate) seen: Seen,
    /// How long things last, if it was said.
    terms: OnceLock<Terms>,
    /// The plane's address as others know it, if it has one.
    public_url: OnceLock<String>,
    /// What it is called without one.
    name: String,
}

impl Access {
    pub(crate) fn new(keyring: Keyring, families: Families, pepper: &Pepper) -> Self {
        Self {
            keyring,
            families,
            seen: Seen::default(),
            terms: OnceLock::new(),
            public_url: OnceLock::new(),
            name: pepper.plane_name(),
        }
    }

    /// Who issues its access tokens, and whom they are meant for.
    pub(crate) fn issuer(&self) -> &str {
        self.public_url().unwrap_or(&self.name)
    }

    /// The plane's address as others know it.
    pub(crate) fn public_url(&self) -> Option<&str> {
        self.public_url.get().map(String::as_str)
    }

    /// Names the plane by its address. Only the first call counts.
    pub(crate) fn reached_at(&self, public_url: String) {
        let _ = self.public_url.set(public_url);
    }

    /// How long things last.
    pub(crate) fn terms(&self) -> Terms {
        self.terms.get().copied().unwrap_or_default()
    }

    /// Says how long things last. Only the first call counts.
    pub(crate) fn let_last(&self, terms: Terms) {
        let _ = self.terms.set(terms);
    }

    /// Signs a family's newest token.
    pub(crate) fn sign(&self, family: &TokenFamily) -> Secret {
        let claims = Claims {
            issuer: self.issuer().to_owned(),
            audience: self.issuer().to_owned(),
            subject: family.principal,
            scope: family.scope.clone(),
            generation: family.generation,
            jti: family.current.jti,
            family: family.id,
            issued_at: family.current.at,
            expires_at: family.expires_at(&self.terms()),
        };
        self.keyring.sign(&claims)
    }
}

impl Plane {
    /// Counts what keeps an agent alive, as renewing and looking at access tokens does, against its quota for that.
    ///
    /// # Errors
    ///
    /// [`OverQuota`].
    pub fn pace_vital(&self, principal: Principal) -> Result<(), OverQuota> {
        let now = self.clock.tick();
        let paced = self.admission().pace(principal, Class::Vital, now);
        paced.map(drop)
    }
}

/// A handle for a new access token.
fn new_jti(pepper: &Pepper) -> Result<Kid, EntropyError> {
    Ok(pepper.access_kid(&entropy::draw()?))
}

/// Times of access tokens are whole seconds.
const fn whole_second(now: Timestamp) -> Timestamp {
    Timestamp::from_secs(now.as_millis() / 1000)
}
