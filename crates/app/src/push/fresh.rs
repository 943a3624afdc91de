//! Keeps a connection's client in access tokens: the next one comes when the one before is at half of its life.
//!
//! The acknowledgement of one is its first use. Until it is used the family gives the same successor; it is said again only
//! with a new life, when the one that was pushed is at half of its own, so that a client that comes back late finds one that
//! lasts. It is not said for ever: what nobody acknowledges leaves room for messages.

use crate::access::families::LiveFamily;
use crate::access::seen::Proven;
use crate::access::{self, ExchangeError, Issued};
use crate::credential::session::Session;
use crate::plane::Plane;
use portunus_core::access::family::FamilyId;
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use std::fmt;
use std::sync::Arc;

/// When to try again after the database did not answer, in milliseconds.
const PAUSE_MS: u64 = 1_000;
/// How long after one that nobody took it may be said again, in milliseconds.
const AGAIN_MS: u64 = 3_000;
/// How often the same successor is said while nobody takes it.
const MOST_SAID: usize = 16;

/// Who begins a family when one is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The token that the connection stands on.
    Token,
    /// Nobody: the connection stands on an access token itself.
    Access,
}

/// An access token that is under way.
#[derive(Debug)]
struct Pushed {
    /// The number of the event that brought it.
    seq: u64,
    at: Timestamp,
    proven: Arc<Proven>,
}

impl Pushed {
    /// Whether the same successor would be said again: it is its family's newest token, and nobody is known to have it.
    fn is_open(&self) -> bool {
        let current = self.proven.family.record().current;
        !self.proven.family.has_ended()
            && current.jti == self.proven.jti
            && current.used_at.is_none()
    }

    /// Whether it is the same text.
    fn is(&self, other: &Proven) -> bool {
        self.proven.jti == other.jti && self.proven.expires_at == other.expires_at
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Fresh {
    source: Source,
    /// The access token that the client has.
    has: Option<Arc<Proven>>,
    /// Those that it may have, the oldest first.
    pushed: Vec<Pushed>,
    /// The family that it began or took up for its client.
    held: Option<Held>,
    not_before: Timestamp,
}

/// A connection's hold on the family in which it keeps its client. Once that is dropped another connection on the same token
/// may take the family up, so that a client that comes and goes does not begin families without end.
struct Held {
    plane: Arc<Plane>,
    token: Kid,
    family: FamilyId,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.plane.access().families.leave(self.token, self.family);
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Held({})", self.family)
    }
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
            pushed: Vec::new(),
            held: None,
            not_before: now,
        })
    }

    /// When the next one is due; `None` when none will come.
    pub(super) fn due_at(&self, plane: &Plane) -> Option<Timestamp> {
        let due = match self.newest() {
            None => Timestamp::EPOCH,
            Some(newest) => self.due_after(plane, newest)?,
        };
        Some(due.max(self.not_before).max(self.again_at()?))
    }

    /// From when on the successor that is under way may be said again; `None` when it was said often enough.
    fn again_at(&self) -> Option<Timestamp> {
        let Some(last) = self.pushed.last().filter(|last| last.is_open()) else {
            return Some(Timestamp::EPOCH);
        };
        let same = |pushed: &&Pushed| pushed.proven.jti == last.proven.jti;
        let said = self.pushed.iter().filter(same).count();
        (said < MOST_SAID).then(|| last.at.plus_ms(AGAIN_MS))
    }

    fn newest(&self) -> Option<&Arc<Proven>> {
        let last = self.pushed.last();
        last.map(|last| &last.proven).or(self.has.as_ref())
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
        self.hold(plane, session, issued.family);
        match plane.look_at_access(issued.token.expose()).await {
            // Times of tokens are whole seconds: for a part of one it is due and has its old life still.
            Ok(proven) if self.pushed.iter().any(|pushed| pushed.is(&proven)) => None,
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
            None => begin(plane, session, now).await,
        };
        issued
            .inspect_err(
                |error| tracing::warn!(%error, "an access token that is due was not pushed yet"),
            )
            .ok()
    }

    fn hold(&mut self, plane: &Arc<Plane>, session: &Session, family: FamilyId) {
        let is_held = self.held.as_ref().is_some_and(|held| held.family == family);
        if self.source == Source::Token && !is_held {
            self.held = Some(Held {
                plane: Arc::clone(plane),
                token: session.kid,
                family,
            });
        }
    }

    /// It is under way as the event of this number.
    pub(super) fn pushed(&mut self, seq: u64, proven: Arc<Proven>, now: Timestamp) {
        self.pushed.push(Pushed {
            seq,
            at: now,
            proven,
        });
        self.not_before = now;
    }

    /// The client has all events up to this one. The access token that it has now, if one was among them.
    pub(super) fn acknowledged(&mut self, plane: &Plane, upto: u64) -> Option<Arc<Proven>> {
        let count = self.pushed.partition_point(|pushed| pushed.seq <= upto);
        let Pushed { proven, .. } = self.pushed.drain(..count).next_back()?;
        if !proven.was_noted() {
            let families = &plane.access().families;
            families.note_use(&proven.family, proven.jti, plane.clock.now());
        }
        self.has = Some(Arc::clone(&proven));
        Some(proven)
    }

    /// What the connection stands on when the client has this one, if that is another thing.
    pub(super) fn carried_by(&self, proven: Arc<Proven>) -> Option<Session> {
        (self.source == Source::Access).then(|| access::prove::session(proven))
    }
}

/// Begins a family, or takes up one that an earlier connection on the same token left.
async fn begin(
    plane: &Arc<Plane>,
    session: &Session,
    now: Timestamp,
) -> Result<Issued, ExchangeError> {
    let families = &plane.access().families;
    let fits = |family: &LiveFamily| {
        goes_on(plane, family, now) && family.record().scope == *session.grants()
    };
    match families.take_up(session.kid, fits) {
        Some(family) => access::renew::take_up(plane, family).await,
        None => access::exchange::begin_for(plane, session.clone()).await,
    }
}

/// Whether a family lives long enough for another token of full life.
fn goes_on(plane: &Plane, family: &LiveFamily, now: Timestamp) -> bool {
    let terms = &plane.access().terms();
    !family.has_ended() && now.plus_ms(terms.life_ms) <= family.record().ends_at
}
