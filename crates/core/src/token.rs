//! The text of a token: `ptna_<kid><secret><crc32>`, how it is minted and how it is checked.
//!
//! Widths are fixed: 22 base62 characters of kid, 43 of secret, 6 of checksum. The kid carries a MAC of
//! its own, so that a made-up one is refused without a look into any table. Nothing here draws randomness.

use crate::access::jws::is_access_token;
use crate::agent::Principal;
use crate::base62;
use crate::imported::LegacyHash;
use crate::once::Fingerprint;
use crate::secret::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const KID_WIDTH: usize = 22;
const SECRET_WIDTH: usize = 43;
const CRC_WIDTH: usize = 6;
const PREFIX_WIDTH: usize = 5;
const TOKEN_WIDTH: usize = PREFIX_WIDTH + KID_WIDTH + SECRET_WIDTH + CRC_WIDTH;

/// What the handle of an access token is of; no token has this prefix.
const ACCESS: &str = "jti";

/// What a token stands for, as its prefix says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// `ptna_`
    Agent,
    /// `ptno_`
    Operator,
    /// `ptnd_`: of a device that an operator paired.
    Device,
    /// `ptns_`: of a session; it travels in a cookie alone.
    Session,
}

impl TokenKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Agent, Self::Operator, Self::Device, Self::Session];

    /// The five characters that open the text.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Agent => "ptna_",
            Self::Operator => "ptno_",
            Self::Device => "ptnd_",
            Self::Session => "ptns_",
        }
    }
}

/// Why a text is no token of ours. Shown to clients, so it never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Another prefix: somebody else's credential.
    #[error("does not begin with ptna_, ptno_ or ptnd_")]
    Foreign,
    /// Wrong length or alphabet, or the checksum does not fit: cut off or mistyped.
    #[error("is cut off or mistyped")]
    Mangled,
    /// The kid was not made by this plane.
    #[error("was not issued by this plane")]
    MadeUp,
}

/// Public handle of a token: 12 random bytes and a 4-byte MAC. Loggable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kid([u8; 16]);

impl Kid {
    /// From stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes, for storage and hashing.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(base62::digits(&self.0, KID_WIDTH).as_str())
    }
}

impl fmt::Debug for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kid({self})")
    }
}

impl FromStr for Kid {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        if text.len() != KID_WIDTH {
            return Err(TokenError::Mangled);
        }
        base62::decode(text).map(Self).ok_or(TokenError::Mangled)
    }
}

/// HMAC-SHA256 of a token's text under the pepper.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// From stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes, for storage.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Compares in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(..)")
    }
}

/// SHA-256 of a presented text, under which it is found again once it was proven.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TextHash([u8; 32]);

impl TextHash {
    /// Of this text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TextHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TextHash(..)")
    }
}

/// The plane's pepper (32 bytes, kept outside the database) and what is derived from it: keyed states that are copied
/// for each use, because keying anew would double the cost of every request. They are wiped when dropped.
pub struct Pepper {
    version: u32,
    kid_mac: Hmac<Sha256>,
    digest_mac: Hmac<Sha256>,
    password_key: Zeroizing<[u8; 32]>,
    imported_mac: Hmac<Sha256>,
    fingerprint_mac: Hmac<Sha256>,
    request_mac: Hmac<Sha256>,
    cursor_mac: Hmac<Sha256>,
    plane_id: [u8; 16],
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pepper(v{}, ..)", self.version)
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    #[expect(
        clippy::expect_used,
        reason = "HMAC takes keys of any length (RFC 2104)"
    )]
    Hmac::new_from_slice(key).expect("any key length")
}

fn mac_of(keyed: &Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = keyed.clone();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl Pepper {
    /// Derives the working keys from 32 secret bytes.
    #[must_use]
    pub fn new(version: u32, bytes: &[u8; 32]) -> Self {
        let root = keyed(bytes);
        let derived = |purpose: &[u8]| keyed(&*Zeroizing::new(mac_of(&root, &[purpose])));
        let mut plane_id = [0; 16];
        let named = mac_of(&root, &[b"portunus plane"]);
        plane_id.copy_from_slice(named.first_chunk::<16>().unwrap_or(&[0; 16]));
        Self {
            version,
            plane_id,
            kid_mac: derived(b"portunus kid"),
            digest_mac: derived(b"portunus token digest"),
            password_key: Zeroizing::new(mac_of(&root, &[b"portunus password"])),
            imported_mac: derived(b"portunus imported token"),
            fingerprint_mac: derived(b"portunus key fingerprint"),
            request_mac: derived(b"portunus request fingerprint"),
            cursor_mac: derived(b"portunus push cursor"),
        }
    }

    /// What passwords are hashed with beside their salt: whoever has only the database cannot guess them.
    #[must_use]
    pub fn password_key(&self) -> &[u8; 32] {
        &self.password_key
    }

    /// First 8 bytes of the keyed hash of a provider secret: tells two secrets apart, tells nothing else.
    #[must_use]
    pub fn fingerprint(&self, secret: &Secret) -> [u8; 8] {
        let mac = mac_of(&self.fingerprint_mac, &[secret.expose().as_bytes()]);
        let mut short = [0; 8];
        short.copy_from_slice(mac.first_chunk::<8>().unwrap_or(&[0; 8]));
        short
    }

    /// The keyed hash of a request's `parts`; the same parts cut at other places have another one.
    #[must_use]
    pub fn request_fingerprint(&self, parts: &[&[u8]]) -> Fingerprint {
        let lengths: Vec<[u8; 8]> = parts
            .iter()
            .map(|part| u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes())
            .collect();
        let lengthened = lengths.iter().zip(parts);
        let pieces: Vec<&[u8]> = lengthened
            .flat_map(|(length, part)| [length.as_slice(), *part])
            .collect();
        Fingerprint::from_bytes(mac_of(&self.request_mac, &pieces))
    }

    /// What proves that this plane gave these bytes to this principal, from where a later connection of it goes on.
    pub(crate) fn cursor_mac(&self, whose: Principal, bytes: &[u8]) -> [u8; 16] {
        let (kind, id): (&[u8], _) = match &whose {
            Principal::Agent(id) => (b"a", id.as_bytes()),
            Principal::Operator(id) => (b"o", id.as_bytes()),
        };
        let version = self.version.to_be_bytes();
        let mac = mac_of(&self.cursor_mac, &[&version, kind, id, bytes]);
        *mac.first_chunk::<16>().unwrap_or(&[0; 16])
    }

    /// `purpose` is what the handle is of: a token's prefix, or [`ACCESS`].
    fn kid_mac(&self, purpose: &str, random: &[u8; 12]) -> [u8; 4] {
        let version = self.version.to_be_bytes();
        let mac = mac_of(&self.kid_mac, &[purpose.as_bytes(), &version, random]);
        *mac.first_chunk::<4>().unwrap_or(&[0; 4])
    }

    fn kid(&self, purpose: &str, random: &[u8; 12]) -> Kid {
        let mut kid = [0u8; 16];
        let mac = self.kid_mac(purpose, random);
        for (slot, byte) in kid.iter_mut().zip(random.iter().chain(&mac)) {
            *slot = *byte;
        }
        Kid(kid)
    }

    fn has_made(&self, purpose: &str, kid: &Kid) -> bool {
        let random: &[u8; 12] = kid.0.first_chunk().unwrap_or(&[0; 12]);
        let mac = self.kid_mac(purpose, random);
        mac.ct_eq(kid.0.last_chunk::<4>().unwrap_or(&[0; 4])).into()
    }

    /// Whether a token's kid was made under this pepper.
    #[must_use]
    pub fn has_issued(&self, kind: TokenKind, kid: &Kid) -> bool {
        self.has_made(kind.prefix(), kid)
    }

    /// The handle (`jti`) of a new access token, from 12 random bytes.
    #[must_use]
    pub fn access_kid(&self, random: &[u8; 12]) -> Kid {
        self.kid(ACCESS, random)
    }

    /// Whether an access token's handle was made under this pepper.
    #[must_use]
    pub fn has_issued_access(&self, jti: &Kid) -> bool {
        self.has_made(ACCESS, jti)
    }

    /// What names the plane where it has no address: the same for as long as the pepper is.
    #[must_use]
    pub fn plane_name(&self) -> String {
        format!("urn:portunus:{}", base62::digits(&self.plane_id, KID_WIDTH))
    }

    fn digest(&self, text: &str) -> TokenDigest {
        TokenDigest(mac_of(&self.digest_mac, &[text.as_bytes()]))
    }

    /// A kid for a token of an agent that was issued elsewhere, from 12 random bytes: the handle by which it is listed and
    /// revoked.
    #[must_use]
    pub fn imported_kid(&self, random: &[u8; 12]) -> Kid {
        self.kid(TokenKind::Agent.prefix(), random)
    }

    /// What is kept of an imported token, and found again: its SHA-256 under the pepper.
    #[must_use]
    pub fn imported_digest(&self, sha256: &[u8; 32]) -> TokenDigest {
        TokenDigest(mac_of(&self.imported_mac, &[b"sha256", sha256]))
    }

    /// What tells whether a hash was imported before; nothing else can be made of it.
    #[must_use]
    pub fn imported_mark(&self, hash: &LegacyHash) -> [u8; 32] {
        match hash {
            LegacyHash::Sha256(bytes) => mac_of(&self.imported_mac, &[b"mark sha256", bytes]),
            LegacyHash::Pbkdf2(slow) => {
                let rounds = slow.iterations.get().to_be_bytes();
                let parts: [&[u8]; 4] =
                    [b"mark pbkdf2", &rounds, &slow.digest, slow.salt.as_bytes()];
                mac_of(&self.imported_mac, &parts)
            }
        }
    }

    /// Makes a token from 44 random bytes. The secret half exists only in the returned text.
    #[must_use]
    pub fn mint(&self, kind: TokenKind, random: &[u8; 44]) -> Minted {
        let (handle, secret) = random.split_at(12);
        let handle: &[u8; 12] = handle.first_chunk().unwrap_or(&[0; 12]);
        let kid = self.kid(kind.prefix(), handle);
        let mut text = String::with_capacity(TOKEN_WIDTH);
        text.push_str(kind.prefix());
        text.push_str(&base62::encode(&kid.0, KID_WIDTH));
        text.push_str(&base62::encode(secret, SECRET_WIDTH));
        let crc = crc32fast::hash(text.as_bytes()).to_be_bytes();
        text.push_str(&base62::encode(&crc, CRC_WIDTH));
        let digest = self.digest(&text);
        Minted {
            kid,
            digest,
            text: Secret::new(text),
        }
    }

    /// Reads a presented text: shape, checksum, and the MAC of its kid. No table is asked.
    pub fn parse(&self, text: &str) -> Result<Presented, TokenError> {
        let kind = TokenKind::ALL
            .into_iter()
            .find(|kind| text.starts_with(kind.prefix()))
            .ok_or(TokenError::Foreign)?;
        if text.len() != TOKEN_WIDTH || !text.is_ascii() {
            return Err(TokenError::Mangled);
        }
        let (body, crc) = text.split_at(TOKEN_WIDTH - CRC_WIDTH);
        let crc: [u8; 4] = base62::decode(crc).ok_or(TokenError::Mangled)?;
        if crc != crc32fast::hash(body.as_bytes()).to_be_bytes() {
            return Err(TokenError::Mangled);
        }
        let (_, handle) = body.split_at(PREFIX_WIDTH);
        let (handle, secret) = handle.split_at(KID_WIDTH);
        let _: [u8; 32] = base62::decode(secret).ok_or(TokenError::Mangled)?;
        let kid: Kid = handle.parse()?;
        if !self.has_issued(kind, &kid) {
            return Err(TokenError::MadeUp);
        }
        Ok(Presented {
            kind,
            kid,
            digest: self.digest(text),
        })
    }
}

/// A token that was just made: the only moment at which its text exists here.
#[derive(Debug)]
pub struct Minted {
    /// Public handle.
    pub kid: Kid,
    /// What is stored.
    pub digest: TokenDigest,
    /// What is shown once.
    pub text: Secret,
}

/// A token as presented by a client: well formed and of this plane, not yet known to be valid.
#[derive(Clone, Copy, Debug)]
pub struct Presented {
    /// What its prefix says.
    pub kind: TokenKind,
    /// Public handle, to be looked up.
    pub kid: Kid,
    /// To be compared with the stored digest.
    pub digest: TokenDigest,
}

/// Whether a credential header's value looks like ours at all, a token or an access token; the rest is somebody else's
/// key.
#[must_use]
pub fn is_ours(text: &str) -> bool {
    let begins = |kind: TokenKind| text.starts_with(kind.prefix());
    TokenKind::ALL.into_iter().any(begins) || is_access_token(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pepper() -> Pepper {
        Pepper::new(1, &[9; 32])
    }

    #[test]
    fn a_minted_token_has_the_documented_shape_and_reads_back() {
        let minted = pepper().mint(TokenKind::Agent, &[0xff; 44]);
        let text = minted.text.expose();
        assert!(text.starts_with("ptna_"));
        assert_eq!(text.len(), 5 + 22 + 43 + 6);
        let read = pepper().parse(text).unwrap();
        assert_eq!((read.kind, read.kid), (TokenKind::Agent, minted.kid));
        assert!(read.digest.matches(&minted.digest));
    }

    #[test]
    fn another_pepper_calls_the_kid_made_up() {
        let minted = pepper().mint(TokenKind::Operator, &[3; 44]);
        let other = Pepper::new(1, &[8; 32]);
        assert_eq!(
            other.parse(minted.text.expose()).unwrap_err(),
            TokenError::MadeUp
        );
    }

    #[test]
    fn the_prefix_is_covered_by_the_kids_mac() {
        let minted = pepper().mint(TokenKind::Agent, &[3; 44]);
        let swapped = minted.text.expose().replacen("ptna_", "ptno_", 1);
        let body = &swapped[..TOKEN_WIDTH - CRC_WIDTH];
        let crc = crc32fast::hash(body.as_bytes()).to_be_bytes();
        let forged = format!("{body}{}", base62::encode(&crc, CRC_WIDTH));
        assert_eq!(pepper().parse(&forged).unwrap_err(), TokenError::MadeUp);
    }

    proptest::proptest! {
        #[test]
        fn hostile_text_is_refused_without_a_panic(text in ".{0,120}") {
            proptest::prop_assert!(pepper().parse(&text).is_err());
            let prefixed = format!("ptna_{text}");
            proptest::prop_assert!(pepper().parse(&prefixed).is_err());
        }

        #[test]
        fn one_changed_character_is_noticed(random: [u8; 32], at in 5usize..76) {
            let mut bytes = [0u8; 44];
            bytes[..32].copy_from_slice(&random);
            let minted = pepper().mint(TokenKind::Agent, &bytes);
            let mut text = minted.text.expose().as_bytes().to_vec();
            text[at] = if text[at] == b'0' { b'1' } else { b'0' };
            let text = String::from_utf8(text).unwrap();
            proptest::prop_assert!(pepper().parse(&text).is_err());
        }
    }
}
