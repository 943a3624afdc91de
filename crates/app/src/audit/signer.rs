//! The key that signs the audit log: made once, sealed under the master key, and good for nothing else.

use super::event;
use crate::access::keyring::SigningKeyError;
use crate::entropy;
use crate::plane::OpenError;
use crate::pools::{SeedOf, Vault, VaultError};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use portunus_core::audit::checkpoint::CheckpointError;
use portunus_core::audit::note::VerifierKey;
use portunus_core::audit::{Actor, AuditKey, Checkpoint, SignedCheckpoint, Tree};
use portunus_core::ids::AuditKeyId;
use portunus_core::time::Timestamp;
use portunus_store::Store;
use std::fmt;
use zeroize::Zeroizing;

/// Signs checkpoints.
pub(crate) struct Signer {
    key: AuditKey,
    pair: Ed25519KeyPair,
}

/// Reads a checkpoint that `key` must have signed.
///
/// # Errors
/// [`CheckpointError`].
pub fn read_checkpoint(signed: &str, key: &VerifierKey) -> Result<Checkpoint, CheckpointError> {
    let public = UnparsedPublicKey::new(&ED25519, key.public());
    Checkpoint::read(signed, key, |text, signature| {
        public.verify(text, signature).is_ok()
    })
}

impl Signer {
    /// Opens the stored key, or makes one that signs as `name`.
    pub(crate) async fn open(
        store: &dyn Store,
        vault: &Vault,
        stored: Option<AuditKey>,
        name: String,
        now: Timestamp,
    ) -> Result<Self, OpenError> {
        if let Some(key) = stored {
            return Ok(Self::unseal(key, vault)?);
        }
        let made = Self::generate(vault, name, now)?;
        let told = event(Actor::Plane, now, "audit.key_created", made.key.id);
        store.add_audit_key(&made.key, &told).await?;
        Ok(made)
    }

    fn generate(vault: &Vault, name: String, now: Timestamp) -> Result<Self, SigningKeyError> {
        let id = AuditKeyId::from_bytes(entropy::draw()?);
        let seed = Zeroizing::new(entropy::draw::<32>()?);
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed);
        let pair = pair.map_err(|_| VaultError::ForeignSigningKey)?;
        let public = pair.public_key().as_ref().try_into();
        let public = public.map_err(|_| VaultError::ForeignSigningKey)?;
        let verifier = VerifierKey::new(name, public).ok_or(VaultError::ForeignSigningKey)?;
        let key = AuditKey {
            id,
            verifier,
            sealed: vault.seal_seed(SeedOf::Audit(&id, &public), &seed)?,
            created_at: now,
        };
        Ok(Self { key, pair })
    }

    fn unseal(key: AuditKey, vault: &Vault) -> Result<Self, SigningKeyError> {
        let public = key.verifier.public();
        let seed = vault.open_seed(SeedOf::Audit(&key.id, public), &key.sealed)?;
        let pair = Ed25519KeyPair::from_seed_and_public_key(&*seed, public);
        let pair = pair.map_err(|_| VaultError::ForeignSigningKey)?;
        Ok(Self { key, pair })
    }

    /// The key, as it is kept.
    pub(crate) const fn key(&self) -> &AuditKey {
        &self.key
    }

    /// Signs what the log is now.
    pub(crate) fn checkpoint(&self, tree: &Tree, now: Timestamp) -> SignedCheckpoint {
        let verifier = &self.key.verifier;
        let checkpoint = Checkpoint::of(tree, verifier.name(), now);
        let signature = self.pair.sign(checkpoint.text().as_bytes());
        let mut bytes = [0; 64];
        for (slot, byte) in bytes.iter_mut().zip(signature.as_ref()) {
            *slot = *byte;
        }
        checkpoint.signed(verifier, &bytes)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.key.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_core::audit::Hash;
    use portunus_store::memory::MemoryStore;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn vault(key: u8) -> Vault {
        Vault::new(&Zeroizing::new([key; 32]))
    }

    async fn open(store: &MemoryStore, key: u8) -> Result<Signer, OpenError> {
        let stored = store.snapshot().await.unwrap().audit_key;
        let name = "urn:portunus:test".to_owned();
        Signer::open(store, &vault(key), stored, name, NOW).await
    }

    #[tokio::test]
    async fn p12_what_it_signs_is_proven_by_its_public_half_alone() {
        let store = MemoryStore::default();
        let first = open(&store, 1).await.unwrap();
        let again = open(&store, 1).await.unwrap();
        assert_eq!(first.key(), again.key());
        let mut tree = Tree::default();
        tree.append(Hash::of_leaf(b"one"));
        let signed = again.checkpoint(&tree, NOW);
        let shown: VerifierKey = first.key().verifier.to_string().parse().unwrap();
        let read = read_checkpoint(&signed.note, &shown).unwrap();
        assert_eq!((read.size, read.root, read.at), (1, tree.root(), NOW));
        let bent = signed.note.replace("\n1\n", "\n2\n");
        let refused = read_checkpoint(&bent, &shown).unwrap_err();
        assert_eq!(refused, CheckpointError::NotSigned(shown.id()));
        let stranger = open(&MemoryStore::default(), 1).await.unwrap();
        let other = &stranger.key().verifier;
        assert!(read_checkpoint(&signed.note, other).is_err());
    }

    #[tokio::test]
    async fn p11_it_opens_under_its_master_key_alone() {
        let store = MemoryStore::default();
        open(&store, 1).await.unwrap();
        let refused = open(&store, 2).await.unwrap_err();
        assert!(matches!(refused, OpenError::Signing(_)), "{refused}");
    }
}
