//! Checkpoints (<https://c2sp.org/tlog-checkpoint>): how large the log was and what root its tree had.
//!
//! ```text
//! urn:portunus:3tYq0...        the origin: which log
//! 1042                         how many records
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//! time_ms 1790000000000        an extension line: when it was signed
//! ```

use super::note::{self, Note, VerifierKey};
use super::tree::{Hash, Tree};
use crate::ids::AuditKeyId;
use crate::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const TIME: &str = "time_ms ";

/// What a checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// How many records it had.
    pub size: u64,
    /// The root of its tree.
    pub root: Hash,
    /// When it was signed.
    pub at: Timestamp,
}

/// A checkpoint as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// How many records it covers.
    pub size: u64,
    /// When it was signed.
    pub at: Timestamp,
    /// The signed note.
    pub note: String,
}

/// The key that signs checkpoints, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditKey {
    /// Its id.
    pub id: AuditKeyId,
    /// Name and public half. The name is the origin of the checkpoints that it signs.
    pub verifier: VerifierKey,
    /// The private half, sealed under the master key.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Why a text is no checkpoint of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It is no signed note.
    #[error("it is no signed note")]
    NoNote,
    /// It does not say what a checkpoint says.
    #[error("its text is no checkpoint of a plane's log")]
    Malformed,
    /// The key has not signed it.
    #[error("it is not signed by the key {id}", id = format_args!("{:08x}", u32::from_be_bytes(*.0)))]
    NotSigned([u8; 4]),
}

impl Checkpoint {
    /// Of a tree as it is now.
    #[must_use]
    pub fn of(tree: &Tree, origin: &str, at: Timestamp) -> Self {
        Self {
            origin: origin.to_owned(),
            size: tree.size(),
            root: tree.root(),
            at,
        }
    }

    /// What is signed.
    #[must_use]
    pub fn text(&self) -> String {
        let root = STANDARD.encode(self.root.as_bytes());
        let at = self.at.as_millis();
        format!("{}\n{}\n{root}\n{TIME}{at}\n", self.origin, self.size)
    }

    fn read_text(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let at = lines.find_map(|line| line.strip_prefix(TIME))?;
        let read = Self {
            origin: origin.to_owned(),
            size: size.parse().ok()?,
            root: Hash::from_bytes(STANDARD.decode(root).ok()?.try_into().ok()?),
            at: Timestamp::from_millis(at.parse().ok()?),
        };
        // A size has no leading zeros, and an origin is not empty.
        (size == read.size.to_string() && !origin.is_empty()).then_some(read)
    }

    /// Reads a signed checkpoint. `is_signed` says whether a signature by `key` over a text is good.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn read(
        signed: &str,
        key: &VerifierKey,
        is_signed: impl Fn(&[u8], &[u8; 64]) -> bool,
    ) -> Result<Self, CheckpointError> {
        let note = Note::read(signed).ok_or(CheckpointError::NoNote)?;
        let mut signatures = note.signatures_by(key);
        if !signatures.any(|signature| is_signed(note.text.as_bytes(), &signature)) {
            return Err(CheckpointError::NotSigned(key.id()));
        }
        let read = Self::read_text(note.text).ok_or(CheckpointError::Malformed)?;
        if read.origin == key.name() {
            Ok(read)
        } else {
            Err(CheckpointError::Malformed)
        }
    }

    /// Joins a signature over [`Self::text`] to it.
    #[must_use]
    pub fn signed(&self, key: &VerifierKey, signature: &[u8; 64]) -> SignedCheckpoint {
        SignedCheckpoint {
            size: self.size,
            at: self.at,
            note: note::assemble(&self.text(), key, signature),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> VerifierKey {
        VerifierKey::new("urn:portunus:x".into(), [3; 32]).unwrap()
    }

    fn signed() -> (Checkpoint, String) {
        let mut tree = Tree::default();
        tree.append(Hash::of_leaf(b"one"));
        let said = Checkpoint::of(
            &tree,
            key().name(),
            Timestamp::from_millis(1_790_000_000_000),
        );
        let note = said.signed(&key(), &[9; 64]).note;
        (said, note)
    }

    #[test]
    fn p12_a_checkpoint_reads_back_and_a_foreign_one_is_refused() {
        let (said, note) = signed();
        let good = |_: &[u8], signature: &[u8; 64]| *signature == [9; 64];
        assert_eq!(Checkpoint::read(&note, &key(), good), Ok(said));
        let refused = Checkpoint::read(&note, &key(), |_, _| false);
        assert_eq!(refused, Err(CheckpointError::NotSigned(key().id())));
        let other = VerifierKey::new("urn:portunus:y".into(), [3; 32]).unwrap();
        let refused = Checkpoint::read(&note, &other, good);
        assert_eq!(refused, Err(CheckpointError::NotSigned(other.id())));
        assert_eq!(
            Checkpoint::read("x", &key(), good),
            Err(CheckpointError::NoNote)
        );
    }

    #[test]
    fn p12_only_what_a_checkpoint_says_is_read() {
        let (said, _) = signed();
        let text = said.text();
        assert_eq!(Checkpoint::read_text(&text), Some(said));
        let more = text.replace("time_ms", "witness x\ntime_ms");
        assert!(Checkpoint::read_text(&more).is_some(), "unknown extensions");
        for bent in [
            text.replace("\n1\n", "\n01\n"),
            text.replace("\n1\n", "\n-1\n"),
            text.replace("time_ms", "time"),
            text.replace("urn:portunus:x", ""),
            text.trim_end().to_owned(),
        ] {
            assert_eq!(Checkpoint::read_text(&bent), None, "{bent}");
        }
    }

    proptest! {
        #[test]
        fn p12_no_text_is_too_strange_for_a_checkpoint(text in any::<String>()) {
            let _ = Checkpoint::read_text(&text);
            let _ = Checkpoint::read(&text, &key(), |_, _| true);
        }
    }
}
