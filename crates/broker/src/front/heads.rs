//! Headers on their way: what belongs to one connection or to the local side stays behind.

use http::{HeaderMap, HeaderName, Method, Request, header};
use std::time::Duration;

/// What belongs to one connection (RFC 9110 §7.6.1), or is written anew for the next one.
const OF_ONE_CONNECTION: [HeaderName; 9] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHENTICATE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];
/// Further ones, which have no constants.
const OLD_HABITS: [&str; 2] = ["keep-alive", "proxy-connection"];
/// How one shows who one is: here the child, and at the plane nobody but the broker.
const CREDENTIALS: [&str; 3] = ["authorization", "cookie", "x-api-key"];

/// The child's headers as the plane gets them: without the handle.
pub(super) fn to_plane(headers: &HeaderMap) -> HeaderMap {
    let mut headers = without_hops(headers);
    for name in CREDENTIALS {
        headers.remove(name);
    }
    headers
}

/// The plane's headers as the child gets them.
pub(super) fn to_child(headers: &HeaderMap) -> HeaderMap {
    let mut kept = without_hops(headers);
    // It says where a body of known length ends.
    if let Some(length) = headers.get(header::CONTENT_LENGTH) {
        kept.insert(header::CONTENT_LENGTH, length.clone());
    }
    kept
}

fn without_hops(headers: &HeaderMap) -> HeaderMap {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let mut kept = headers.clone();
    for name in OF_ONE_CONNECTION {
        kept.remove(name);
    }
    for name in OLD_HABITS
        .into_iter()
        .chain(named.iter().map(String::as_str))
    {
        kept.remove(name);
    }
    kept
}

/// Whether this opens a WebSocket where the plane's model door declines one. What asks for it is said to one connection and
/// stays behind, so the plane would not hear of it.
pub(super) fn open_a_model_socket<B>(request: &Request<B>) -> bool {
    let upgrades = request.headers().get_all(header::UPGRADE);
    request.uri().path() == "/v1/responses"
        && request.method() == Method::GET
        && upgrades
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.to_ascii_lowercase().contains("websocket"))
}

/// Where SDKs say how many seconds they wait. Python's newer ones say it in the second alone, and write `NOT_GIVEN` or
/// `None` into the first.
const PATIENCE: [&str; 2] = ["x-stainless-timeout", "x-stainless-read-timeout"];

/// For how long a client waits that says so. A little less, so that it hears an answer instead of giving up.
pub(super) fn patience(headers: &HeaderMap, usual: Duration) -> Duration {
    let told = PATIENCE.into_iter().find_map(|name| {
        let seconds: f64 = headers.get(name)?.to_str().ok()?.trim().parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    });
    told.map_or(usual, |told| {
        let shorter = told.saturating_sub(Duration::from_secs(5)).max(told / 2);
        shorter.min(usual)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn heads(all: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = all.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        pairs.collect()
    }

    #[test]
    fn p11_the_handle_and_what_belongs_to_one_connection_stay_behind() {
        let child = heads(&[
            ("authorization", "Bearer ptnh_x"),
            ("x-api-key", "ptnh_x"),
            ("cookie", "session=1"),
            ("connection", "keep-alive, X-Mine"),
            ("x-mine", "1"),
            ("host", "127.0.0.1:1"),
            ("content-length", "3"),
            ("anthropic-version", "2023-06-01"),
            ("idempotency-key", "k"),
        ]);
        let expected = heads(&[
            ("anthropic-version", "2023-06-01"),
            ("idempotency-key", "k"),
        ]);
        assert_eq!(to_plane(&child), expected);
        let plane = heads(&[
            ("transfer-encoding", "chunked"),
            ("content-type", "a/b"),
            ("content-length", "3"),
        ]);
        let expected = heads(&[("content-type", "a/b"), ("content-length", "3")]);
        assert_eq!(to_child(&plane), expected);
    }

    #[test]
    fn a_client_is_answered_before_it_gives_up() {
        let of = |value| {
            patience(
                &heads(&[("x-stainless-timeout", value)]),
                Duration::from_secs(300),
            )
        };
        assert_eq!(of("60").as_secs(), 55);
        assert_eq!(of("4").as_secs(), 2);
        assert_eq!(of("600").as_secs(), 300);
        for odd in ["NOT_GIVEN", "None", "-1", "inf", "1e400"] {
            assert_eq!(of(odd).as_secs(), 300, "{odd}");
            let told = [
                ("x-stainless-timeout", odd),
                ("x-stainless-read-timeout", "60.0"),
            ];
            let patience = patience(&heads(&told), Duration::from_secs(300));
            assert_eq!(patience.as_secs(), 55, "{odd}");
        }
    }
}
