//! What a Responses request refers to that lives in one provider account, and what an answer makes there.
//!
//! Stored responses, conversations, stored items, encrypted reasoning and containers ([`super::container`]) can be read by
//! the account that made them and by no other. Both sides are reduced to the same short digest; which key made an object is
//! remembered by the pool.

use memchr::memmem;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// Encrypted content is told apart by its length and this many bytes: it begins with a random nonce.
const TELLING_BYTES: usize = 512;
/// References read from one request at most; the newest come last and count most, so the oldest are dropped.
const MOST_REFERENCES: usize = 64;

/// The digest of an object's identifier, or of encrypted content.
pub type ObjectDigest = [u8; 16];

/// One reference to something that lives in one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoundRef {
    /// `previous_response_id`, `conversation`, or a stored item: unusable on any other key.
    Stored(ObjectDigest),
    /// Encrypted reasoning or a compaction: unusable on any other key.
    Encrypted(ObjectDigest),
    /// The container that a model's code runs in, with the files of earlier runs: unusable on any other key.
    Container(ObjectDigest),
}

impl BoundRef {
    /// The digest under which its key is remembered.
    #[must_use]
    pub const fn digest(&self) -> ObjectDigest {
        match self {
            Self::Stored(digest) | Self::Encrypted(digest) | Self::Container(digest) => *digest,
        }
    }

    pub(super) fn container(id: &str) -> Self {
        Self::Container(digest(b"container", id.as_bytes()))
    }

    fn stored(id: &str) -> Self {
        Self::Stored(digest(b"id", id.as_bytes()))
    }

    fn encrypted(content: &str) -> Self {
        Self::Encrypted(digest(b"content", content.as_bytes()))
    }
}

fn digest(kind: &[u8], bytes: &[u8]) -> ObjectDigest {
    let telling = bytes.get(..TELLING_BYTES).unwrap_or(bytes);
    let hash = Sha256::new()
        .chain_update(kind)
        .chain_update(bytes.len().to_be_bytes())
        .chain_update(telling)
        .finalize();
    hash.first_chunk::<16>().copied().unwrap_or_default()
}

/// Whether a text has any of these words: nearly none does, and need not be read as JSON then.
pub(super) fn has_any(text: &[u8], words: &[&str]) -> bool {
    words
        .iter()
        .any(|word| memmem::find(text, word.as_bytes()).is_some())
}

/// Something that lives in the account, as requests and answers write it.
#[derive(serde::Deserialize)]
#[serde(untagged)]
pub(super) enum Named<'a> {
    Id(#[serde(borrow)] Cow<'a, str>),
    Object {
        #[serde(borrow)]
        id: Cow<'a, str>,
    },
    /// A new one, or none.
    Other(IgnoredAny),
}

impl<'a> Named<'a> {
    /// Of JSON text.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::Id(id) | Self::Object { id } => Some(id),
            Self::Other(_) => None,
        }
    }
}

/// The parts of an input or output item that matter here.
#[derive(serde::Deserialize)]
struct Item<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    encrypted_content: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    container_id: Option<Cow<'a, str>>,
}

impl Item<'_> {
    /// Reasoning without its content, and a reference, can only be read back from the account's store.
    fn reference(&self) -> Option<BoundRef> {
        if let Some(content) = &self.encrypted_content {
            return Some(BoundRef::encrypted(content));
        }
        matches!(self.kind.as_deref(), Some("item_reference" | "reasoning"))
            .then_some(self.id.as_deref())
            .flatten()
            .map(BoundRef::stored)
    }
}

/// What a request refers to: `conversation` and `input` as JSON text.
pub(super) fn referred(
    previous_response: Option<&str>,
    conversation: Option<&str>,
    input: Option<&str>,
) -> Vec<BoundRef> {
    let mut bound: Vec<BoundRef> = previous_response
        .map(BoundRef::stored)
        .into_iter()
        .collect();
    let conversation = conversation.and_then(Named::read);
    bound.extend(conversation.and_then(|named| named.id().map(BoundRef::stored)));
    let input = input.unwrap_or_default();
    let telling = ["encrypted_content", "item_reference", "\"reasoning\""];
    if has_any(input.as_bytes(), &telling)
        && let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(input)
    {
        let items = items.iter().rev();
        let references = items.filter_map(|raw| {
            serde_json::from_str::<Item<'_>>(raw.get())
                .ok()?
                .reference()
        });
        bound.extend(references.take(MOST_REFERENCES));
    }
    bound
}

/// What an answer makes in its account: the data of an event, or a whole JSON body of the Responses endpoints.
#[must_use]
pub fn made(data: &[u8]) -> Vec<ObjectDigest> {
    #[derive(serde::Deserialize)]
    struct Response<'a> {
        #[serde(borrow, default)]
        id: Option<Cow<'a, str>>,
        #[serde(borrow, default)]
        output: Vec<Item<'a>>,
    }
    #[derive(serde::Deserialize)]
    struct Made<'a> {
        #[serde(borrow, default)]
        response: Option<Response<'a>>,
        #[serde(borrow, default)]
        item: Option<Item<'a>>,
        #[serde(borrow, flatten)]
        whole: Response<'a>,
    }
    // Deltas are nearly all of a stream and make nothing.
    let telling = ["\"resp_", "\"rs_", "encrypted_content", "\"container_id\""];
    if !has_any(data, &telling) {
        return Vec::new();
    }
    let Ok(made) = serde_json::from_slice::<Made<'_>>(data) else {
        return Vec::new();
    };
    let mut digests = Vec::new();
    for response in made.response.iter().chain([&made.whole]) {
        digests.extend(
            response
                .id
                .as_deref()
                .map(|id| BoundRef::stored(id).digest()),
        );
        digests.extend(response.output.iter().flat_map(of_item));
    }
    digests.extend(made.item.iter().flat_map(of_item));
    digests
}

fn of_item(item: &Item<'_>) -> Vec<ObjectDigest> {
    let id = item.id.as_deref().map(|id| BoundRef::stored(id).digest());
    let content = item.encrypted_content.as_deref();
    let content = content.map(|content| BoundRef::encrypted(content).digest());
    let container = item.container_id.as_deref();
    let container = container.map(|id| BoundRef::container(id).digest());
    id.into_iter().chain(content).chain(container).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_makes_is_what_the_next_request_refers_to() {
        let done = br#"{"type":"response.output_item.done","item":{"id":"rs_1","type":"reasoning","encrypted_content":"gAAA"}}"#;
        let made_by_item = made(done);
        let completed = br#"{"type":"response.completed","response":{"id":"resp_1","output":[{"id":"rs_1","type":"reasoning"}]}}"#;
        let made_by_response = made(completed);

        let by_id = referred(Some("resp_1"), None, None);
        assert!(made_by_response.contains(&by_id[0].digest()));
        let by_content = referred(
            None,
            None,
            Some(r#"[{"type":"reasoning","id":"rs_1","encrypted_content":"gAAA"}]"#),
        );
        assert!(
            matches!(by_content[..], [BoundRef::Encrypted(digest)] if made_by_item.contains(&digest))
        );
        let by_item = referred(
            None,
            None,
            Some(r#"[{"type":"item_reference","id":"rs_1"}]"#),
        );
        assert!(
            matches!(by_item[..], [BoundRef::Stored(digest)] if made_by_item.contains(&digest) && made_by_response.contains(&digest))
        );
    }

    #[test]
    fn a_whole_body_makes_what_its_events_would_make() {
        let body =
            br#"{"id":"resp_1","object":"response","output":[{"id":"rs_1","type":"reasoning"}]}"#;
        let event = br#"{"type":"response.completed","response":{"id":"resp_1","output":[{"id":"rs_1","type":"reasoning"}]}}"#;
        assert_eq!(made(body), made(event));
        assert_eq!(made(body).len(), 2);
    }

    #[test]
    fn ordinary_input_refers_to_nothing() {
        for input in [
            r#""hello""#,
            r#"[{"role":"user","content":"the word \"reasoning\""}]"#,
            "null",
        ] {
            assert!(referred(None, None, Some(input)).is_empty(), "{input}");
        }
        assert!(made(br#"{"type":"response.output_text.delta","delta":"hi"}"#).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn hostile_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(0u8..=255, 0..80), text in "\\PC{0,80}") {
            let _ = made(&bytes);
            let _ = made(format!("{{\"id\":\"resp_{text}").as_bytes());
            let _ = referred(Some(&text), Some(&text), Some(&text));
        }
    }
}
