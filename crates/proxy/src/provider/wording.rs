//! The words of an error body: its type, code and message, also when it is cut off or no JSON at all.
//!
//! Messages are matched with care: upstreams repeat parts of the request in them, and nobody may set a key aside by
//! naming a model or a beta after a provider's sentence.

use serde_json::Value;

/// What kind of text an error body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Whole JSON.
    Json,
    /// JSON that breaks off; its words were picked out.
    Broken,
    /// Nothing at all.
    Empty,
    /// A web page, or another text.
    Foreign,
}

/// An error body, read.
#[derive(Clone, Debug)]
pub(super) struct Wording {
    /// What kind of text it is.
    pub(super) form: Form,
    /// `error.type`, or its `status` for Google.
    pub(super) kind: String,
    /// `error.code`, also when it is a number.
    pub(super) code: String,
    /// `error.message` in lower case, as far as providers' own sentences go.
    pub(super) message: String,
    /// The error object, for what only one provider has; null when there is none.
    pub(super) error: Value,
}

impl Wording {
    /// Reads an error body or the data of an error event.
    pub(super) fn read(body: &[u8]) -> Self {
        let body = body.trim_ascii();
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self::of(error_in(value)),
            Err(_) if body.is_empty() => Self::without_words(Form::Empty),
            Err(_) if matches!(body.first(), Some(b'{' | b'[')) => Self::picked(body),
            Err(_) => Self::without_words(Form::Foreign),
        }
    }

    fn of(error: Value) -> Self {
        let text = |name: &str| match error.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let kind = match text("type") {
            kind if kind.is_empty() => text("status"),
            kind => kind,
        };
        let message = match &error {
            Value::String(message) => sentence(message),
            _ => sentence(&text("message")),
        };
        Self {
            form: Form::Json,
            kind,
            code: text("code"),
            message,
            error,
        }
    }

    fn without_words(form: Form) -> Self {
        Self {
            form,
            kind: String::new(),
            code: String::new(),
            message: String::new(),
            error: Value::Null,
        }
    }

    /// Picks the words out of JSON that breaks off. The outer `"type":"error"` is no kind.
    fn picked(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let mut words = Self::without_words(Form::Broken);
        words.kind = picks(&text, "type")
            .find(|kind| *kind != "error")
            .or_else(|| picks(&text, "status").next())
            .unwrap_or_default()
            .to_owned();
        words.code = picks(&text, "code").next().unwrap_or_default().to_owned();
        let message = picks(&text, "message").next().unwrap_or_default();
        words.message = sentence(message);
        words
    }

    /// Whether type or code is one of `names`.
    pub(super) fn is_any(&self, names: &[&str]) -> bool {
        names.contains(&self.kind.as_str()) || names.contains(&self.code.as_str())
    }

    /// Whether the provider's own sentence has `phrase` (lower case). What follows a quote, a colon or a bracket may be
    /// the client's words and counts for nothing.
    pub(super) fn says(&self, phrase: &str) -> bool {
        let quotes = ['"', '`', '\u{201c}', ':', '(', '[', '{', '<'];
        let own = self.message.split(quotes).next().unwrap_or_default();
        let own = own.split(" '").next().unwrap_or_default();
        own.contains(phrase)
    }

    /// Whether the provider says that the model, or what was bought, is what is refused.
    pub(super) fn names_model_or_plan(&self) -> bool {
        self.is_any(&["model_not_found"])
            || ["model", "plan", "subscription", "tier"]
                .iter()
                .any(|name| self.says(name))
    }

    /// Whether the provider names an account, organization or key that was switched off. A model that was is none.
    pub(super) fn says_credential_is_dead(&self, status: u16) -> bool {
        let owners = [
            "account",
            "organization",
            "workspace",
            "project",
            "api key",
            "access token",
            "oauth",
            "consumer",
        ];
        let ends = [
            "has been disabled",
            "is disabled",
            "been deactivated",
            "is deactivated",
            "been suspended",
            "is suspended",
            "been revoked",
            "been terminated",
            "been banned",
            "key expired",
            "key not valid",
            "not currently allowed",
            "currently not allowed",
        ];
        matches!(status, 400 | 401 | 403 | 429)
            && owners.iter().any(|owner| self.says(owner))
            && ends.iter().any(|end| self.says(end))
    }
}

/// Bytes of a message that are searched, and that many times: providers' own sentences are far shorter, and what they quote
/// of a request may be as long as the request.
const SENTENCE_BYTES: usize = 8 * 1024;

fn sentence(message: &str) -> String {
    let end = message.floor_char_boundary(SENTENCE_BYTES);
    message.get(..end).unwrap_or_default().to_lowercase()
}

/// The error object of an envelope: `error`, `response.error`, the first of an array, or the value itself.
fn error_in(mut value: Value) -> Value {
    if let Value::Array(list) = value {
        value = list.into_iter().next().unwrap_or_default();
    }
    for path in ["/error", "/response/error"] {
        if let Some(error) = value.pointer_mut(path).filter(|error| !error.is_null()) {
            return error.take();
        }
    }
    value
}

/// Every string value that follows `"name":` in a text, escapes left as they are.
fn picks<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let label = format!("\"{name}\"");
    let length = label.len();
    let places: Vec<usize> = text
        .match_indices(&label)
        .map(|(at, _)| at + length)
        .collect();
    places.into_iter().filter_map(move |at| {
        let value = text.get(at..)?.trim_start().strip_prefix(':')?.trim_start();
        let value = value.strip_prefix('"')?;
        Some(value.split('"').next().unwrap_or(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_envelope_yields_its_words() {
        for body in [
            r#"{"type":"error","error":{"type":"a","code":7,"message":"No"}}"#,
            r#"[{"error":{"status":"a","code":7,"message":"No"}}]"#,
            r#"{"type":"response.failed","response":{"error":{"type":"a","code":"7","message":"No"}}}"#,
            r#"{"type":"a","code":"7","message":"No"}"#,
        ] {
            let words = Wording::read(body.as_bytes());
            assert_eq!(
                (words.kind.as_str(), words.code.as_str()),
                ("a", "7"),
                "{body}"
            );
            assert_eq!(words.message, "no");
        }
    }

    #[test]
    fn a_body_that_breaks_off_still_tells_its_type() {
        let words = Wording::read(
            br#"{"type":"error","error":{"type":"rate_limit_error","message":"This req"#,
        );
        assert_eq!(words.form, Form::Broken);
        assert_eq!(words.kind, "rate_limit_error");
        assert_eq!(words.message, "this req");
    }

    #[test]
    fn words_that_may_be_the_clients_count_for_nothing() {
        let echo =
            br#"{"error":{"message":"Unexpected value(s) `your credit balance` for the header"}}"#;
        assert!(!Wording::read(echo).says("credit balance"));
        let own = br#"{"error":{"message":"Your credit balance is too low: buy"}}"#;
        assert!(Wording::read(own).says("credit balance"));
    }

    #[test]
    fn of_a_message_as_long_as_a_request_only_its_sentence_is_searched() {
        let quoted = "\u{e9}".repeat(512 * 1024);
        for end in ["\"}}", ""] {
            let body = format!(r#"{{"error":{{"message":"Too long: {quoted}{end}"#);
            let words = Wording::read(body.as_bytes());
            assert!(words.says("too long"));
            assert!(words.message.len() <= SENTENCE_BYTES);
        }
    }

    proptest::proptest! {
        #[test]
        fn hostile_bodies_are_read_without_a_panic(body in proptest::collection::vec(0u8..=255, 0..200)) {
            let _ = Wording::read(&body);
            let mut opened = br#"{"error":{"type": "#.to_vec();
            opened.extend(body);
            let _ = Wording::read(&opened);
        }
    }
}
