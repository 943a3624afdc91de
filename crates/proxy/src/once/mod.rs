//! A model call that its client repeats under the same `Idempotency-Key` is made once: whoever repeats it reads along with
//! the running answer, or gets it again from memory for a while.
//!
//! [`answers`] knows which answers there are and how much room they take; a [`tape`] is one of them, written by the task
//! in [`run`] and read by the clients' connections in [`share`]. Requests without the header never come here.

mod answers;
mod room;
mod run;
mod share;
mod tape;
#[cfg(test)]
mod tests;

pub(crate) use answers::Answers;

use crate::body::DoorBody;
use crate::call::Warrant;
use crate::door::{Admitted, Door, refuse};
use crate::provider::endpoint::Endpoint;
use crate::record::Record;
use crate::refusal::Refusal;
use answers::Joined;
use http::{HeaderName, Response, request};
use portunus_core::ids::AgentId;
use portunus_core::once::IdempotencyKey;
use sha2::{Digest, Sha256};
use share::{Role, Share};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// For how many seconds an answer runs on without a reader, if that is shorter than usual: said by a client that comes back
/// at once when it does.
const UNREAD: HeaderName = HeaderName::from_static("x-portunus-unread-s");

/// Whose request it is, and under which key. Another agent's equal key is another place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    agent: AgentId,
    endpoint: Endpoint,
    key: IdempotencyKey,
}

/// A request with a key: where its answer is looked for, and what it must ask to get that.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    place: Place,
    fingerprint: [u8; 32],
    /// What its first client said of how long it runs on without a reader.
    unread: Option<Duration>,
}

/// What the request says of its being a repetition; mostly nothing. Where there is nothing to be charged, a key means
/// nothing.
pub(crate) fn asked(
    agent: AgentId,
    endpoint: Endpoint,
    parts: &request::Parts,
    body: &[u8],
) -> Result<Option<Box<Asked>>, Refusal> {
    if !parts.headers.contains_key(IDEMPOTENCY_KEY) || !endpoint.has_body() {
        return Ok(None);
    }
    let mut values = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Refusal::several_keys());
    };
    // What is no text has a character that no key has.
    let value = value.to_str().unwrap_or("\u{fffd}");
    let key = value.parse().map_err(Refusal::bad_key)?;
    let place = Place {
        agent,
        endpoint,
        key,
    };
    let fingerprint = fingerprint(parts.uri.query(), body);
    let unread = unread(parts).map_err(|()| Refusal::bad_unread())?;
    Ok(Some(Box::new(Asked {
        place,
        fingerprint,
        unread,
    })))
}

fn unread(parts: &request::Parts) -> Result<Option<Duration>, ()> {
    let Some(value) = parts.headers.get(UNREAD) else {
        return Ok(None);
    };
    let seconds: Option<u32> = value.to_str().ok().and_then(|text| text.parse().ok());
    seconds
        .map(|seconds| Some(Duration::from_secs(seconds.into())))
        .ok_or(())
}

fn fingerprint(query: Option<&str>, body: &[u8]) -> [u8; 32] {
    let query = query.unwrap_or_default();
    let mut hash = Sha256::new();
    hash.update(query.len().to_be_bytes());
    hash.update(query);
    hash.update(body);
    hash.finalize().into()
}

impl Door {
    /// Answers a request that has a key: makes the call if it is the first, else shares its answer.
    pub(crate) async fn answer_once(
        &self,
        asked: Box<Asked>,
        mut admitted: Admitted,
        mut record: Record,
    ) -> Response<DoorBody> {
        let (endpoint, protocol) = (admitted.endpoint, admitted.protocol);
        let ends = CancellationToken::new();
        let own = std::mem::replace(&mut admitted.warrant, Warrant::Shared(ends.clone()));
        let answers = Arc::clone(self.answers());
        let joined = answers.join(*asked, record.id(), &own);
        let (reader, role) = match joined {
            Joined::First(writer, reader) => {
                let id = record.id();
                tokio::spawn(run::run(
                    self.clone(),
                    writer,
                    admitted.into_call(record),
                    ends,
                ));
                (reader, Role::First(id))
            }
            Joined::Again(reader) => {
                record.asks_model(admitted.model());
                record.repeats(reader.original());
                (reader, Role::Again(Box::new(record)))
            }
            Joined::Different => return refuse(&Refusal::key_reused(), protocol, &mut record),
            Joined::TooLarge => {
                return refuse(&Refusal::too_large_to_share(), protocol, &mut record);
            }
        };
        let share = Share {
            reader,
            role,
            endpoint,
            protocol,
            warrant: own,
        };
        share.answer().await
    }
}
