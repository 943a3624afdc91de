//! Signed notes (<https://c2sp.org/signed-note>): a text, an empty line, and signature lines. Only the form is here; whoever
//! holds the key signs, and whoever has Ed25519 (RFC 8032) verifies.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The signature type of Ed25519.
const ED25519: u8 = 1;
const SIGNATURE_BEGINS: &str = "\u{2014} ";
const KEY_ID_BYTES: usize = 4;

/// A public Ed25519 key and the name that it signs under, in the text form that people hand around and pin:
/// `name+hash+key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public: [u8; 32],
}

/// The text is not a verifier key of an Ed25519 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a verifier key of the form name+hash+key, or cut off or mistyped")]
pub struct VerifierKeyError;

impl VerifierKey {
    /// `None` when the name is empty or has spaces or a plus sign.
    #[must_use]
    pub fn new(name: String, public: [u8; 32]) -> Option<Self> {
        let is_name = !name.is_empty()
            && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+');
        is_name.then_some(Self { name, public })
    }

    /// What it signs under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The Ed25519 public key.
    #[must_use]
    pub const fn public(&self) -> &[u8; 32] {
        &self.public
    }

    fn typed(&self) -> [u8; 33] {
        let mut bytes = [ED25519; 33];
        for (slot, byte) in bytes.iter_mut().skip(1).zip(self.public) {
            *slot = byte;
        }
        bytes
    }

    /// What a signature line calls it by, beside its name.
    #[must_use]
    pub fn id(&self) -> [u8; KEY_ID_BYTES] {
        let hash = Sha256::new().chain_update(self.name.as_bytes());
        let hash = hash.chain_update(b"\n").chain_update(self.typed());
        let hash: [u8; 32] = hash.finalize().into();
        hash.first_chunk().copied().unwrap_or_default()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.id());
        let key = STANDARD.encode(self.typed());
        write!(f, "{}+{id:08x}+{key}", self.name)
    }
}

impl FromStr for VerifierKey {
    type Err = VerifierKeyError;

    fn from_str(text: &str) -> Result<Self, VerifierKeyError> {
        let read = || {
            let (name, rest) = text.trim().split_once('+')?;
            let (_, key) = rest.split_once('+')?;
            let key = STANDARD.decode(key).ok()?;
            let (ED25519, public) = key.split_first().map(|(first, rest)| (*first, rest))? else {
                return None;
            };
            let key = Self::new(name.to_owned(), public.try_into().ok()?)?;
            // The hash in the middle is of name and key, so that a cut or mixed up text is noticed.
            (key.to_string() == text.trim()).then_some(key)
        };
        read().ok_or(VerifierKeyError)
    }
}

/// The whole note: the text, which ends with a newline, and one signature by `key`.
#[must_use]
pub fn assemble(text: &str, key: &VerifierKey, signature: &[u8; 64]) -> String {
    let mut line = key.id().to_vec();
    line.extend_from_slice(signature);
    let line = STANDARD.encode(line);
    format!("{text}\n{SIGNATURE_BEGINS}{} {line}\n", key.name)
}

/// A note, taken apart. Nothing of it is proven.
#[derive(Debug, PartialEq, Eq)]
pub struct Note<'a> {
    /// What is signed, with its last newline.
    pub text: &'a str,
    signatures: &'a str,
}

impl<'a> Note<'a> {
    /// `None` when it has not the form of a note.
    #[must_use]
    pub fn read(note: &'a str) -> Option<Self> {
        let end = note.rfind("\n\n")?;
        let (text, signatures) = note.split_at(end + 1);
        let signatures = signatures.strip_prefix('\n')?;
        let is_note = signatures.ends_with('\n')
            && signatures
                .lines()
                .all(|line| line.starts_with(SIGNATURE_BEGINS))
            && !note.contains(|c: char| c < ' ' && c != '\n');
        is_note.then_some(Self { text, signatures })
    }

    /// The signatures that say they are by `key`; lines of others are passed over.
    pub fn signatures_by(&self, key: &VerifierKey) -> impl Iterator<Item = [u8; 64]> {
        self.signatures.lines().filter_map(move |line| {
            let (name, bytes) = line.strip_prefix(SIGNATURE_BEGINS)?.split_once(' ')?;
            let bytes = STANDARD.decode(bytes).ok()?;
            let (id, signature) = bytes.split_first_chunk::<KEY_ID_BYTES>()?;
            let is_its = name == key.name && *id == key.id();
            is_its.then_some(signature.try_into().ok()).flatten()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The example of the Go package that the format comes from (<https://pkg.go.dev/golang.org/x/mod/sumdb/note>).
    const KNOWN: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const KNOWN_NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn p12_a_known_verifier_key_and_its_note_are_read() {
        let key: VerifierKey = KNOWN.parse().unwrap();
        assert_eq!(
            (key.name(), key.to_string().as_str()),
            ("PeterNeumann", KNOWN)
        );
        let note = Note::read(KNOWN_NOTE).unwrap();
        assert!(note.text.ends_with("your problem is.\n"));
        let signature = note.signatures_by(&key).next().unwrap();
        assert_eq!(assemble(note.text, &key, &signature), KNOWN_NOTE);
        let other = VerifierKey::new("PeterNeumann".into(), [1; 32]).unwrap();
        assert_eq!(note.signatures_by(&other).count(), 0);
    }

    #[test]
    fn p12_a_verifier_key_that_was_cut_or_mixed_up_is_refused() {
        for text in [
            "",
            "PeterNeumann",
            "PeterNeumann+c74f20a3",
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "Peter+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
            "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        ] {
            assert_eq!(text.parse::<VerifierKey>(), Err(VerifierKeyError), "{text}");
        }
        for name in ["", "a b", "a+b", "a\n"] {
            assert_eq!(VerifierKey::new(name.into(), [0; 32]), None, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn p12_no_text_is_too_strange_to_be_read(text in any::<String>(), at in 0_usize..300, with in any::<char>()) {
            let key: VerifierKey = KNOWN.parse().unwrap();
            let mut bent: String = KNOWN_NOTE.chars().take(at).collect();
            bent.push(with);
            bent.extend(KNOWN_NOTE.chars().skip(at));
            for text in [text, bent] {
                let _ = text.parse::<VerifierKey>();
                if let Some(note) = Note::read(&text) {
                    prop_assert!(note.text.ends_with('\n') && text.starts_with(note.text));
                    let _ = note.signatures_by(&key).count();
                }
            }
        }
    }
}
