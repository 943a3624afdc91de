//! Containers that models run code in: which one a request names, and which one an answer of Anthropic's was made in.
//!
//! They live in one provider account, as what [`super::bound`] finds does; what an answer of `OpenAI`'s names is found there.

use super::bound::{BoundRef, Named, ObjectDigest, has_any};
use serde_json::value::RawValue;

/// Whatever has a container.
#[derive(serde::Deserialize)]
struct Holder<'a> {
    #[serde(borrow, default)]
    container: Option<Named<'a>>,
}

impl Holder<'_> {
    fn reference(&self) -> Option<BoundRef> {
        self.container.as_ref()?.id().map(BoundRef::container)
    }
}

/// The container of a Messages request: its field as JSON text.
pub(super) fn named(container: Option<&str>) -> Vec<BoundRef> {
    let container = container.and_then(Named::read);
    let reference = container.and_then(|named| named.id().map(BoundRef::container));
    reference.into_iter().collect()
}

/// The containers of a Responses request's tools: the field as JSON text.
pub(super) fn of_tools(tools: Option<&str>) -> Vec<BoundRef> {
    let tools = tools.unwrap_or_default();
    // Names may be written in escapes, which few tools have.
    if !has_any(tools.as_bytes(), &["\"container\"", "\\u"]) {
        return Vec::new();
    }
    let tools = serde_json::from_str::<Vec<&RawValue>>(tools).unwrap_or_default();
    let holders = tools
        .iter()
        .filter_map(|tool| serde_json::from_str::<Holder<'_>>(tool.get()).ok());
    holders.filter_map(|holder| holder.reference()).collect()
}

/// The container that a message was made in: a whole JSON body of Anthropic's, or the data of an event.
#[must_use]
pub fn of_message(data: &[u8]) -> Option<ObjectDigest> {
    #[derive(serde::Deserialize)]
    struct Told<'a> {
        #[serde(borrow, default)]
        message: Option<Holder<'a>>,
        #[serde(borrow, default)]
        delta: Option<Holder<'a>>,
        #[serde(borrow, flatten)]
        whole: Holder<'a>,
    }
    if !has_any(data, &["\"container\""]) {
        return None;
    }
    let told: Told<'_> = serde_json::from_slice(data).ok()?;
    [told.message, told.delta, Some(told.whole)]
        .iter()
        .flatten()
        .find_map(Holder::reference)
        .map(|reference| reference.digest())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_was_made_in_is_what_the_next_request_names() {
        let made = [
            r#"{"id":"msg_1","container":{"id":"container_1","expires_at":"2026-11-23T00:00:00Z"},"content":[]}"#,
            r#"{"type":"message_start","message":{"id":"msg_1","container":{"id":"container_1"}}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","container":{"id":"container_1"}}}"#,
        ];
        for field in [
            r#""container_1""#,
            r#"{"id":"container_1","skills":[{"type":"custom"}]}"#,
        ] {
            let named = named(Some(field));
            assert!(matches!(named[..], [BoundRef::Container(_)]), "{field}");
            for answer in made {
                assert_eq!(of_message(answer.as_bytes()), Some(named[0].digest()));
            }
        }
    }

    #[test]
    fn what_a_response_was_made_in_is_what_the_next_requests_tools_name() {
        let answer =
            br#"{"item":{"id":"ci_1","type":"code_interpreter_call","container_id":"cntr_1"}}"#;
        let made = super::super::bound::made(answer);
        for tools in [
            r#"[{"type":"web_search"},{"type":"code_interpreter","container":"cntr_1"}]"#,
            r#"[{"type":"code_interpreter","cont\u0061iner":"cntr_1"}]"#,
        ] {
            let named = of_tools(Some(tools));
            assert!(
                matches!(named[..], [BoundRef::Container(digest)] if made.contains(&digest)),
                "{tools}"
            );
        }
    }

    #[test]
    fn who_asks_for_a_new_container_names_none() {
        for field in [
            None,
            Some("null"),
            Some("7"),
            Some(r#"{"skills":[]}"#),
            Some("{"),
        ] {
            assert!(named(field).is_empty(), "{field:?}");
        }
        for tools in [
            None,
            Some("null"),
            Some(r#"[{"type":"code_interpreter","container":{"type":"auto"}}]"#),
            Some(r#"[{"type":"function","description":"the \"container\""}]"#),
        ] {
            assert!(of_tools(tools).is_empty(), "{tools:?}");
        }
        for answer in [
            r#"{"container":null}"#,
            r#"{"content":"\"container\""}"#,
            "\"container\"",
        ] {
            assert_eq!(of_message(answer.as_bytes()), None, "{answer}");
        }
    }
}
