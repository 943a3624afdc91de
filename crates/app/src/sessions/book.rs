//! Every living session and device, in memory, by the public handle of its secret. The store has them too; one that is
//! not here has ended.

use super::live::{LiveDevice, LiveSession};
use crate::directory::Usage;
use arc_swap::ArcSwap;
use parking_lot::RwLock;
use portunus_core::agent::Principal;
use portunus_core::ids::{DeviceId, OperatorId};
use portunus_core::session::{Device, SessionRecord, SessionTerms, SignedInBy};
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use portunus_store::Snapshot;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

#[derive(Debug, Default)]
struct Living {
    sessions: HashMap<Kid, Arc<LiveSession>>,
    devices: HashMap<DeviceId, Arc<LiveDevice>>,
    /// Whose tokens they are.
    device_tokens: HashMap<Kid, DeviceId>,
    /// Devices whose tokens are being decided about: first uses wait.
    held: HashSet<DeviceId>,
}

impl Living {
    fn put(&mut self, device: Device) {
        let (id, earlier) = (device.id, self.devices.get(&device.id).cloned());
        let live = match &earlier {
            Some(earlier) => earlier.as_stored(device),
            None => LiveDevice::new(device),
        };
        for kid in live.kids() {
            self.device_tokens.insert(kid, id);
        }
        for gone in earlier.iter().flat_map(|earlier| earlier.kids()) {
            if !live.has(gone) {
                self.device_tokens.remove(&gone);
            }
        }
        if let Some(earlier) = earlier {
            let ended = earlier.kids().filter(|kid| !live.has(*kid));
            ended.for_each(|kid| earlier.end_of(kid).cancel());
        }
        self.devices.insert(id, Arc::new(live));
    }
}

/// See [`SessionBook::hold_device`].
#[must_use = "first uses are held for as long as this lives"]
pub(crate) struct HeldDevice<'a> {
    book: &'a SessionBook,
    id: DeviceId,
}

impl Drop for HeldDevice<'_> {
    fn drop(&mut self) {
        self.book.living.write().held.remove(&self.id);
    }
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
        let living = self.living.read();
        let id = living.device_tokens.get(&kid)?;
        living.devices.get(id).cloned()
    }

    /// A device by its id.
    pub(crate) fn device_by_id(&self, id: DeviceId) -> Option<Arc<LiveDevice>> {
        self.living.read().devices.get(&id).cloned()
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

    /// Takes one over that the store has; those of its earlier tokens end that it has no longer.
    pub(crate) fn add_device(&self, device: Device) {
        self.living.write().put(device);
    }

    /// Ends the tokens of a device. Its sessions go on.
    pub(crate) fn forget_device(&self, id: DeviceId) {
        let mut living = self.living.write();
        if let Some(gone) = living.devices.remove(&id) {
            for kid in gone.kids() {
                living.device_tokens.remove(&kid);
                gone.end_of(kid).cancel();
            }
        }
    }

    /// Notes that a device's token was presented with success. The first use of its latest one begins the overlap.
    pub(crate) fn note_device_use(&self, kid: Kid, now: Timestamp) -> Usage {
        let is_first =
            |live: &LiveDevice| live.device.kid == kid && live.device.first_used_at.is_none();
        if !self.device(kid).is_some_and(|live| is_first(&live)) {
            return Usage::Again;
        }
        let mut living = self.living.write();
        let id = living.device_tokens.get(&kid).copied();
        let live = id.and_then(|id| living.devices.get(&id)).cloned();
        let Some(live) = live.filter(|live| is_first(live)) else {
            return Usage::Again;
        };
        if living.held.contains(&live.device.id) {
            return Usage::Held;
        }
        let mut device = live.device.clone();
        device.note_use(now);
        living.put(device);
        Usage::First
    }

    /// Holds the first use of a device's latest token back for as long as the answer lives; the caller holds the lock of
    /// changes.
    pub(crate) fn hold_device(&self, id: DeviceId) -> HeldDevice<'_> {
        self.living.write().held.insert(id);
        HeldDevice { book: self, id }
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
