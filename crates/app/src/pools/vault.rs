//! The vault: provider secrets at rest, each bound to the place where it was given.
//!
//! Every pool has a data key, wrapped by the master key; a secret is sealed under its pool's data key with
//! XChaCha20-Poly1305. Key id, pool id, protocol and upstream origin are authenticated along with it: whoever
//! moves a row or its base URL in the database gets an error and no key.

use super::origin::Origin;
use crate::entropy::{self, EntropyError};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use portunus_core::agent::Principal;
use portunus_core::ids::{AuditKeyId, KeyId, PoolId, SigningKeyId};
use portunus_core::once::{Claim, Fingerprint};
use portunus_core::provider_key::{Pool, Protocol};
use portunus_core::secret::Secret;
use std::fmt;
use zeroize::Zeroizing;

const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;
const DATA_KEY_CONTEXT: &[u8] = b"portunus pool data key v1";
const SECRET_CONTEXT: &[u8] = b"portunus provider secret v1";
const ANSWER_CONTEXT: &[u8] = b"portunus kept answer v1";
const SIGNING_CONTEXT: &[u8] = b"portunus signing key v1";
const AUDIT_CONTEXT: &[u8] = b"portunus audit key v1";

/// Why the vault gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The pool's data key does not open under this master key.
    #[error("the pool's data key does not open under this master key")]
    WrongMasterKey,
    /// The secret does not open here: it was sealed for another key, pool, protocol or origin, or altered.
    #[error("the secret was not sealed for this key, pool, protocol and origin")]
    NotSealedHere,
    /// A signing key does not open under this master key, or its halves do not belong together.
    #[error("a signing key does not open under this master key")]
    ForeignSigningKey,
    /// No randomness for a nonce or a key.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// Holds the master key.
pub struct Vault {
    master: XChaCha20Poly1305,
}

/// Holds one pool's data key.
pub struct PoolVault {
    cipher: XChaCha20Poly1305,
    pool: PoolId,
    protocol: Protocol,
}

/// A signing key: what it is for, its name, and its public half.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SeedOf<'a> {
    /// Signs access tokens.
    Tokens(&'a SigningKeyId, &'a [u8; KEY_BYTES]),
    /// Signs checkpoints of the audit log.
    Audit(&'a AuditKeyId, &'a [u8; KEY_BYTES]),
}

impl SeedOf<'_> {
    fn context(self) -> Vec<u8> {
        match self {
            Self::Tokens(id, public) => context(SIGNING_CONTEXT, &[id.as_bytes(), public]),
            Self::Audit(id, public) => context(AUDIT_CONTEXT, &[id.as_bytes(), public]),
        }
    }
}

impl Vault {
    /// A vault under this master key.
    #[must_use]
    pub fn new(master_key: &Zeroizing<[u8; KEY_BYTES]>) -> Self {
        Self {
            master: XChaCha20Poly1305::new((&**master_key).into()),
        }
    }

    /// A fresh data key for a new pool, wrapped: what [`Pool::wrapped_data_key`] stores.
    ///
    /// # Errors
    /// [`VaultError::Entropy`].
    pub fn new_data_key(&self, pool: PoolId) -> Result<Vec<u8>, VaultError> {
        let data_key = Zeroizing::new(entropy::draw::<KEY_BYTES>()?);
        seal(&self.master, &data_key[..], &data_key_context(pool))
    }

    /// Seals the private half of a signing key, bound to its use, its name and its public half.
    ///
    /// # Errors
    /// [`VaultError::Entropy`].
    pub(crate) fn seal_seed(
        &self,
        key: SeedOf<'_>,
        seed: &Zeroizing<[u8; KEY_BYTES]>,
    ) -> Result<Vec<u8>, VaultError> {
        seal(&self.master, &seed[..], &key.context())
    }

    /// Opens the private half of a signing key.
    ///
    /// # Errors
    /// [`VaultError::ForeignSigningKey`].
    pub(crate) fn open_seed(
        &self,
        key: SeedOf<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, VaultError> {
        let seed = unseal(&self.master, sealed, &key.context());
        let seed = seed.ok_or(VaultError::ForeignSigningKey)?;
        let seed = seed.as_slice().try_into();
        seed.map(Zeroizing::new)
            .map_err(|_| VaultError::ForeignSigningKey)
    }

    /// Seals an answer that is kept for a repetition, bound to the claim and the request that it answers.
    ///
    /// # Errors
    /// [`VaultError::Entropy`].
    pub(crate) fn seal_answer(
        &self,
        claim: &Claim,
        asked: &Fingerprint,
        status: u16,
        body: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        seal(&self.master, body, &answer_context(claim, asked, status))
    }

    /// Opens an answer that is kept; `None` when it was sealed under another master key, for another request, or altered.
    pub(crate) fn open_answer(
        &self,
        claim: &Claim,
        asked: &Fingerprint,
        status: u16,
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        unseal(&self.master, sealed, &answer_context(claim, asked, status))
    }

    /// Opens a pool's data key.
    ///
    /// # Errors
    /// [`VaultError::WrongMasterKey`].
    pub fn open_pool(&self, pool: &Pool) -> Result<PoolVault, VaultError> {
        let data_key = unseal(
            &self.master,
            &pool.wrapped_data_key,
            &data_key_context(pool.id),
        )
        .ok_or(VaultError::WrongMasterKey)?;
        let cipher =
            XChaCha20Poly1305::new_from_slice(&data_key).map_err(|_| VaultError::WrongMasterKey)?;
        Ok(PoolVault {
            cipher,
            pool: pool.id,
            protocol: pool.protocol,
        })
    }
}

impl PoolVault {
    /// Seals a secret for one key at one origin.
    ///
    /// # Errors
    /// [`VaultError::Entropy`].
    pub fn seal(
        &self,
        key: KeyId,
        origin: &Origin,
        secret: &Secret,
    ) -> Result<Vec<u8>, VaultError> {
        let context = self.secret_context(key, origin);
        seal(&self.cipher, secret.expose().as_bytes(), &context)
    }

    /// Opens a sealed secret.
    ///
    /// # Errors
    /// [`VaultError::NotSealedHere`].
    pub fn unseal(&self, key: KeyId, origin: &Origin, sealed: &[u8]) -> Result<Secret, VaultError> {
        let context = self.secret_context(key, origin);
        let mut plain = unseal(&self.cipher, sealed, &context).ok_or(VaultError::NotSealedHere)?;
        String::from_utf8(std::mem::take(&mut *plain))
            .map(Secret::new)
            .map_err(|_| VaultError::NotSealedHere)
    }

    fn secret_context(&self, key: KeyId, origin: &Origin) -> Vec<u8> {
        context(
            SECRET_CONTEXT,
            &[
                key.as_bytes(),
                self.pool.as_bytes(),
                self.protocol.as_str().as_bytes(),
                origin.as_str().as_bytes(),
            ],
        )
    }
}

fn data_key_context(pool: PoolId) -> Vec<u8> {
    context(DATA_KEY_CONTEXT, &[pool.as_bytes()])
}

fn answer_context(claim: &Claim, asked: &Fingerprint, status: u16) -> Vec<u8> {
    let (kind, id) = match &claim.by {
        Principal::Agent(id) => (b"agent".as_slice(), id.as_bytes()),
        Principal::Operator(id) => (b"operator".as_slice(), id.as_bytes()),
    };
    let (route, key) = (claim.route.as_bytes(), claim.key.as_str().as_bytes());
    let status = status.to_be_bytes();
    let fields = [kind, id, route, key, asked.as_bytes(), &status];
    context(ANSWER_CONTEXT, &fields)
}

/// Joins fields with their lengths, so that no two lists of fields read the same.
fn context(purpose: &[u8], fields: &[&[u8]]) -> Vec<u8> {
    let mut joined = purpose.to_vec();
    for field in fields {
        joined.extend_from_slice(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
        joined.extend_from_slice(field);
    }
    joined
}

fn seal(cipher: &XChaCha20Poly1305, plain: &[u8], aad: &[u8]) -> Result<Vec<u8>, VaultError> {
    let nonce = entropy::draw::<NONCE_BYTES>()?;
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad })
        // Only lengths beyond 256 GiB fail here.
        .map_err(|_| VaultError::NotSealedHere)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn unseal(cipher: &XChaCha20Poly1305, sealed: &[u8], aad: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, msg) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    cipher
        .decrypt(&XNonce::from(*nonce), Payload { msg, aad })
        .ok()
        .map(Zeroizing::new)
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}

impl fmt::Debug for PoolVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PoolVault({})", self.pool)
    }
}
