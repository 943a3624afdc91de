//! The signing keys in memory: one signs, all that verify are compared by the header that they write.
//!
//! Ed25519 (RFC 8032) is the only algorithm, and a key is chosen by its whole header, so that a token chooses neither.

use crate::entropy::{self, EntropyError};
use crate::pools::{SeedOf, Vault, VaultError};
use arc_swap::ArcSwap;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey};
use portunus_core::access::jws::{self, Jws};
use portunus_core::access::{Claims, SigningKey, SigningState};
use portunus_core::ids::SigningKeyId;
use portunus_core::secret::Secret;
use portunus_core::time::Timestamp;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A key that can sign and verify.
pub(crate) struct LiveKey {
    record: SigningKey,
    header: String,
    pair: Ed25519KeyPair,
    public: ParsedPublicKey,
}

/// Why a key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// It does not open, or its two halves do not belong together.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// No randomness for a new one.
    #[error(transparent)]
    NoEntropy(#[from] EntropyError),
}

impl LiveKey {
    /// A new key, not stored yet.
    pub(crate) fn generate(vault: &Vault, now: Timestamp) -> Result<Self, SigningKeyError> {
        let id = SigningKeyId::from_bytes(entropy::draw()?);
        let seed = Zeroizing::new(entropy::draw::<32>()?);
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed);
        let pair = pair.map_err(|_| VaultError::ForeignSigningKey)?;
        let public = public_half(&pair)?;
        let record = SigningKey {
            id,
            public,
            sealed: vault.seal_seed(SeedOf::Tokens(&id, &public), &seed)?,
            state: SigningState::Active,
            created_at: now,
        };
        Self::of(record, pair)
    }

    /// A stored key. The sealed half is opened also of one that only verifies: it proves that the public half is ours.
    fn open(record: SigningKey, vault: &Vault) -> Result<Self, SigningKeyError> {
        let key = SeedOf::Tokens(&record.id, &record.public);
        let seed = vault.open_seed(key, &record.sealed)?;
        let pair = Ed25519KeyPair::from_seed_and_public_key(&*seed, &record.public);
        let pair = pair.map_err(|_| VaultError::ForeignSigningKey)?;
        Self::of(record, pair)
    }

    fn of(record: SigningKey, pair: Ed25519KeyPair) -> Result<Self, SigningKeyError> {
        let public = ParsedPublicKey::new(&ED25519, record.public);
        Ok(Self {
            header: jws::header(record.id),
            public: public.map_err(|_| VaultError::ForeignSigningKey)?,
            record,
            pair,
        })
    }

    /// As it is kept.
    pub(crate) const fn record(&self) -> &SigningKey {
        &self.record
    }
}

fn public_half(pair: &Ed25519KeyPair) -> Result<[u8; 32], VaultError> {
    let public = pair.public_key().as_ref().try_into();
    public.map_err(|_| VaultError::ForeignSigningKey)
}

impl fmt::Debug for LiveKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LiveKey({})", self.record.id)
    }
}

/// What of the keys changes together.
struct Ring {
    signs: Arc<LiveKey>,
    /// Those that verify besides it.
    retiring: Vec<Arc<LiveKey>>,
}

/// See the module.
pub(crate) struct Keyring(ArcSwap<Ring>);

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(..)")
    }
}

impl Keyring {
    /// The stored keys, of which `signs` signs.
    pub(crate) fn new(
        signs: LiveKey,
        retiring: Vec<SigningKey>,
        vault: &Vault,
    ) -> Result<Self, SigningKeyError> {
        let retiring = retiring.into_iter();
        let retiring = retiring.map(|record| LiveKey::open(record, vault).map(Arc::new));
        Ok(Self(ArcSwap::from_pointee(Ring {
            signs: Arc::new(signs),
            retiring: retiring.collect::<Result<_, _>>()?,
        })))
    }

    /// Opens the stored key that signs.
    pub(crate) fn open(record: SigningKey, vault: &Vault) -> Result<LiveKey, SigningKeyError> {
        LiveKey::open(record, vault)
    }

    /// The key that signs, as it is kept.
    pub(crate) fn signing(&self) -> SigningKey {
        self.0.load().signs.record.clone()
    }

    /// Every key that verifies at `now`, the one that signs first.
    pub(crate) fn living(&self, now: Timestamp) -> Vec<SigningKey> {
        let ring = self.0.load();
        let retiring = ring.retiring.iter().map(|key| &key.record);
        let all = std::iter::once(&ring.signs.record).chain(retiring);
        all.filter(|key| key.verifies(now)).cloned().collect()
    }

    /// The keys that will verify once `successor` signs and the key before verifies until `overlap_end`.
    pub(crate) fn living_after(
        &self,
        successor: &SigningKey,
        overlap_end: Timestamp,
    ) -> Vec<SigningKey> {
        let mut before = self.living(successor.created_at);
        if let Some(signs) = before.first_mut() {
            signs.state = SigningState::Retiring { until: overlap_end };
        }
        std::iter::once(successor.clone()).chain(before).collect()
    }

    /// Lets `successor` sign; the key before verifies until `overlap_end`. The caller holds the lock of changes.
    pub(crate) fn succeed(
        &self,
        successor: LiveKey,
        overlap_end: Timestamp,
        vault: &Vault,
    ) -> Result<(), SigningKeyError> {
        let ring = self.0.load();
        let now = successor.record.created_at;
        let mut before = ring.signs.record.clone();
        before.state = SigningState::Retiring { until: overlap_end };
        let mut retiring = vec![Arc::new(LiveKey::open(before, vault)?)];
        let still = ring.retiring.iter().filter(|key| key.record.verifies(now));
        retiring.extend(still.cloned());
        self.0.store(Arc::new(Ring {
            signs: Arc::new(successor),
            retiring,
        }));
        Ok(())
    }

    /// A signed access token.
    pub(crate) fn sign(&self, claims: &Claims) -> Secret {
        let ring = self.0.load();
        let input = jws::signing_input(&ring.signs.header, &claims.write());
        let signature = ring.signs.pair.sign(input.as_bytes());
        Secret::new(jws::compact(input, signature.as_ref()))
    }

    /// Whether a key that verifies at `now` signed it.
    pub(crate) fn verify(&self, token: &Jws<'_>, now: Timestamp) -> bool {
        let ring = self.0.load();
        let all = std::iter::once(&ring.signs).chain(&ring.retiring);
        let mut all = all.filter(|key| key.record.verifies(now));
        let key = all.find(|key| key.header == token.header);
        key.is_some_and(|key| {
            let signed = token.signing_input.as_bytes();
            key.public.verify_sig(signed, &token.signature).is_ok()
        })
    }

    /// Whether the header is one that a key writes which verifies at `now`.
    pub(crate) fn knows(&self, token: &Jws<'_>, now: Timestamp) -> bool {
        let ring = self.0.load();
        let mut all = std::iter::once(&ring.signs).chain(&ring.retiring);
        all.any(|key| key.record.verifies(now) && key.header == token.header)
    }
}
