//! The local handle: what the child shows instead of a token. It opens this broker's listener and nothing else, and ends
//! with the broker.

use http::{HeaderMap, header};
use portunus_core::base62;
use portunus_core::secret::Secret;
use subtle::ConstantTimeEq;

/// What a handle begins with, so that scanners and people see what it is.
pub const PREFIX: &str = "ptnh_";
/// 32 bytes in base62.
const DIGITS: usize = 43;

/// The operating system gave no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no randomness")]
pub struct NoRandomness;

/// A handle, made for one run.
#[derive(Clone, Debug)]
pub struct LocalHandle(Secret);

impl LocalHandle {
    /// A new one: 256 random bits.
    ///
    /// # Errors
    ///
    /// [`NoRandomness`].
    pub fn draw() -> Result<Self, NoRandomness> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
        let digits = base62::encode(&bytes, DIGITS);
        Ok(Self(Secret::new(format!("{PREFIX}{digits}"))))
    }

    /// As the child gets it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Whether a request shows it: as `Authorization: Bearer` or as `x-api-key`, since clients that have both variables send
    /// both headers. Every value that came is compared, in constant time.
    #[must_use]
    pub fn is_shown(&self, headers: &HeaderMap) -> bool {
        let bearers = headers.get_all(header::AUTHORIZATION).iter();
        let bearers = bearers.filter_map(|value| bearer(value.as_bytes()));
        let keys = headers.get_all("x-api-key").iter();
        let shown = bearers.chain(keys.map(http::HeaderValue::as_bytes));
        let own = self.0.expose().as_bytes();
        shown.fold(false, |found, value| bool::from(own.ct_eq(value)) | found)
    }
}

/// The credential behind `Bearer`, whose case does not matter (RFC 9110 §11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(7)?;
    scheme
        .eq_ignore_ascii_case(b"Bearer ")
        .then(|| rest.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in all {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        map
    }

    #[test]
    fn it_is_known_in_either_header_and_nothing_else_is() {
        let handle = LocalHandle::draw().unwrap();
        let own = handle.expose().to_owned();
        let other = LocalHandle::draw().unwrap();
        assert!(own.starts_with(PREFIX) && own.len() == PREFIX.len() + DIGITS);
        let bearer = format!("bearer  {own}");
        for good in [
            headers(&[("authorization", &bearer)]),
            headers(&[("x-api-key", &own)]),
            headers(&[("x-api-key", "sk-other"), ("authorization", &bearer)]),
        ] {
            assert!(handle.is_shown(&good), "{good:?}");
        }
        let longer = format!("{own}x");
        for bad in [
            headers(&[]),
            headers(&[("authorization", &own)]),
            headers(&[("x-api-key", other.expose())]),
            headers(&[("x-api-key", &longer)]),
            headers(&[("x-api-key", "")]),
            headers(&[("cookie", &own)]),
        ] {
            assert!(!handle.is_shown(&bad), "{bad:?}");
        }
    }

    #[test]
    fn p11_debug_does_not_show_it() {
        let handle = LocalHandle::draw().unwrap();
        assert!(!format!("{handle:?}").contains(PREFIX));
    }
}
