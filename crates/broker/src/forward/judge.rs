//! What becomes of a request after one try: pure, from what was met.

use http::{HeaderMap, StatusCode, header};
use portunus_core::ids::RequestId;

/// The plane says with it that nothing was done for a request, which may be sent again, here or elsewhere.
const REPEAT: &str = "x-portunus-repeat";

/// What one try came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Met {
    /// Nothing was sent.
    NoConnection,
    /// It was sent, and no head of an answer came.
    Silence,
    /// The head of an answer.
    Head(Said),
}

/// A head, as far as it decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// The answer: the child gets it.
    Answer,
    /// The credential is not accepted.
    NotAccepted,
    /// This node serves nothing now.
    NotNow,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// To the model door.
    Models,
    /// To the control API.
    Control,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The child gets this answer.
    Relay,
    /// Once more with a fresh access token.
    Renew,
    /// Once more to the same plane, where an answer may be running under the request's key.
    Here,
    /// Once more to the next plane.
    Elsewhere,
}

/// Whether the access token of this request was renewed before because of a 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renewed {
    /// It was: a second 401 is the answer.
    Before,
    /// It was not.
    NotYet,
}

/// Reads a head.
pub(crate) fn read(door: Door, status: StatusCode, headers: &HeaderMap) -> Said {
    let says_repeat = headers.contains_key(REPEAT);
    match status.as_u16() {
        401 if is_from_plane(headers) => Said::NotAccepted,
        // A balancer whose planes are away speaks for nobody.
        502..=504 if !is_from_plane(headers) => Said::NotNow,
        503 if says_repeat => Said::NotNow,
        // The model door tries again by itself and then says so; the control API leaves that to whoever asks.
        503 if door == Door::Control && headers.contains_key(header::RETRY_AFTER) => Said::NotNow,
        _ => Said::Answer,
    }
}

/// Decides.
pub(crate) const fn next(met: Met, renewed: Renewed) -> Next {
    match (met, renewed) {
        (Met::NoConnection | Met::Head(Said::NotNow), _) => Next::Elsewhere,
        (Met::Silence, _) => Next::Here,
        (Met::Head(Said::NotAccepted), Renewed::NotYet) => Next::Renew,
        (Met::Head(_), _) => Next::Relay,
    }
}

/// Every answer of a plane carries its request's id.
fn is_from_plane(headers: &HeaderMap) -> bool {
    headers
        .get("x-request-id")
        .and_then(|id| id.to_str().ok())
        .is_some_and(|id| id.parse::<RequestId>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn heads(all: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = all.iter().map(|(name, value)| {
            (
                (*name).parse().unwrap(),
                HeaderValue::from_str(value).unwrap(),
            )
        });
        pairs.collect()
    }

    fn said(door: Door, status: u16, all: &[(&'static str, &str)]) -> Said {
        read(door, StatusCode::from_u16(status).unwrap(), &heads(all))
    }

    #[test]
    fn only_what_no_plane_worked_on_is_sent_elsewhere() {
        let id = RequestId::from_bytes([7; 16]).to_string();
        let ours = ("x-request-id", id.as_str());
        let cases = [
            (Door::Models, 200, vec![ours], Said::Answer),
            (
                Door::Models,
                429,
                vec![ours, ("retry-after", "1")],
                Said::Answer,
            ),
            (Door::Models, 401, vec![ours], Said::NotAccepted),
            (Door::Models, 401, vec![], Said::Answer),
            (Door::Models, 502, vec![ours], Said::Answer),
            (Door::Models, 502, vec![], Said::NotNow),
            (
                Door::Models,
                504,
                vec![("x-request-id", "balancer-1")],
                Said::NotNow,
            ),
            (
                Door::Models,
                503,
                vec![ours, ("retry-after", "1")],
                Said::Answer,
            ),
            (
                Door::Models,
                503,
                vec![ours, ("x-portunus-repeat", "yes")],
                Said::NotNow,
            ),
            (Door::Models, 500, vec![], Said::Answer),
            (
                Door::Control,
                503,
                vec![ours, ("retry-after", "1")],
                Said::NotNow,
            ),
            (Door::Control, 503, vec![ours], Said::Answer),
        ];
        for (door, status, headers, expected) in cases {
            assert_eq!(
                said(door, status, &headers),
                expected,
                "{door:?} {status} {headers:?}"
            );
        }
    }

    #[test]
    fn a_credential_is_renewed_once_and_an_answer_that_may_run_is_asked_for_where_it_runs() {
        let refused = Met::Head(Said::NotAccepted);
        assert_eq!(next(refused, Renewed::NotYet), Next::Renew);
        assert_eq!(next(refused, Renewed::Before), Next::Relay);
        assert_eq!(next(Met::Silence, Renewed::Before), Next::Here);
        assert_eq!(next(Met::NoConnection, Renewed::NotYet), Next::Elsewhere);
    }
}
