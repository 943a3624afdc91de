//! Which headers pass the door, in both directions, and what a client's headers say of its habits.
//!
//! Upstream goes what the client said of itself and its protocol; never its credential, its way here, or a choice of
//! organization, which is the key's. Back comes what describes the answer; never the account, its quota, or the
//! upstream's own connection. `request-id` (Anthropic) passes, since support asks for it; `x-request-id` is the plane's,
//! so `OpenAI`'s comes as `x-upstream-request-id`.

use http::header::{ACCEPT_ENCODING, CONNECTION};
use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::memmem;

const UPSTREAM_REQUEST_ID: HeaderName = HeaderName::from_static("x-upstream-request-id");

/// Of one connection only (RFC 9110, 7.6.1), or made anew for the next one.
static HOP: [HeaderName; 11] = [
    HeaderName::from_static("connection"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("proxy-authenticate"),
    HeaderName::from_static("proxy-authorization"),
    HeaderName::from_static("te"),
    HeaderName::from_static("trailer"),
    HeaderName::from_static("transfer-encoding"),
    HeaderName::from_static("upgrade"),
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("content-length"),
];

/// Of a request: credentials, the way here, what the door decides itself, what browsers add.
static REQUEST: [HeaderName; 19] = [
    HeaderName::from_static("authorization"),
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
    HeaderName::from_static("cookie"),
    HeaderName::from_static("host"),
    HeaderName::from_static("accept-encoding"),
    HeaderName::from_static("expect"),
    HeaderName::from_static("forwarded"),
    HeaderName::from_static("via"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("true-client-ip"),
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("origin"),
    HeaderName::from_static("referer"),
    HeaderName::from_static("openai-organization"),
    HeaderName::from_static("openai-project"),
    HeaderName::from_static("anthropic-workspace-id"),
    HeaderName::from_static("range"),
];
const REQUEST_PREFIXES: [&str; 5] = [
    "x-forwarded-",
    "cf-",
    "sec-",
    "x-portunus-",
    "anthropic-organization",
];

/// Of an answer: the account, its quota, the upstream's edge.
static ANSWER: [HeaderName; 19] = [
    HeaderName::from_static("retry-after"),
    HeaderName::from_static("retry-after-ms"),
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("openai-organization"),
    HeaderName::from_static("openai-project"),
    HeaderName::from_static("anthropic-workspace-id"),
    HeaderName::from_static("set-cookie"),
    HeaderName::from_static("server"),
    HeaderName::from_static("via"),
    HeaderName::from_static("date"),
    HeaderName::from_static("alt-svc"),
    HeaderName::from_static("strict-transport-security"),
    HeaderName::from_static("nel"),
    HeaderName::from_static("report-to"),
    HeaderName::from_static("reporting-endpoints"),
    HeaderName::from_static("x-robots-tag"),
    HeaderName::from_static("x-powered-by"),
    HeaderName::from_static("location"),
    HeaderName::from_static("www-authenticate"),
];
const ANSWER_PREFIXES: [&str; 8] = [
    "cf-",
    "x-codex-",
    "x-envoy-",
    "x-amz-cf-",
    "x-served-by",
    "access-control-",
    "anthropic-organization",
    "x-portunus-",
];

/// The headers of an upstream request, without its credential, which is [`super::credential`]'s; a copy per request, not
/// per attempt.
#[must_use]
pub fn for_upstream(client: &HeaderMap) -> HeaderMap {
    let named = named_by_connection(client);
    let mut headers = HeaderMap::with_capacity(client.len() + 1);
    for (name, value) in client {
        let text = name.as_str();
        let dropped = HOP.contains(name)
            || REQUEST.contains(name)
            || REQUEST_PREFIXES
                .iter()
                .any(|prefix| text.starts_with(prefix))
            || named.iter().any(|other| other == text)
            || holds_token(value.as_bytes());
        if !dropped {
            headers.append(name.clone(), value.clone());
        }
    }
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers
}

/// The headers of an answer as the client gets them; its length is counted anew.
#[must_use]
pub fn for_client(upstream: &HeaderMap) -> HeaderMap {
    let named = named_by_connection(upstream);
    let mut headers = HeaderMap::with_capacity(upstream.len());
    for (name, value) in upstream {
        let text = name.as_str();
        let dropped = HOP.contains(name)
            || ANSWER.contains(name)
            || ANSWER_PREFIXES
                .iter()
                .any(|prefix| text.starts_with(prefix))
            || is_about_limits(text)
            || named.iter().any(|other| other == text);
        if !dropped {
            headers.append(name.clone(), value.clone());
        }
    }
    if let Some(id) = upstream.get("x-request-id") {
        headers.insert(UPSTREAM_REQUEST_ID, id.clone());
    }
    headers
}

fn is_about_limits(name: &str) -> bool {
    memmem::find(name.as_bytes(), b"ratelimit").is_some()
        || memmem::find(name.as_bytes(), b"rate-limit").is_some()
        || (name.starts_with("anthropic-")
            && ["-limit", "-remaining", "-reset"]
                .iter()
                .any(|end| name.ends_with(end)))
}

/// Headers that `Connection` names are of one connection, too.
fn named_by_connection(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty() && !is_needed(name))
        .collect()
}

/// What a client may not have removed by naming it in `Connection`.
fn is_needed(name: &str) -> bool {
    name.starts_with("anthropic-") || name.starts_with("content-")
}

/// Whether bytes hold what looks like a token of ours, which must reach no upstream in any header or query.
#[must_use]
pub fn holds_token(bytes: &[u8]) -> bool {
    // Values are short and made of other letters: looking for the one that is rare costs the least.
    memchr::memchr_iter(b'p', bytes)
        .filter(|at| bytes.get(at + 1..at + 3) == Some(b"tn"))
        .any(|at| matches!(bytes.get(at + 3..at + 5), Some(b"a_" | b"o_" | b"d_")))
}

/// Whether the client's SDK says that it is repeating itself (`x-stainless-retry-count`).
#[must_use]
pub fn is_repetition(client: &HeaderMap) -> bool {
    client
        .get("x-stainless-retry-count")
        .and_then(|value| value.to_str().ok())
        .and_then(|count| count.trim().parse::<u32>().ok())
        .is_some_and(|count| count > 0)
}

/// How long the client's SDK waits for a plain answer (`x-stainless-timeout`, seconds, which may literally be
/// `NOT_GIVEN`), in milliseconds.
#[must_use]
pub fn client_timeout_ms(client: &HeaderMap) -> Option<u64> {
    let seconds = client.get("x-stainless-timeout")?.to_str().ok()?;
    let seconds: f64 = seconds.trim().parse().ok()?;
    super::reset::whole(seconds * 1000.0).filter(|millis| *millis > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn upstream_goes_what_the_client_said_of_itself() {
        let client = map(&[
            ("authorization", "Bearer ptna_x"),
            ("x-api-key", "ptna_x"),
            ("host", "plane"),
            ("cookie", "a=b"),
            ("connection", "keep-alive, X-Odd, anthropic-version"),
            ("x-odd", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("content-length", "7"),
            ("accept-encoding", "gzip, br"),
            ("x-forwarded-for", "10.0.0.1"),
            ("openai-organization", "org-of-the-client"),
            ("x-custom", "my token is ptna_abc"),
            ("anthropic-version", "2026-10-21"),
            ("anthropic-beta", "a,b"),
            ("content-type", "application/json"),
            ("accept", "application/json"),
            ("user-agent", "claude-cli/2"),
            ("x-stainless-lang", "js"),
            ("x-claude-code-session-id", "s"),
        ]);
        let sent = for_upstream(&client);
        assert_eq!(
            names(&sent),
            [
                "accept",
                "accept-encoding",
                "anthropic-beta",
                "anthropic-version",
                "content-type",
                "user-agent",
                "x-claude-code-session-id",
                "x-stainless-lang",
            ]
        );
        assert_eq!(sent["accept-encoding"], "identity");
        assert_eq!(sent["anthropic-version"], "2026-10-21");
    }

    #[test]
    fn the_account_and_its_quota_stay_behind_the_door() {
        let upstream = map(&[
            ("anthropic-ratelimit-unified-5h-utilization", "0.5"),
            ("anthropic-priority-input-tokens-remaining", "5"),
            ("x-ratelimit-remaining-tokens", "1"),
            ("x-codex-primary-used-percent", "1"),
            ("anthropic-organization-id", "o"),
            ("openai-organization", "o"),
            ("retry-after", "99999"),
            ("set-cookie", "a=b"),
            ("cf-ray", "x"),
            ("server", "cloudflare"),
            ("via", "1.1 google"),
            ("transfer-encoding", "chunked"),
            ("content-length", "5"),
            ("strict-transport-security", "max-age=1"),
            ("x-request-id", "req_upstream"),
            ("request-id", "req_a"),
            ("content-type", "application/json"),
            ("cache-control", "no-cache"),
            ("x-should-retry", "false"),
            ("openai-processing-ms", "12"),
        ]);
        let shown = for_client(&upstream);
        assert_eq!(
            names(&shown),
            [
                "cache-control",
                "content-type",
                "openai-processing-ms",
                "request-id",
                "x-should-retry",
                "x-upstream-request-id",
            ]
        );
    }

    #[test]
    fn an_sdk_tells_its_patience_and_its_repetitions() {
        let timeout = |value| client_timeout_ms(&map(&[("x-stainless-timeout", value)]));
        assert_eq!(timeout("600"), Some(600_000));
        assert_eq!(timeout("0.5"), Some(500));
        for nonsense in ["NOT_GIVEN", "-1", "0", "NaN", "inf", ""] {
            assert_eq!(timeout(nonsense), None, "{nonsense}");
        }
        let again = |value| is_repetition(&map(&[("x-stainless-retry-count", value)]));
        assert!(again("1"));
        assert!(!again("0") && !again("x"));
    }

    #[test]
    fn a_token_is_found_wherever_it_stands() {
        assert!(holds_token(b"key=ptna_x"));
        assert!(holds_token(b"ptn ptno_x"));
        assert!(!holds_token(b"ptn_x ptnx_"));
    }
}
