//! How much of a chat has said why it ends: some providers leave `[DONE]` out behind that, and SDKs miss nothing.

use super::sse::Event;
use memchr::memmem::Finder;
use std::borrow::Cow;
use std::sync::LazyLock;

static REASON: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"finish_reason\""));

/// The answers of one chat stream that are finished.
#[derive(Clone, Copy, Debug, Default)]
pub struct Finished {
    /// A bit for each index; no chat has more answers.
    answers: u128,
}

impl Finished {
    /// Takes note of one event. Nearly all are dismissed by the null behind a name.
    pub fn absorb(&mut self, event: &Event) {
        let data = event.data();
        let gives_reason = |at: usize| {
            let behind = data.get(at + REASON.needle().len()..).unwrap_or_default();
            let value = behind.trim_ascii_start().strip_prefix(b":");
            !value.is_some_and(|value| value.trim_ascii_start().starts_with(b"null"))
        };
        if REASON.find_iter(&data).any(gives_reason) {
            self.read(&data);
        }
    }

    /// Whether as many answers are finished as were asked for.
    #[must_use]
    pub fn has_all(self, asked: u64) -> bool {
        asked > 0 && u64::from(self.answers.count_ones()) >= asked
    }

    fn read(&mut self, data: &[u8]) {
        #[derive(serde::Deserialize)]
        struct Chunk<'a> {
            #[serde(borrow)]
            choices: Vec<Choice<'a>>,
        }
        #[derive(serde::Deserialize)]
        struct Choice<'a> {
            #[serde(default)]
            index: u32,
            #[serde(borrow, default)]
            finish_reason: Option<Cow<'a, str>>,
        }
        let Ok(chunk) = serde_json::from_slice::<Chunk<'_>>(data) else {
            return;
        };
        for choice in chunk.choices {
            // Some providers put their own failure here.
            let is_reason = |reason: &str| !matches!(reason, "" | "error");
            if choice.finish_reason.as_deref().is_some_and(is_reason) {
                self.answers |= 1_u128.checked_shl(choice.index).unwrap_or(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sse::Splitter;
    use super::*;
    use bytes::Bytes;

    fn finished(chunks: &[&str]) -> Finished {
        let mut splitter = Splitter::new();
        for chunk in chunks {
            splitter.push(Bytes::from(format!("data: {chunk}\n\n")));
        }
        let mut finished = Finished::default();
        while let Ok(Some(event)) = splitter.take() {
            finished.absorb(&event);
        }
        finished
    }

    #[test]
    fn an_answer_is_finished_by_its_reason() {
        for (chunk, expected) in [
            (
                r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
                true,
            ),
            (
                r#"{"choices":[{"delta":{}, "finish_reason" : "length"}]}"#,
                true,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}"#,
                false,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{},"finish_reason":""}]}"#,
                false,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}"#,
                false,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"content":"\"finish_reason\":\"stop\""}}]}"#,
                false,
            ),
            (
                r#"{"choices":[{"index":200,"delta":{},"finish_reason":"stop"}]}"#,
                false,
            ),
            (r#"{"choices":[{"index":0,"finish_reason":"stop""#, false),
            ("[DONE]", false),
        ] {
            assert_eq!(finished(&[chunk]).has_all(1), expected, "{chunk}");
        }
    }

    #[test]
    fn every_answer_that_was_asked_for_has_its_own_end() {
        let first = r#"{"choices":[{"index":0,"finish_reason":"stop"}]}"#;
        let second = r#"{"choices":[{"index":1,"finish_reason":"stop"}]}"#;
        let both = r#"{"choices":[{"index":0,"finish_reason":null},{"index":0,"finish_reason":"stop"},{"index":1,"finish_reason":"stop"}]}"#;
        assert!(!finished(&[first, first]).has_all(2));
        assert!(finished(&[first, second]).has_all(2));
        assert!(finished(&[both]).has_all(2));
        assert!(!finished(&[]).has_all(0));
    }
}
