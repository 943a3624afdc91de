//! Which headers pass the door, in both directions, and what a client's headers say of its habits.
//!
//! Upstream goes what the client said of itself and its protocol; never its credential, its way here, or a choice of
//! organization, which is the key's. Back comes what describes the answer; never the account, its quota, or the
//! upstream's own connection. `request-id` (Anthropic) passes, since support asks for it; `x-request-id` is the plane's,
//! so `OpenAI`'s comes as `x-upstream-request-id`.

use super::fields::{self, Fields};
use http::header::{ACCEPT_ENCODING, CONNECTION};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

const UPSTREAM_REQUEST_ID: HeaderName = HeaderName::from_static("x-upstream-request-id");

/// Of one connection only (RFC 9110, 7.6.1), or made anew for the next one.
fn is_of_the_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "http2-settings"
            | "content-length"
    )
}

/// Of a request: credentials, the way here, what the door decides itself, what browsers add. An
/// idempotency key is the agent's; a provider account serves many agents, and would take equal keys of two for one.
fn is_the_clients_own(name: &str) -> bool {
    matches!(
        name,
        "authorization"
            | "x-api-key"
            | "api-key"
            | "x-goog-api-key"
            | "cookie"
            | "host"
            | "accept-encoding"
            | "expect"
            | "forwarded"
            | "via"
            | "x-real-ip"
            | "true-client-ip"
            | "x-request-id"
            | "origin"
            | "referer"
            | "openai-organization"
            | "openai-project"
            | "anthropic-workspace-id"
            | "range"
            | "idempotency-key"
    ) || [
        "x-forwarded-",
        "cf-",
        "sec-",
        "x-portunus-",
        "anthropic-organization",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
}

/// Of an answer: the account, its quota, the upstream's edge.
fn is_the_upstreams_own(name: &str) -> bool {
    matches!(
        name,
        "retry-after"
            | "retry-after-ms"
            | "x-request-id"
            | "openai-organization"
            | "openai-project"
            | "anthropic-workspace-id"
            | "set-cookie"
            | "server"
            | "via"
            | "date"
            | "alt-svc"
            | "strict-transport-security"
            | "nel"
            | "report-to"
            | "reporting-endpoints"
            | "x-robots-tag"
            | "x-powered-by"
            | "location"
            | "www-authenticate"
    ) || [
        "cf-",
        "x-codex-",
        "x-envoy-",
        "x-amz-cf-",
        "x-served-by",
        "access-control-",
        "anthropic-organization",
        "x-portunus-",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
}

/// The headers of an upstream request, without its credential, which is [`super::credential`]'s, and without what
/// depends on the connection; a copy per request, not per attempt.
#[must_use]
pub fn for_upstream(client: &HeaderMap) -> Fields {
    let named = named_by_connection(client.get_all(CONNECTION).iter().map(HeaderValue::as_bytes));
    let mut fields = Fields::with_capacity(client.len() + 1, 1024);
    for (name, value) in client {
        let (name, value) = (name.as_str(), value.as_bytes());
        let is_dropped = is_of_the_hop(name)
            || is_the_clients_own(name)
            || named.iter().any(|other| other == name)
            || holds_token(value);
        if !is_dropped {
            fields.push(name, value);
        }
    }
    fields.push(ACCEPT_ENCODING.as_str(), b"identity");
    fields
}

/// The headers of an answer as the client gets them; its length is counted anew.
#[must_use]
pub fn for_client(upstream: &Fields) -> HeaderMap {
    let named = named_by_connection(upstream.all("connection"));
    let mut headers = HeaderMap::with_capacity(EXPECTED);
    for (name, value) in upstream.iter() {
        let is_dropped = is_about_limits(name)
            || is_of_the_hop(name)
            || is_the_upstreams_own(name)
            || named.iter().any(|other| other == name);
        if !is_dropped && let Some((name, value)) = fields::header(name, value) {
            headers.append(name, value);
        }
    }
    let id = upstream.get("x-request-id");
    if let Some(id) = id.and_then(|id| HeaderValue::from_bytes(id).ok()) {
        headers.insert(UPSTREAM_REQUEST_ID, id);
    }
    headers
}

/// How many headers of an answer pass as a rule, with the one that the door adds.
const EXPECTED: usize = 6;

fn is_about_limits(name: &str) -> bool {
    let is_anthropics = || {
        name.starts_with("anthropic-")
            && ["-limit", "-remaining", "-reset"]
                .iter()
                .any(|end| name.ends_with(end))
    };
    // The common ones first, since every header of every answer comes here.
    name.starts_with("anthropic-ratelimit-")
        || name.starts_with("x-ratelimit-")
        || is_anthropics()
        || (name.contains("limit") && (name.contains("ratelimit") || name.contains("rate-limit")))
}

/// Headers that `Connection` names are of one connection, too.
fn named_by_connection<'a>(values: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    values
        .filter_map(|value| std::str::from_utf8(value).ok())
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
        || (bytes.len() >= SHORTEST_ACCESS_TOKEN
            && memchr::memmem::find(bytes, ACCESS_TOKEN.as_bytes()).is_some())
}

/// The same of what is asked for, also where letters are written as numbers: it would go to the provider, and into logs along
/// the way.
#[must_use]
pub fn target_holds_token(target: &Uri) -> bool {
    let target = target.path_and_query().map_or("", PathAndQuery::as_str);
    if !target.contains('%') {
        return holds_token(target.as_bytes());
    }
    let decoded: Vec<u8> = percent_encoding::percent_decode_str(target).collect();
    holds_token(&decoded)
}

/// How each access token of a plane begins: a JWT of the type `at+jwt`.
pub(super) const ACCESS_TOKEN: &str = "eyJ0eXAiOiJhdCtqd3Qi";
/// Far fewer characters than any has.
const SHORTEST_ACCESS_TOKEN: usize = 200;

/// Whether the client's SDK says that it is repeating itself (`x-stainless-retry-count`).
#[must_use]
pub fn is_repetition(client: &Fields) -> bool {
    client
        .text("x-stainless-retry-count")
        .and_then(|count| count.trim().parse::<u32>().ok())
        .is_some_and(|count| count > 0)
}

/// Where SDKs say how many seconds they wait for a plain answer. Python's newer ones say it in the second alone, and write
/// `NOT_GIVEN` or `None` into the first.
const PATIENCE: [&str; 2] = ["x-stainless-timeout", "x-stainless-read-timeout"];

/// How long the client's SDK waits for a plain answer, in milliseconds, where it says so with a number.
#[must_use]
pub fn client_timeout_ms(client: &Fields) -> Option<u64> {
    PATIENCE.into_iter().find_map(|name| {
        let seconds: f64 = client.text(name)?.trim().parse().ok()?;
        super::reset::whole(seconds * 1000.0).filter(|millis| *millis > 0)
    })
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
            names(&sent.to_map()),
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
        assert_eq!(sent.text("accept-encoding"), Some("identity"));
        assert_eq!(sent.text("anthropic-version"), Some("2026-10-21"));
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
        let shown = for_client(&Fields::from(&upstream));
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
        let timeout =
            |value| client_timeout_ms(&Fields::from(&map(&[("x-stainless-timeout", value)])));
        assert_eq!(timeout("600"), Some(600_000));
        assert_eq!(timeout("0.5"), Some(500));
        let both = |timeout, read| {
            client_timeout_ms(&Fields::from(&map(&[
                ("x-stainless-read-timeout", read),
                ("x-stainless-timeout", timeout),
            ])))
        };
        for nonsense in ["NOT_GIVEN", "None", "-1", "0", "NaN", "inf", ""] {
            assert_eq!(timeout(nonsense), None, "{nonsense}");
            assert_eq!(both(nonsense, "10.0"), Some(10_000), "{nonsense}");
            assert_eq!(both(nonsense, nonsense), None, "{nonsense}");
            assert_eq!(both("7", nonsense), Some(7_000), "{nonsense}");
        }
        assert_eq!(both("7", "600"), Some(7_000));
        let read = map(&[("x-stainless-read-timeout", "10")]);
        assert_eq!(client_timeout_ms(&Fields::from(&read)), Some(10_000));
        let again =
            |value| is_repetition(&Fields::from(&map(&[("x-stainless-retry-count", value)])));
        assert!(again("1"));
        assert!(!again("0") && !again("x"));
    }

    #[test]
    fn a_token_is_found_wherever_it_stands() {
        assert!(holds_token(b"key=ptna_x"));
        assert!(holds_token(b"ptn ptno_x"));
        assert!(!holds_token(b"ptn_x ptnx_"));
        let access = [b"?token=", ACCESS_TOKEN.as_bytes(), &[b'x'; 300]].concat();
        assert!(holds_token(&access));
    }
}
