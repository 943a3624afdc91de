//! One connection as the plane sees it: what it may hear, what it was told, and what is next.
//!
//! [`Subscription::wait`] may be given up at any moment; [`Subscription::work`] fetches what there is to tell and is carried
//! to its end, because what it takes out of an inbox is handed out.

use super::changes::{Changes, Ears};
use super::fresh::Fresh;
use super::outbox::Outbox;
use super::post::Post;
use super::registry::Seat;
use super::standing::Fallen;
use super::state::State;
use super::told::{MESSAGES, Numbered, Told, Topic};
use super::wanted::{NotOpened, Tokens, Wanted, Window, place, topics};
use super::{PAUSE_MS, PUSH, SPREAD_MS};
use crate::credential::session::Session;
use crate::entropy;
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::ids::{ConnectionId, MessageId};
use portunus_core::push::{Breach, Cursor, Due, HandedOut, Line, spread_ms};
use portunus_core::scope::{Scope, ScopeSet};
use portunus_core::time::{Tick, Timestamp};
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Events that are fetched at once.
const AT_ONCE: usize = 32;
/// How long changes are gathered before they are told, in milliseconds.
const GATHERED_MS: u64 = 50;

/// Why a connection ends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum End {
    /// The client broke a rule, or is gone.
    #[error(transparent)]
    Breach(#[from] Breach),
    /// Its credential does not carry it any more.
    #[error(transparent)]
    Fallen(#[from] Fallen),
    /// The credential does not hold a scope any more.
    #[error("the credential does not hold the scope {0} any more")]
    Scope(Scope),
    /// The plane shuts down.
    #[error("the plane is shutting down")]
    Draining {
        /// When to come back, in milliseconds; spread by connection.
        retry_after_ms: u64,
    },
}

/// What there is to send.
#[derive(Debug, Default)]
pub struct Work {
    /// Whether to ping.
    pub is_ping_due: bool,
    /// Events, in this order.
    pub events: Vec<Numbered>,
}

/// The credential proves somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the credential proves somebody else than the connection belongs to")]
pub struct WrongPrincipal;

/// See the module.
#[derive(Debug)]
pub struct Subscription {
    plane: Arc<Plane>,
    session: Session,
    seat: Seat,
    line: Line,
    topics: Vec<Topic>,
    state: State,
    is_resumed: bool,
    is_synced: bool,
    post: Option<Post>,
    outbox: Option<Outbox>,
    fresh: Option<Fresh>,
    changes: Changes,
    /// When to look without being woken.
    look_at: Tick,
    /// Whether more can be told at once.
    is_pressing: bool,
    /// The database rests until then, after it did not answer.
    not_before: Tick,
}

impl Subscription {
    /// Opens a connection for whoever has the session.
    ///
    /// # Errors
    ///
    /// [`NotOpened`].
    pub async fn open(
        plane: &Arc<Plane>,
        session: Session,
        line: Line,
        wanted: Wanted,
    ) -> Result<Self, NotOpened> {
        let topics = topics(&session, wanted.topics)?;
        let unsealed = |text: &str| Cursor::unsealed(text, &plane.pepper, session.principal);
        let cursor = wanted.cursor.as_deref().map(unsealed).transpose()?;
        let id = ConnectionId::from_bytes(entropy::draw().map_err(Failure::from)?);
        let push = plane.push();
        let seat = push.registry.enter(session.principal, id)?;
        let moves = topics
            .iter()
            .any(|topic| topic.is_shared())
            .then(|| push.feed.watch());
        let (place, is_resumed) = place(plane, &topics, cursor)?;
        let state = State::of(if is_resumed { &[] } else { &topics }, session.principal);
        let (now, tick) = (plane.clock.now(), plane.clock.tick());
        let post = match session.principal {
            Principal::Agent(agent) if topics.contains(&Topic::Inbox) => {
                let last = cursor.and_then(|cursor| cursor.handed_out);
                let reader = cursor.map_or(id, |cursor| cursor.reader);
                if let Some(last) = last {
                    let lost = push.handed.lost(reader, last);
                    let freed = plane.store.give_back(agent, &lost, now).await;
                    freed.map_err(Failure::from)?;
                    push.handed.forget(reader, &lost);
                }
                // What is handed out from now on, until the client says otherwise.
                let begin = HandedOut {
                    at: now,
                    message: MessageId::from_bytes([0; 16]),
                };
                Some(Post::new(
                    agent,
                    reader,
                    (wanted.visibility_ms, wanted.window),
                    last.unwrap_or(begin),
                ))
            }
            _ => None,
        };
        let outbox = topics.contains(&Topic::Deliveries).then(|| {
            seat.member.follow();
            Outbox::new(session.principal)
        });
        let is_kept = wanted.tokens == Tokens::Kept || session.proven().is_some();
        let fresh = is_kept.then(|| Fresh::of(&session, now)).flatten();
        Ok(Self {
            plane: Arc::clone(plane),
            session,
            seat,
            line,
            topics,
            state,
            is_resumed,
            is_synced: false,
            post,
            outbox,
            fresh,
            changes: Changes::from(place, moves),
            look_at: tick,
            is_pressing: true,
            not_before: tick,
        })
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> ConnectionId {
        self.seat.member.id
    }

    /// Who is at the other end.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Whether its credential stands and holds a scope now. One that has fallen holds nothing (P5).
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        let standing = self.plane.standing(&self.session);
        standing.is_ok_and(|now| now.allow(scope))
    }

    /// What it tells of.
    #[must_use]
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// How many messages may be under way.
    #[must_use]
    pub fn window(&self) -> Window {
        let post = self.post.as_ref();
        post.map(|post| post.window).unwrap_or_default()
    }

    /// Whether it goes on where another one ended.
    #[must_use]
    pub const fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// The rules of the conversation.
    pub const fn line(&mut self) -> &mut Line {
        &mut self.line
    }

    /// Something came from the client: whoever has its credential lives (P9).
    pub fn hear(&mut self) {
        self.line.hear(self.plane.clock.tick());
        if self.plane.standing(&self.session).is_ok() {
            self.plane.liveness().sign(&self.session);
        }
    }

    /// The client has every event up to `seq`.
    ///
    /// # Errors
    ///
    /// [`Breach`].
    pub fn acknowledge(&mut self, seq: u64) -> Result<(), Breach> {
        let upto = self.line.acknowledge(seq)?;
        if let Some(fresh) = &mut self.fresh
            && let Some(proven) = fresh.acknowledged(&self.plane, upto)
        {
            if let Some(session) = fresh.carried_by(proven) {
                self.session = session;
            }
            // The one after it may be due.
            self.is_pressing = true;
        }
        Ok(())
    }

    /// The connection stands on another credential of the same principal from now on.
    ///
    /// # Errors
    ///
    /// [`WrongPrincipal`].
    pub fn present(&mut self, session: Session) -> Result<(), WrongPrincipal> {
        if session.principal != self.session.principal {
            return Err(WrongPrincipal);
        }
        if self.fresh.is_some() || session.proven().is_some() {
            self.fresh = Fresh::of(&session, self.plane.clock.now());
        }
        self.session = session;
        self.is_pressing = true;
        Ok(())
    }

    /// Waits until there is something to do. May be given up at any moment.
    pub async fn wait(&mut self) {
        let now = self.plane.clock.tick();
        let may_tell = self.may_tell(now);
        if self.is_pressing && may_tell {
            return;
        }
        let wait = now.ms_until(self.look_at).max(1);
        let is_behind = self.is_behind();
        let changes = &mut self.changes;
        let changed = async {
            match (may_tell, is_behind) {
                (false, _) => return pending().await,
                (true, true) => {}
                (true, false) => changes.come().await,
            }
            tokio::time::sleep(Duration::from_millis(GATHERED_MS)).await;
        };
        let draining = self.plane.draining();
        tokio::select! {
            () = self.session.revoked.cancelled() => {}
            () = draining.cancelled() => {}
            () = self.seat.member.bell.notified() => {}
            () = changed => self.is_pressing = true,
            () = tokio::time::sleep(Duration::from_millis(wait)) => {}
        }
    }

    /// Does what there is to do. To be carried to its end.
    ///
    /// # Errors
    ///
    /// [`End`].
    pub async fn work(&mut self) -> Result<Work, End> {
        if self.plane.is_draining() {
            let retry_after_ms = spread_ms(self.id(), SPREAD_MS);
            return Err(End::Draining { retry_after_ms });
        }
        let scopes = self.plane.standing(&self.session)?;
        let needed = self.topics.iter().map(|topic| topic.scope()).chain([PUSH]);
        if let Some(missing) = needed.into_iter().find(|scope| !scopes.allow(*scope)) {
            return Err(End::Scope(missing));
        }
        let told_outside = self.seat.member.acknowledged();
        if told_outside > self.line.acknowledged() {
            self.acknowledge(told_outside)?;
        }
        if let Some(post) = &mut self.post {
            post.hear(&self.seat.member);
        }
        let mut work = Work::default();
        self.tell(&scopes, &mut work.events).await;
        let count = u64::try_from(work.events.len()).unwrap_or(0);
        self.plane.push().events.fetch_add(count, Ordering::Relaxed);
        let now = self.plane.clock.tick();
        if !self.line.has_room() && self.has_more() {
            self.line.waits(now);
        } else {
            self.line.flows();
        }
        let mut due = self.line.due(now)?;
        if due == Due::Ping {
            work.is_ping_due = true;
            due = self.line.due(now)?;
        }
        self.look_at = match due {
            Due::Nothing(at) => self.soonest(at, now),
            Due::Ping => now,
        };
        Ok(work)
    }

    /// Whether there is room for an event, and the database does not rest.
    fn may_tell(&self, now: Tick) -> bool {
        self.line.has_room() && now >= self.not_before
    }

    /// The sooner one of a tick and of what the clock on the wall will bring.
    fn soonest(&self, at: Tick, now: Tick) -> Tick {
        let wall = self.plane.clock.now();
        // What waits for room is told when the client acknowledges, and the rest when the database has rested.
        let may_tell = self.may_tell(now);
        let fresh = self.fresh.as_ref().filter(|_| may_tell);
        let post = self.post.as_ref().filter(|_| may_tell);
        let outbox = self.outbox.as_ref().filter(|_| may_tell);
        let rested = (now < self.not_before).then_some(self.not_before);
        let at = rested.map_or(at, |rested| at.min(rested));
        let moments = [
            fresh.and_then(|fresh| fresh.due_at(&self.plane)),
            post.and_then(|post| post.look_at(wall)),
            outbox.and_then(|outbox| outbox.look_at(&self.seat.member)),
            self.session.proven().map(|proven| proven.expires_at),
        ];
        let ahead = |moment: Timestamp| now.plus_ms(wall.ms_until(moment).max(1));
        moments.into_iter().flatten().map(ahead).fold(at, Tick::min)
    }

    async fn tell(&mut self, scopes: &ScopeSet, events: &mut Vec<Numbered>) {
        if self.plane.clock.tick() < self.not_before {
            return;
        }
        self.is_pressing = true;
        while self.line.has_room() && events.len() < AT_ONCE {
            match self.next(scopes).await {
                Ok(Some(told)) => events.extend(self.number(told)),
                Ok(None) => {
                    self.is_pressing = false;
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection waits for the database");
                    self.is_pressing = false;
                    self.not_before = self.plane.clock.tick().plus_ms(PAUSE_MS);
                    return;
                }
            }
        }
    }

    /// Whether something waits for room.
    fn has_more(&self) -> bool {
        let now = self.plane.clock.now();
        let has_mail = self.post.as_ref().is_some_and(|post| post.is_pressing(now));
        let outbox = self.outbox.as_ref();
        let has_news = outbox.is_some_and(|outbox| outbox.is_pressing(&self.seat.member));
        !self.is_synced || self.is_behind() || has_mail || has_news
    }

    /// Whether agents or boards changed since it was told of them.
    fn is_behind(&self) -> bool {
        self.changes.is_behind(&self.plane.push().feed)
    }

    fn number(&mut self, told: Told) -> Option<Numbered> {
        let seq = self.line.number()?;
        self.seat.member.sent.store(seq, Ordering::Release);
        let is_whole = |topic: &&Topic| topic.is_shared() && self.state.is_told(**topic);
        let whole = self.topics.iter().filter(is_whole);
        let cursor = Cursor {
            run: self.plane.push().feed.run,
            position: self.changes.place(),
            told: whole.fold(0, |bits, topic| bits | topic.bit()),
            reader: self.post.as_ref().map_or(self.id(), |post| post.reader),
            handed_out: self.post.as_ref().map(|post| post.last),
        };
        let cursor = cursor.sealed(&self.plane.pepper, self.session.principal);
        Some(Numbered { seq, cursor, told })
    }

    /// What comes next. A fresh access token goes before the message that makes its recipient act.
    async fn next(&mut self, scopes: &ScopeSet) -> Result<Option<Told>, Failure> {
        let plane = Arc::clone(&self.plane);
        if self.seat.member.take_account() {
            let name = Arc::clone(self.session.name());
            let account = plane
                .account_of(self.session.principal, name, scopes.clone())
                .await
                .inspect_err(|_| self.seat.member.put_account_back())?;
            return Ok(Some(Told::Account(Box::new(account))));
        }
        if let Some(fresh) = &mut self.fresh
            && let Some((issued, proven)) = fresh.next(&plane, &self.session).await
        {
            fresh.pushed(self.line.sent() + 1, proven, plane.clock.now());
            return Ok(Some(Told::Credential(issued)));
        }
        if let Some(part) = self.state.next(&plane).await? {
            return Ok(Some(part));
        }
        let ears = Ears {
            topics: &self.topics,
            principal: self.session.principal,
            reads_messages: scopes.allow(MESSAGES),
        };
        let next = self.changes.next(&plane, ears).await?;
        if let Some(anew) = next.anew {
            self.state = State::of(anew.of(&self.topics), self.session.principal);
            self.is_synced = false;
        }
        if let Some(change) = next.told {
            return Ok(Some(change));
        }
        // Changes that it did not hear of are forgotten: the state comes anew.
        if let Some(part) = self.state.next(&plane).await? {
            return Ok(Some(part));
        }
        let room =
            plane.push().terms().max_unacknowledged - (self.line.sent() - self.line.acknowledged());
        if let Some(post) = &mut self.post
            && let Some((message, delivery)) = post.next(&plane, room).await
        {
            return Ok(Some(Told::Message(message, delivery)));
        }
        // Counting deliveries may take long: one's own mail goes before it.
        if let Some(outbox) = &mut self.outbox
            && let Some(part) = outbox.next(&plane, &self.seat.member).await?
        {
            return Ok(Some(part));
        }
        if !self.is_synced {
            self.is_synced = true;
            let events = self.line.sent();
            return Ok(Some(Told::Synced { events }));
        }
        Ok(None)
    }
}
