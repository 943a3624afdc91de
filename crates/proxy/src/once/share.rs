//! How one client gets an answer that others may get too: from its tape, while its own credential is good.

use super::tape::{Head, Next, Reader, Shape};
use crate::body::{DoorBody, Ending, Outlet};
use crate::call::Warrant;
use crate::phases::relay::FLUSH;
use crate::provider::endpoint::Endpoint;
use crate::provider::error_shape::Position;
use crate::provider::sse::Splitter;
use crate::record::Record;
use crate::refusal::Refusal;
use http::{HeaderName, HeaderValue, Response};
use portunus_core::decision::Outcome;
use portunus_core::ids::RequestId;
use portunus_core::provider_key::Protocol;

/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// One client's share.
pub(super) struct Share {
    pub(super) reader: Reader,
    pub(super) role: Role,
    pub(super) endpoint: Endpoint,
    pub(super) protocol: Protocol,
    /// The client's own credential.
    pub(super) warrant: Warrant,
}

/// Whose answer it is.
pub(super) enum Role {
    /// The call is made for this request, and is recorded with it.
    First(RequestId),
    /// It repeats another one, and has a record of its own.
    Again(Box<Record>),
}

impl Role {
    fn id(&self) -> RequestId {
        match self {
            Self::First(id) => *id,
            Self::Again(record) => record.id(),
        }
    }

    fn note(&mut self, note: impl FnOnce(&mut Record)) {
        if let Self::Again(record) = self {
            note(record);
        }
    }
}

impl Share {
    /// The answer, as soon as it has begun.
    pub(super) async fn answer(mut self) -> Response<DoorBody> {
        let begun = tokio::select! {
            biased;
            () = self.warrant.ended() => Err(Refusal::revoked()),
            head = self.reader.head() => head.ok_or_else(Refusal::original_lost),
        };
        let head = match begun {
            Ok(head) => head,
            Err(refusal) => return self.refuse(&refusal),
        };
        let (status, headers) = (head.status, head.headers.clone());
        self.role.note(|record| {
            record.shows(status.as_u16());
            record.first_byte();
        });
        let is_replayed = matches!(self.role, Role::Again(_));
        let mut response = Response::new(self.body(&head));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        if is_replayed {
            let yes = HeaderValue::from_static("true");
            response.headers_mut().insert(REPLAYED, yes);
        }
        response
    }

    fn refuse(mut self, refusal: &Refusal) -> Response<DoorBody> {
        let response = refusal.response(self.protocol, self.role.id());
        self.role.note(|record| {
            record.shows(response.status().as_u16());
            record.refused(refusal, refusal.outcome());
        });
        response.map(DoorBody::whole)
    }

    fn body(mut self, head: &Head) -> DoorBody {
        match &head.body {
            Shape::Whole(bytes) => {
                let outcome = match head.status {
                    status if status.is_success() => Outcome::Served,
                    status if status.is_client_error() => Outcome::ClientFault,
                    _ => Outcome::Refused,
                };
                self.role.note(|record| record.end(outcome));
                DoorBody::whole(bytes.clone())
            }
            Shape::Pieces => DoorBody::flow(|outlet| self.relay(outlet)),
        }
    }

    async fn relay(mut self, outlet: Outlet) -> Ending {
        let mut seen = Seen::new(self.endpoint);
        let ending = loop {
            let next = tokio::select! {
                biased;
                () = self.warrant.ended() => break Err(Refusal::revoked()),
                next = self.reader.next() => next,
            };
            match next {
                Next::Piece(piece) => {
                    seen.note(&piece);
                    outlet.send(piece).await;
                }
                Next::End(ending) => break Ok(ending),
                Next::TooLate => break Err(Refusal::read_too_slowly()),
            }
        };
        match ending {
            Ok(Ending::Clean) => {
                self.role.note(|record| record.end(Outcome::Served));
                return Ending::Clean;
            }
            // The client has the original's own words about it.
            Ok(Ending::Failed) => {
                self.role.note(|record| record.end(Outcome::BrokenOff));
                return Ending::Failed;
            }
            Ok(Ending::Cut) => self.role.note(|record| record.end(Outcome::BrokenOff)),
            Err(refusal) => {
                self.role
                    .note(|record| record.refused(&refusal, Outcome::BrokenOff));
                let id = self.role.id();
                let event = refusal.event_at(self.endpoint, self.protocol, id, &seen.position);
                outlet.send(event).await;
            }
        }
        tokio::time::sleep(FLUSH).await;
        Ending::Cut
    }
}

/// What of a stream its client has seen, as far as an error must fit to it.
struct Seen {
    endpoint: Endpoint,
    position: Position,
    splitter: Splitter,
}

impl Seen {
    fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            position: Position::default(),
            splitter: Splitter::new(),
        }
    }

    /// Pieces are whole events; only those of Responses have a place in their stream.
    fn note(&mut self, piece: &bytes::Bytes) {
        if self.endpoint != Endpoint::Responses {
            return;
        }
        self.splitter.push(piece.clone());
        while let Ok(Some(event)) = self.splitter.take() {
            self.position.sent(self.endpoint, &event);
        }
    }
}
