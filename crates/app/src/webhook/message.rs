//! One message: an id that stays the same with every attempt, and a body of type, time and data.

use portunus_core::time::Timestamp;
use serde::Serialize;

/// A message that is ready to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    id: String,
    body: Vec<u8>,
}

#[derive(Debug, Serialize)]
struct Body<'a, T> {
    r#type: &'static str,
    timestamp_ms: u64,
    data: &'a T,
}

impl Message {
    /// A message about what happened at `at`. A receiver that knows the `id` already may drop it.
    pub fn new(id: String, kind: &'static str, at: Timestamp, data: &impl Serialize) -> Self {
        let body = serde_json::to_vec(&Body {
            r#type: kind,
            timestamp_ms: at.as_millis(),
            data,
        });
        Self {
            id,
            // Plain structs of texts and numbers cannot fail.
            body: body.unwrap_or_default(),
        }
    }

    #[cfg(test)]
    pub(super) fn set_body(&mut self, body: &[u8]) {
        self.body = body.to_vec();
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What is posted.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}
