//! Which conversation a request belongs to: prompt caches are per account, so it should stay on one key.

use http::{HeaderMap, HeaderName};
use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Headers that name a session, in the order in which they count.
static HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("x-claude-code-session-id"),
    HeaderName::from_static("session-id"),
    HeaderName::from_static("session_id"),
];

/// A number for the conversation, stable while the plane runs: from a session header, else `prompt_cache_key`, else the
/// session in `metadata.user_id`. `metadata` is the field's JSON text.
#[must_use]
pub fn of(headers: &HeaderMap, cache_key: Option<&str>, metadata: Option<&str>) -> Option<u64> {
    let header = HEADERS
        .iter()
        .find_map(|name| headers.get(name))
        .map(http::HeaderValue::as_bytes)
        .filter(|value| !value.is_empty());
    let name: Cow<'_, [u8]> = match (header, cache_key.filter(|key| !key.is_empty())) {
        (Some(value), _) => value.into(),
        (None, Some(key)) => key.as_bytes().into(),
        (None, None) => session_in(metadata?)?.into_bytes().into(),
    };
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    Some(hasher.finish())
}

/// Claude Code writes `user_id` as JSON text with `session_id`, older versions as `user_x_account_y_session_z`.
fn session_in(metadata: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Metadata<'a> {
        #[serde(borrow)]
        user_id: Cow<'a, str>,
    }
    #[derive(serde::Deserialize)]
    struct User<'a> {
        #[serde(borrow)]
        session_id: Cow<'a, str>,
    }
    let metadata: Metadata<'_> = serde_json::from_str(metadata).ok()?;
    let session = match serde_json::from_str::<User<'_>>(&metadata.user_id) {
        Ok(user) => user.session_id.into_owned(),
        Err(_) => metadata.user_id.rsplit_once("_session_")?.1.to_owned(),
    };
    (!session.is_empty()).then_some(session)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(
            http::HeaderName::from_static(name),
            http::HeaderValue::from_static(value),
        )])
    }

    #[test]
    fn every_source_of_the_same_session_is_the_same_conversation() {
        let none = HeaderMap::new();
        let expected = of(&headers("x-claude-code-session-id", "s1"), None, None);
        assert!(expected.is_some());
        assert_eq!(
            of(&headers("session-id", "s1"), Some("other"), None),
            expected
        );
        assert_eq!(of(&none, Some("s1"), None), expected);
        let text = r#"{"user_id":"{\"device_id\":\"d\",\"session_id\":\"s1\"}"}"#;
        assert_eq!(of(&none, None, Some(text)), expected);
        let old = r#"{"user_id":"user_1_account_2_session_s1"}"#;
        assert_eq!(of(&none, None, Some(old)), expected);
    }

    #[test]
    fn a_user_without_a_session_is_no_conversation() {
        for metadata in [r#"{"user_id":"alice"}"#, r#"{"user_id":7}"#, "[]", "null"] {
            assert_eq!(of(&HeaderMap::new(), None, Some(metadata)), None);
        }
        assert_eq!(of(&HeaderMap::new(), Some(""), None), None);
    }
}
