//! What a plane tells everybody about its access tokens: its name, its address, its public keys.

use super::signing;
use crate::plane::Plane;
use portunus_core::access::Terms;
use portunus_core::access::jws::base64url;

/// A public key as a JWK (RFC 7517, RFC 8037).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Its name, as `kid` in the tokens that it signed.
    pub kid: String,
    /// The key, in base64url.
    pub x: String,
}

impl Plane {
    /// Who issues its access tokens (`iss`), and whom they are meant for (`aud`).
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.access().issuer()
    }

    /// Its address as others know it, when one is configured.
    #[must_use]
    pub fn public_url(&self) -> Option<&str> {
        self.access().public_url()
    }

    /// Names it by its address, `https://host[:port]`. Only the first call counts; it comes before the first request.
    pub fn reached_at(&self, public_url: String) {
        self.access().reached_at(public_url);
    }

    /// Says how long access tokens and their families last. Only the first call counts; it comes before the first request.
    pub fn let_access_last(&self, terms: Terms) {
        self.access().let_last(terms);
    }

    /// The keys that verify its access tokens now.
    #[must_use]
    pub fn public_keys(&self) -> Vec<PublicKey> {
        let keys = signing::list(self).into_iter();
        keys.map(|key| PublicKey {
            kid: key.id.to_string(),
            x: base64url(&key.public),
        })
        .collect()
    }
}
