//! Making a chat stream report its usage, and taking the extra chunk out again.
//!
//! The one change that the door makes to a body: `stream_options.include_usage`, spliced in without writing the rest of
//! the body anew. When the client asked for usage itself, nothing is touched.

use bytes::{Bytes, BytesMut};
use memchr::memmem;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// What is to be done so that a stream reports its usage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsageOption {
    /// Nothing: no chat stream, the client asked itself, or what it wrote is for the upstream to refuse.
    Untouched,
    /// One splice; the extra chunk is dropped on the way back.
    Spliced(Splice),
}

/// Replaces `remove` bytes at `at` by `insert`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    at: usize,
    remove: usize,
    insert: &'static str,
}

impl Splice {
    /// The body in three pieces, none of them copied.
    #[must_use]
    pub fn pieces(&self, body: &Bytes) -> [Bytes; 3] {
        let at = self.at.min(body.len());
        let behind = (at + self.remove).min(body.len());
        [
            body.slice(..at),
            Bytes::from_static(self.insert.as_bytes()),
            body.slice(behind..),
        ]
    }

    /// The body in one piece, copied once.
    #[must_use]
    pub fn apply(&self, body: &Bytes) -> Bytes {
        let mut whole = BytesMut::with_capacity(body.len() + self.insert.len());
        for piece in self.pieces(body) {
            whole.extend_from_slice(&piece);
        }
        whole.freeze()
    }
}

/// Finds the splice for a chat body that streams. `options` is its `stream_options`, lying inside `body`.
pub(super) fn find(body: &[u8], options: Option<&str>) -> UsageOption {
    let splice = |at: Option<usize>, remove, insert| {
        at.map_or(UsageOption::Untouched, |at| {
            UsageOption::Spliced(Splice { at, remove, insert })
        })
    };
    let behind_brace = |text: &[u8]| offset(body, text).map(|at| at + 1);
    let Some(options) = options else {
        // The body is an object that has at least `stream`, so a comma is due.
        let insert = r#""stream_options":{"include_usage":true},"#;
        return splice(behind_brace(body.trim_ascii_start()), 0, insert);
    };
    if options == "null" {
        return splice(
            offset(body, options.as_bytes()),
            options.len(),
            r#"{"include_usage":true}"#,
        );
    }
    let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(options) else {
        return UsageOption::Untouched;
    };
    match fields.get("include_usage").map(|value| value.get()) {
        Some(value @ ("false" | "null")) => {
            splice(offset(body, value.as_bytes()), value.len(), "true")
        }
        Some(_) => UsageOption::Untouched,
        None if fields.is_empty() => splice(
            behind_brace(options.as_bytes()),
            0,
            r#""include_usage":true"#,
        ),
        None => splice(
            behind_brace(options.as_bytes()),
            0,
            r#""include_usage":true,"#,
        ),
    }
}

/// Where `part`, a slice of `whole`, begins.
fn offset(whole: &[u8], part: &[u8]) -> Option<usize> {
    part.as_ptr()
        .addr()
        .checked_sub(whole.as_ptr().addr())
        .filter(|at| at + part.len() <= whole.len())
}

/// Whether the data of a chat event is the chunk that only `include_usage` brings: no choices, but usage.
///
/// Azure's first chunk has no choices either; it has no usage and stays.
#[must_use]
pub fn is_usage_only(data: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Chunk<'a> {
        #[serde(borrow)]
        choices: Vec<&'a RawValue>,
        #[serde(borrow)]
        usage: &'a RawValue,
    }
    memmem::find(data, b"\"usage\"").is_some()
        && memmem::find(data, b"\"usage\":null").is_none()
        && serde_json::from_slice::<Chunk<'_>>(data)
            .is_ok_and(|chunk| chunk.choices.is_empty() && chunk.usage.get() != "null")
}

/// Whether the data of a chat event has an empty list of choices, whatever else is in it and whether or not that is JSON.
/// Behind the end of all answers it is the extra chunk, even if its provider says nothing of use in it.
#[must_use]
pub fn has_no_choices(data: &[u8]) -> bool {
    const NAME: &[u8] = b"\"choices\"";
    let value = memmem::find(data, NAME).and_then(|at| data.get(at + NAME.len()..));
    let list = value.and_then(|value| value.trim_ascii_start().strip_prefix(b":"));
    let inside = list.and_then(|list| list.trim_ascii_start().strip_prefix(b"["));
    inside.is_some_and(|inside| inside.trim_ascii_start().starts_with(b"]"))
}

#[cfg(test)]
mod tests {
    use super::super::endpoint::Endpoint;
    use super::super::steering::steer;
    use super::*;
    use serde_json::{Value, json};

    fn spliced(body: &str) -> Option<String> {
        let steering = steer(
            Endpoint::ChatCompletions,
            &http::HeaderMap::new(),
            body.as_bytes(),
        );
        match steering.unwrap().usage {
            UsageOption::Untouched => None,
            UsageOption::Spliced(splice) => {
                let body = Bytes::copy_from_slice(body.as_bytes());
                Some(String::from_utf8(splice.apply(&body).to_vec()).unwrap())
            }
        }
    }

    #[test]
    fn one_splice_makes_a_stream_report_its_usage() {
        for (body, expected) in [
            (
                r#" {"model":"m","stream":true}"#,
                r#" {"stream_options":{"include_usage":true},"model":"m","stream":true}"#,
            ),
            (
                r#"{"model":"m","stream":true,"stream_options": null }"#,
                r#"{"model":"m","stream":true,"stream_options": {"include_usage":true} }"#,
            ),
            (
                r#"{"model":"m","stream":true,"stream_options":{ }}"#,
                r#"{"model":"m","stream":true,"stream_options":{"include_usage":true }}"#,
            ),
            (
                r#"{"model":"m","stream_options":{"x":[1]},"stream":true}"#,
                r#"{"model":"m","stream_options":{"include_usage":true,"x":[1]},"stream":true}"#,
            ),
            (
                r#"{"model":"m","stream":true,"stream_options":{"include_usage" : false}}"#,
                r#"{"model":"m","stream":true,"stream_options":{"include_usage" : true}}"#,
            ),
            (
                r#"{"model":"m","stream":true,"stream_options":{"include_usage":null,"x":1}}"#,
                r#"{"model":"m","stream":true,"stream_options":{"include_usage":true,"x":1}}"#,
            ),
        ] {
            assert_eq!(spliced(body).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_the_client_asked_for_and_what_is_wrong_stays_untouched() {
        for body in [
            r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#,
            r#"{"model":"m","stream":true,"stream_options":{"include_usage":"yes"}}"#,
            r#"{"model":"m","stream":true,"stream_options":[]}"#,
            r#"{"model":"m","stream":false}"#,
            r#"{"model":"m"}"#,
        ] {
            assert_eq!(spliced(body), None, "{body}");
        }
    }

    #[test]
    fn only_the_extra_chunk_is_usage_only() {
        assert!(is_usage_only(
            br#"{"id":"x","choices":[],"usage":{"total_tokens":3}}"#
        ));
        for data in [
            &br#"{"choices":[],"prompt_filter_results":[]}"#[..],
            br#"{"choices":[],"usage":null}"#,
            br#"{"choices":[{"index":0}],"usage":{"total_tokens":3}}"#,
            b"[DONE]",
            br#"{"choices":[{"delta":{"content":"\"usage\""}}]}"#,
        ] {
            assert!(!is_usage_only(data));
        }
    }

    #[test]
    fn a_chunk_without_choices_is_told_whatever_its_usage_is() {
        for data in [
            r#"{"choices":[],"usage":null}"#,
            r#"{"choices" : [ ] ,"usage":{"prompt_tokens":NaN}}"#,
            r#"{"id":"x","choices":[]}"#,
        ] {
            assert!(has_no_choices(data.as_bytes()), "{data}");
        }
        for odd in ["{}", "[]", r#""x""#] {
            let data = format!(r#"{{"choices":[],"usage":{odd}}}"#);
            assert!(is_usage_only(data.as_bytes()), "{data}");
        }
        for data in [
            r#"{"choices":[{"delta":{"content":"\"choices\":[]"}}]}"#,
            r#"{"x":"\"choices\":[]"}"#,
            "[DONE]",
            r#"{"choices""#,
        ] {
            assert!(!has_no_choices(data.as_bytes()), "{data}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_spliced_body_differs_in_the_option_alone(
            fields in proptest::collection::btree_map("[a-z]{1,4}", "[ -~äß]{0,8}", 0..5),
            options in proptest::option::of(proptest::collection::btree_map("[a-z]{1,4}", 0u8..9, 0..3)),
        ) {
            let mut body = json!({"model": "m", "stream": true, "x": fields});
            if let Some(options) = options {
                body["stream_options"] = json!(options);
            }
            let mut read: Value = serde_json::from_str(&spliced(&body.to_string()).unwrap()).unwrap();
            proptest::prop_assert_eq!(&read["stream_options"]["include_usage"], true);
            read["stream_options"].as_object_mut().unwrap().remove("include_usage");
            if body.get("stream_options").is_none() {
                read.as_object_mut().unwrap().remove("stream_options");
            }
            proptest::prop_assert_eq!(read, body);
        }
    }
}
