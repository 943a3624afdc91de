//! Every living session and device, in memory, by the public handle of its secret. The store has them too; one that is
//! not here has ended.

use super::live::{LiveDevice, LiveSession};
use arc_swap::ArcSwap;
use parking_lot::RwLock;
use portunus_core::agent::Principal;
use portunus_core::ids::{DeviceId, OperatorId};
use portunus_core::session::{Device, SessionRecord, SessionTerms, SignedInBy};
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use portunus_store::Snapshot;
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Debug, Default)]
struct Living {
    sessions: HashMap<Kid, Arc<LiveSession>>,
    devices: HashMap<Kid, Arc<LiveDevice>>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct SessionBook {
    terms: ArcSwap<SessionTerms>,
    living: RwLock<Living>,
}

impl SessionBook {
    /// What the store has.
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let book = Self::default();
        for session in snapshot.sessions.iter().cloned() {
            let mut tokens = snapshot.tokens.iter();
            let source = tokens.find(|token| session.by == SignedInBy::Token(token.kid));
            let expires_at = source.and_then(|token| token.expires_at);
            book.add_session(session, expires_at);
        }
        for device in snapshot.devices.iter().cloned() {
            book.add_device(device);
        }
        book
    }

    /// How long sessions last.
    pub(crate) fn terms(&self) -> SessionTerms {
        **self.terms.load()
    }

    /// Other terms from now on, also for sessions that live.
    pub(crate) fn set_terms(&self, terms: SessionTerms) {
        self.terms.store(Arc::new(terms));
    }

    /// A living session.
    pub(crate) fn session(&self, kid: Kid) -> Option<Arc<LiveSession>> {
        self.living.read().sessions.get(&kid).cloned()
    }

    /// A device by its token.
    pub(crate) fn device(&self, kid: Kid) -> Option<Arc<LiveDevice>> {
        self.living.read().devices.get(&kid).cloned()
    }

    /// A device by its id.
    pub(crate) fn device_by_id(&self, id: DeviceId) -> Option<Arc<LiveDevice>> {
        let living = self.living.read();
        let mut devices = living.devices.values();
        devices.find(|live| live.device.id == id).cloned()
    }

    /// An operator's sessions that are not over, the one that was used last first.
    pub(crate) fn sessions_of(&self, whose: OperatorId, now: Timestamp) -> Vec<Arc<LiveSession>> {
        let terms = self.terms();
        let living = self.living.read();
        let own = living
            .sessions
            .values()
            .filter(|live| live.record.operator == whose && now < live.ends_at(&terms));
        let mut own: Vec<_> = own.cloned().collect();
        own.sort_by_key(|live| std::cmp::Reverse((live.seen_at(), live.record.kid)));
        own
    }

    /// An operator's devices by name.
    pub(crate) fn devices_of(&self, whose: OperatorId) -> Vec<Arc<LiveDevice>> {
        let living = self.living.read();
        let own = living.devices.values();
        let mut own: Vec<_> = own
            .filter(|live| live.device.operator == whose)
            .cloned()
            .collect();
        own.sort_by(|a, b| a.device.name.cmp(&b.device.name));
        own
    }

    /// Takes one over that the store has.
    pub(crate) fn add_session(&self, record: SessionRecord, expires_at: Option<Timestamp>) {
        let live = Arc::new(LiveSession::new(record, expires_at));
        self.living.write().sessions.insert(live.record.kid, live);
    }

    /// Takes one over that the store has; its earlier token, if there was one, ends.
    pub(crate) fn add_device(&self, device: Device) {
        self.forget_device(device.id);
        let live = Arc::new(LiveDevice::new(device));
        self.living.write().devices.insert(live.device.kid, live);
    }

    /// Ends the token of a device. Its sessions go on.
    pub(crate) fn forget_device(&self, id: DeviceId) {
        self.living.write().devices.retain(|_, live| {
            let stays = live.device.id != id;
            if !stays {
                live.revoked.cancel();
            }
            stays
        });
    }

    /// Ends these sessions: no later look accepts them, and what they began hears of it. Gives how many there were.
    pub(crate) fn end(&self, ends: impl Fn(&SessionRecord) -> bool) -> usize {
        let mut ended = 0;
        self.living.write().sessions.retain(|_, live| {
            let stays = !ends(&live.record);
            if !stays {
                live.revoked.cancel();
                ended += 1;
            }
            stays
        });
        ended
    }

    /// Ends what came of a token that has ended.
    pub(crate) fn end_of_token(&self, kid: Kid) {
        self.end(|session| session.by == SignedInBy::Token(kid));
    }

    /// Ends what came of any token of the principal.
    pub(crate) fn end_of_tokens_of(&self, whose: Principal) {
        self.end(|session| {
            let is_theirs = Principal::Operator(session.operator) == whose;
            is_theirs && matches!(session.by, SignedInBy::Token(_))
        });
    }

    /// Ends an operator's sessions, but `keep`.
    pub(crate) fn end_of_operator(&self, whose: OperatorId, keep: Option<Kid>) {
        self.end(|session| session.operator == whose && Some(session.kid) != keep);
    }

    /// Ends all that is an operator's.
    pub(crate) fn dismiss(&self, whose: OperatorId) {
        self.end_of_operator(whose, None);
        for live in self.devices_of(whose) {
            self.forget_device(live.device.id);
        }
    }

    /// Drops the sessions that are over; the store may forget them.
    pub(crate) fn prune(&self, now: Timestamp) -> Vec<Kid> {
        let terms = self.terms();
        let mut over = Vec::new();
        self.living.write().sessions.retain(|kid, live| {
            let stays = now < live.ends_at(&terms);
            if !stays {
                live.revoked.cancel();
                over.push(*kid);
            }
            stays
        });
        over
    }

    /// Uses that the store does not know.
    pub(crate) fn unsaved(&self) -> Vec<(Kid, Timestamp)> {
        let living = self.living.read();
        let unsaved = living
            .sessions
            .iter()
            .filter_map(|(kid, live)| live.unsaved().map(|seen_at| (*kid, seen_at)));
        unsaved.collect()
    }

    /// The store knows these uses now.
    pub(crate) fn saved(&self, seen: &[(Kid, Timestamp)]) {
        let living = self.living.read();
        for (kid, seen_at) in seen {
            if let Some(live) = living.sessions.get(kid) {
                live.saved(*seen_at);
            }
        }
    }
}
