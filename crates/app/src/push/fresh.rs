//! Keeps a connection's client in access tokens: the next one comes when the one before is at half of its life.
//!
//! What was pushed and not acknowledged is pushed again as it is, so that a client that lost it and renews the one which it
//! has gets the same. The acknowledgement is the new token's first use.

use crate::access::families::LiveFamily;
use crate::access::seen::Proven;
use crate::access::{self, Issued};
use crate::credential::session::Session;
use crate::plane::Plane;
use portunus_core::time::Timestamp;
use std::sync::Arc;

/// When to try again after the database did not answer, in milliseconds.
const PAUSE_MS: u64 = 1_000;

/// Who begins a family when one is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The token that the connection stands on.
    Token,
    /// Nobody: the connection stands on an access token itself.
    Access,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Fresh {
    source: Source,
    /// The access token that the client has.
    has: Option<Arc<Proven>>,
    /// One that it may have, and the number of the event that brought it.
    pushed: Option<(u64, Arc<Proven>)>,
    not_before: Timestamp,
}

impl Fresh {
    /// For a connection that stands on a token and asks for access tokens, or on an access token.
    pub(super) fn of(session: &Session, now: Timestamp) -> Option<Self> {
        let has = session.proven().cloned();
        let source = match (&has, session.is_of_token()) {
            (Some(_), _) => Source::Access,
            (None, true) => Source::Token,
            (None, false) => return None,
        };
        Some(Self {
            source,
            has,
            pushed: None,
            not_before: now,
        })
    }

    /// When the next one is due; `None` when none will come.
    pub(super) fn due_at(&self, plane: &Plane) -> Option<Timestamp> {
        let due = match self.newest() {
            None => Timestamp::EPOCH,
            Some(newest) => self.due_after(plane, newest)?,
        };
        Some(due.max(self.not_before))
    }

    fn newest(&self) -> Option<&Arc<Proven>> {
        self.pushed
            .as_ref()
            .map(|(_, pushed)| pushed)
            .or(self.has.as_ref())
    }

    fn due_after(&self, plane: &Plane, newest: &Proven) -> Option<Timestamp> {
        let terms = &plane.access().terms();
        let family = newest.family.record();
        let is_last = family.expires_at(terms) >= family.ends_at;
        match self.source {
            Source::Token if newest.family.has_ended() => Some(Timestamp::EPOCH),
            Source::Token => Some(family.due_at(terms)),
            // One that was renewed elsewhere and is in use there is that one's business.
            Source::Access if newest.family.has_ended() || is_last => None,
            Source::Access if family.current.jti == newest.jti => Some(family.due_at(terms)),
            Source::Access => {
                let was_lost =
                    family.previous == Some(newest.jti) && family.current.used_at.is_none();
                was_lost.then_some(Timestamp::EPOCH)
            }
        }
    }

    /// The next access token, if it is due.
    pub(super) async fn next(
        &mut self,
        plane: &Arc<Plane>,
        session: &Session,
    ) -> Option<(Issued, Arc<Proven>)> {
        let now = plane.clock.now();
        if self.due_at(plane).is_none_or(|due| now < due) {
            return None;
        }
        // Whatever goes wrong is tried again later.
        self.not_before = now.plus_ms(PAUSE_MS);
        let issued = self.issue(plane, session, now).await?;
        match plane.look_at_access(issued.token.expose()).await {
            Ok(proven) => Some((issued, proven)),
            Err(error) => {
                tracing::warn!(%error, "a new access token is not accepted");
                None
            }
        }
    }

    async fn issue(&self, plane: &Arc<Plane>, session: &Session, now: Timestamp) -> Option<Issued> {
        let family = self.newest().map(|newest| Arc::clone(&newest.family));
        let family =
            family.filter(|family| self.source == Source::Access || goes_on(plane, family, now));
        let issued = match family {
            Some(family) => access::renew::renew_for(plane, family).await,
            None => access::exchange::begin_for(plane, session.clone()).await,
        };
        issued
            .inspect_err(
                |error| tracing::warn!(%error, "an access token that is due was not pushed yet"),
            )
            .ok()
    }

    /// It is under way as the event of this number.
    pub(super) fn pushed(&mut self, seq: u64, proven: Arc<Proven>, now: Timestamp) {
        self.pushed = Some((seq, proven));
        self.not_before = now;
    }

    /// The client has all events up to this one. What it stands on from now on, if that changed.
    pub(super) fn acknowledged(&mut self, plane: &Plane, upto: u64) -> Option<Session> {
        let (_, proven) = self.pushed.take_if(|(seq, _)| *seq <= upto)?;
        if !proven.was_noted() {
            let families = &plane.access().families;
            families.note_use(&proven.family, proven.jti, plane.clock.now());
        }
        self.has = Some(Arc::clone(&proven));
        (self.source == Source::Access).then(|| access::prove::session(proven))
    }
}

/// Whether a family lives long enough for another token of full life.
fn goes_on(plane: &Plane, family: &LiveFamily, now: Timestamp) -> bool {
    let terms = &plane.access().terms();
    !family.has_ended() && now.plus_ms(terms.life_ms) <= family.record().ends_at
}
