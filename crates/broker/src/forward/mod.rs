//! Sends a request to the plane until an answer begins: with a fresh access token after a 401, to the next address when one
//! is away, under one key where it may have arrived, so that it is made once.
//!
//! `judge` decides after each try; whom to ask and how to get there is the client library's. Nothing is sent again once the
//! head of an answer was handed on.

mod judge;
#[cfg(test)]
mod tests;

pub(crate) use judge::Door;

use crate::identity::Identity;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use judge::{Met, Next, Renewed};
use portunus_client::{Backoff, Bearer, Error, Lost, Passage};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// For how long an answer runs on that nobody reads: the broker comes back at once if it does, and what the program gave up
/// should not go on for long.
const UNREAD: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-portunus-unread-s"),
    HeaderValue::from_static("10"),
);

/// Between tries when nobody answers: short at first, since a restart takes about a second.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A request as it will be sent, as often as it must be.
#[derive(Clone, Debug)]
pub(crate) struct Errand {
    pub(crate) door: Door,
    pub(crate) method: Method,
    /// Path and query at the plane.
    pub(crate) target: String,
    /// Without credentials and without what belongs to one connection.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Until when another try may begin.
    pub(crate) deadline: Instant,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// No address answered in time.
    #[error("no plane answered within {} s: {last}", .waited.as_secs())]
    Unreachable {
        /// For how long it was tried.
        waited: Duration,
        /// How the last try failed.
        last: String,
    },
    /// The plane does not accept the agent's token, nor another one that lies in its place.
    #[error("{0}")]
    NotAccepted(Error),
    /// The request cannot be written as HTTP.
    #[error("the request cannot be sent: {0}")]
    Unsendable(String),
}

impl From<http::Error> for NoAnswer {
    fn from(error: http::Error) -> Self {
        Self::Unsendable(error.to_string())
    }
}

/// The way to the plane.
#[derive(Debug)]
pub(crate) struct Forward(Arc<Identity>);

/// What one request has been through.
struct Trip {
    passage: Passage,
    renewed: Renewed,
    backoff: Backoff,
    /// Tries in a row that found nobody; after as many as there are addresses it is time to wait.
    away: usize,
    began: Instant,
    /// How the last try failed.
    last: String,
}

impl Trip {
    fn is_too_late(&self) -> NoAnswer {
        NoAnswer::Unreachable {
            waited: self.began.elapsed(),
            last: self.last.clone(),
        }
    }
}

impl Forward {
    pub(crate) const fn new(identity: Arc<Identity>) -> Self {
        Self(identity)
    }

    /// The answer as it begins, from whichever plane gives one.
    pub(crate) async fn send(&self, mut errand: Errand) -> Result<Response<Incoming>, NoAnswer> {
        named(&mut errand)?;
        let mut trip = Trip {
            passage: self.0.client().passage(),
            renewed: Renewed::NotYet,
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
            away: 0,
            began: Instant::now(),
            last: "no access token came".to_owned(),
        };
        loop {
            let bearer = self.bearer(&mut trip, &errand).await?;
            let (met, answer) = attempt(&errand, &mut trip, &bearer).await?;
            match (judge::next(met, trip.renewed), answer) {
                (Next::Relay, Some(answer)) => return Ok(answer),
                (Next::Renew, _) => {
                    trip.renewed = Renewed::Before;
                    self.0.refused(&bearer);
                }
                (next, _) => self.wait(&mut trip, next, &errand).await?,
            }
        }
    }

    /// What to ask with. While no plane can give anything it is waited for, as long as the request may wait.
    async fn bearer(&self, trip: &mut Trip, errand: &Errand) -> Result<Bearer, NoAnswer> {
        loop {
            match timeout_at(errand.deadline, self.0.bearer()).await {
                Ok(Ok(bearer)) => return Ok(bearer),
                Ok(Err(error)) if error.is_final() => return Err(NoAnswer::NotAccepted(error)),
                Ok(Err(error)) => {
                    trip.last = error.to_string();
                    self.wait(trip, Next::Here, errand).await?;
                }
                Err(_) => return Err(trip.is_too_late()),
            }
        }
    }

    /// Chooses where to try next, and waits if everybody was asked. Fails at the deadline.
    async fn wait(&self, trip: &mut Trip, next: Next, errand: &Errand) -> Result<(), NoAnswer> {
        trip.away += 1;
        if next == Next::Elsewhere {
            trip.passage.pass();
        }
        let pause = if trip.away < self.0.client().endpoints().count() {
            Duration::ZERO
        } else {
            trip.away = 0;
            trip.backoff.pause(getrandom::u64().unwrap_or_default())
        };
        if Instant::now() + pause >= errand.deadline {
            return Err(trip.is_too_late());
        }
        sleep(pause).await;
        Ok(())
    }
}

/// One try at one address.
async fn attempt(
    errand: &Errand,
    trip: &mut Trip,
    bearer: &Bearer,
) -> Result<(Met, Option<Response<Incoming>>), NoAnswer> {
    let mut request = Request::builder()
        .method(errand.method.clone())
        .uri(&errand.target)
        .body(Full::new(errand.body.clone()))?;
    *request.headers_mut() = errand.headers.clone();
    match trip.passage.send(request, bearer).await {
        Ok(answer) => {
            let (status, plane) = (answer.status(), trip.passage.endpoint());
            trip.last = format!("{plane} answers {status}");
            let said = judge::read(errand.door, status, answer.headers());
            Ok((Met::Head(said), Some(answer)))
        }
        Err(error) => {
            tracing::debug!(%error, "no answer");
            trip.last = error.to_string();
            match error {
                Error::Unanswered { lost, .. } => Ok((met(&lost), None)),
                other => Err(NoAnswer::Unsendable(other.to_string())),
            }
        }
    }
}

fn met(lost: &Lost) -> Met {
    match lost.may_have_arrived() {
        true => Met::Silence,
        false => Met::NoConnection,
    }
}

/// What changes something goes under a key: of its own if it came with one, else of ours. The plane then makes it once,
/// however often it arrives.
fn named(errand: &mut Errand) -> Result<(), NoAnswer> {
    if errand.method.is_safe() || errand.headers.contains_key(IDEMPOTENCY_KEY) {
        return Ok(());
    }
    let (high, low) = (getrandom::u64(), getrandom::u64());
    let (Ok(high), Ok(low)) = (high, low) else {
        // Two requests under one key would be taken for one; without a key one may be made twice after a broken connection.
        return Ok(());
    };
    // A string of structured fields (RFC 9651 §3.3.3); hexadecimal digits have nothing to escape.
    let key = HeaderValue::from_str(&format!("\"{high:016x}{low:016x}\""));
    errand
        .headers
        .insert(IDEMPOTENCY_KEY, key.map_err(http::Error::from)?);
    let (name, value) = UNREAD;
    errand.headers.insert(name, value);
    Ok(())
}
