//! What a client is told of its quota: the fields `RateLimit` and `RateLimit-Policy` of
//! draft-ietf-httpapi-ratelimit-headers-11, as structured fields (RFC 9651).

use http::{HeaderMap, HeaderName, HeaderValue};
use portunus_core::admission::{Class, Limited, Quota, Standing};
use sfv::{Integer, KeyRef, ListSerializer, StringRef};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// How a principal stands in one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    class: Class,
    quota: Quota,
    remaining: u32,
    reset_s: u64,
}

/// The quota of a class is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "class {} is limited to {} requests in {} s for each principal; the next one is served in {} s",
    allowance.class.as_str(), allowance.quota.burst(), allowance.quota.window_s(), allowance.reset_s
)]
pub struct OverQuota {
    /// What the client is told in fields.
    pub allowance: Allowance,
    /// Milliseconds until the next request is let in.
    pub retry_after_ms: u64,
}

impl OverQuota {
    pub(super) fn new(class: Class, quota: Quota, limited: Limited) -> Self {
        let retry_after_ms = limited.retry_after_ms;
        Self {
            allowance: Allowance {
                class,
                quota,
                remaining: 0,
                reset_s: retry_after_ms.div_ceil(1000),
            },
            retry_after_ms,
        }
    }
}

impl Allowance {
    pub(super) fn within(class: Class, quota: Quota, standing: Standing) -> Self {
        Self {
            class,
            quota,
            remaining: standing.remaining,
            reset_s: standing.whole_in_ms.div_ceil(1000),
        }
    }

    /// Writes both fields, such as `"control";r=12;t=5` and `"control";q=100;w=60`. `t` says in how many seconds the
    /// quota is whole again or, when it is used up, in how many the next request is served, as `Retry-After` says.
    pub fn write(&self, headers: &mut HeaderMap) {
        let state = [("r", u64::from(self.remaining)), ("t", self.reset_s)];
        let policy = [
            ("q", u64::from(self.quota.burst())),
            ("w", self.quota.window_s()),
        ];
        for (name, parameters) in [(RATE_LIMIT, state), (RATE_LIMIT_POLICY, policy)] {
            if let Some(value) = field(self.class, parameters) {
                headers.insert(name, value);
            }
        }
    }
}

/// `None` only for numbers that a structured field cannot hold, above 999,999,999,999,999.
fn field(class: Class, parameters: [(&str, u64); 2]) -> Option<HeaderValue> {
    let mut list = ListSerializer::new();
    let mut item = list.bare_item(StringRef::from_str(class.as_str()).ok()?);
    for (name, value) in parameters {
        let value = Integer::try_from(value).ok()?;
        item = item.parameter(KeyRef::from_str(name).ok()?, value);
    }
    HeaderValue::try_from(list.finish()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sfv::{BareItem, List, ListEntry, Parser};
    use std::num::NonZeroU32;

    fn parsed(headers: &HeaderMap, name: &str) -> (String, Vec<(String, i64)>) {
        let value = headers[name].to_str().unwrap();
        let list: List = Parser::new(value).parse().unwrap();
        let [ListEntry::Item(item)] = list.as_slice() else {
            panic!("one policy: {value}");
        };
        let BareItem::String(policy) = &item.bare_item else {
            panic!("a string: {value}");
        };
        let parameters = item.params.iter().map(|(name, value)| match value {
            BareItem::Integer(number) => (name.as_str().to_owned(), i64::from(*number)),
            other => panic!("a number: {other:?}"),
        });
        (policy.as_str().to_owned(), parameters.collect())
    }

    #[test]
    fn the_fields_are_structured_fields() {
        let quota = Quota::per_minute(NonZeroU32::new(100).unwrap(), NonZeroU32::new(100).unwrap());
        let standing = Standing {
            remaining: 12,
            whole_in_ms: 4_001,
        };
        let mut headers = HeaderMap::new();
        Allowance::within(Class::Control, quota, standing).write(&mut headers);
        assert_eq!(headers["ratelimit"], "\"control\";r=12;t=5");
        assert_eq!(headers["ratelimit-policy"], "\"control\";q=100;w=60");
        let number = |name: &str, value| (name.to_owned(), value);
        let told = parsed(&headers, "ratelimit");
        assert_eq!(
            told,
            ("control".into(), vec![number("r", 12), number("t", 5)])
        );
        let policy = parsed(&headers, "ratelimit-policy");
        assert_eq!(
            policy,
            ("control".into(), vec![number("q", 100), number("w", 60)])
        );
    }

    #[test]
    fn a_quota_that_is_used_up_tells_the_time_of_retry_after() {
        let quota = Quota::per_minute(NonZeroU32::MIN, NonZeroU32::MIN);
        let limited = Limited {
            retry_after_ms: 59_001,
        };
        let over = OverQuota::new(Class::Vital, quota, limited);
        let mut headers = HeaderMap::new();
        over.allowance.write(&mut headers);
        assert_eq!(headers["ratelimit"], "\"vital\";r=0;t=60");
        assert_eq!(headers["ratelimit-policy"], "\"vital\";q=1;w=60");
        assert_eq!(
            over.to_string(),
            "class vital is limited to 1 requests in 60 s for each principal; the next one is served in 60 s"
        );
    }
}
