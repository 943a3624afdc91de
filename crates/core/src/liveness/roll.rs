//! Every agent that was ever heard of, and what there is to tell of them.
//!
//! What an agent does costs its timer nothing: a timer that goes off looks at what was heard meanwhile and is set anew.
//! Only who is late, offline or unheard is listened for, because there the next sign changes something at once.

use super::member::{Judged, Look, Member, Past, Phase, Pulse};
use super::observer::{Absences, Silence};
use super::{Cadence, Status, Watch, Wheel, next_beat_ms};
use crate::ids::AgentId;
use crate::time::Tick;
use std::collections::HashMap;
use std::ops::Range;

/// How often the observer looks up even when no timer goes off, in milliseconds, so that it notices when it was away.
pub const PATROL_MS: u64 = 15_000;

/// What there is to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifeEvent {
    /// An agent is offline from now on: what it left behind can be taken back. Whether people hear of it is told apart.
    Left(AgentId),
    /// People should know that an agent is offline.
    Offline {
        /// Who.
        agent: AgentId,
        /// How long nothing was heard of it.
        silent_ms: u64,
    },
    /// People should know that an agent is back of which they were told that it is offline.
    Back(AgentId),
    /// So many fell silent together that the plane itself is suspect. Who of them is offline is not told one by one.
    ObserverSuspect(Silence),
    /// Enough of them are back. Those that stay away for another threshold are told then.
    ObserverTrusted(Silence),
}

/// What an agent that beats is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beaten {
    /// How it stands.
    pub status: Status,
    /// What it is held to.
    pub cadence: Cadence,
    /// When to beat again, in milliseconds; `None` when nothing is promised.
    pub next_beat_ms: Option<u64>,
    /// Whether it promised something else before.
    pub is_new_promise: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Roll<P> {
    members: Vec<Option<Member<P>>>,
    free: Vec<u32>,
    by_agent: HashMap<AgentId, u32>,
    wheel: Wheel,
    /// How many there are of each phase.
    counts: [usize; Phase::COUNT],
    absences: Absences,
    /// When it last looked up by itself.
    looked_at: Tick,
    /// When it last took note of anything: it was there then.
    attended_at: Tick,
    is_suspect: bool,
    /// Who stands otherwise since somebody asked.
    changed: Vec<AgentId>,
}

impl<P: Pulse> Roll<P> {
    /// An empty one whose observation begins at `now`.
    #[must_use]
    pub fn new(now: Tick) -> Self {
        Self {
            members: Vec::new(),
            free: Vec::new(),
            by_agent: HashMap::new(),
            wheel: Wheel::new(now),
            counts: [0; Phase::COUNT],
            absences: Absences::default(),
            looked_at: now,
            attended_at: now,
            is_suspect: false,
            changed: Vec::new(),
        }
    }

    /// How many agents it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_agent.len()
    }

    /// Whether it knows nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_agent.is_empty()
    }

    /// Whether it knows the agent.
    #[must_use]
    pub fn knows(&self, agent: AgentId) -> bool {
        self.by_agent.contains_key(&agent)
    }

    /// How many agents stand how.
    #[must_use]
    pub fn census(&self) -> [(Status, usize); Status::ALL.len()] {
        Status::ALL.map(|status| {
            let of_status = Phase::ALL.iter().filter(|phase| phase.status() == status);
            (status, of_status.map(|phase| self.count(*phase)).sum())
        })
    }

    /// Whether the observer is suspect now.
    #[must_use]
    pub const fn is_suspect(&self) -> bool {
        self.is_suspect
    }

    /// The agents whose status is another one since this was asked last; one may come twice.
    pub fn take_changed(&mut self) -> Vec<AgentId> {
        std::mem::take(&mut self.changed)
    }

    /// Takes an agent in, which has a full threshold from now on. One that is known stays as it is.
    pub fn enlist(
        &mut self,
        agent: AgentId,
        pulse: P,
        (cadence, watch, past): (Option<Cadence>, Watch, Past),
        now: Tick,
        events: &mut Vec<LifeEvent>,
    ) {
        self.attend(now);
        if self.knows(agent) {
            return;
        }
        let member = Member {
            agent,
            pulse,
            cadence,
            watch,
            past,
            beat_at: None,
            since: now,
            phase: Phase::Unheard,
        };
        let place = if let Some(place) = self.free.pop() {
            place
        } else {
            self.members.push(None);
            u32::try_from(self.members.len() - 1).unwrap_or(u32::MAX)
        };
        self.by_agent.insert(agent, place);
        if let Some(slot) = self.members.get_mut(index(place)) {
            *slot = Some(member);
        }
        *self.count_mut(Phase::Unheard) += 1;
        self.settle(place, now, events);
    }

    /// Forgets an agent that is gone.
    pub fn forget(&mut self, agent: AgentId, now: Tick, events: &mut Vec<LifeEvent>) {
        let Some(place) = self.by_agent.remove(&agent) else {
            return;
        };
        self.wheel.stop(place);
        if let Some(member) = self.members.get_mut(index(place)).and_then(Option::take) {
            *self.count_mut(member.phase) -= 1;
            self.free.push(place);
        }
        self.reconsider(now, events);
    }

    /// An agent beats, and says how often it will. `None` when it is not known.
    pub fn beat(
        &mut self,
        agent: AgentId,
        declared: Option<Cadence>,
        now: Tick,
        events: &mut Vec<LifeEvent>,
    ) -> Option<Beaten> {
        self.attend(now);
        let place = *self.by_agent.get(&agent)?;
        let member = self.member_mut(place)?;
        let cadence = declared.or(member.cadence).unwrap_or(Cadence::USUAL);
        let is_other = member.cadence != Some(cadence);
        member.cadence = Some(cadence);
        member.beat_at = Some(now);
        if is_other || member.phase != Phase::Up {
            self.settle(place, now, events);
        }
        let member = self.member(place)?;
        Some(Beaten {
            status: member.judge(&self.absences, now).status,
            cadence,
            next_beat_ms: next_beat_ms(agent, cadence, now),
            is_new_promise: is_other,
        })
    }

    /// Takes note of a sign of life that was listened for.
    pub fn hear(&mut self, agent: AgentId, now: Tick, events: &mut Vec<LifeEvent>) {
        self.attend(now);
        if let Some(place) = self.by_agent.get(&agent).copied() {
            self.settle(place, now, events);
        }
    }

    /// Pauses an agent, or has it watched again; then it has a full threshold.
    pub fn watch(&mut self, agent: AgentId, watch: Watch, now: Tick, events: &mut Vec<LifeEvent>) {
        self.attend(now);
        let Some(place) = self.by_agent.get(&agent).copied() else {
            return;
        };
        if let Some(member) = self.member_mut(place)
            && member.watch != watch
        {
            member.watch = watch;
            member.since = now;
            // Nobody believes any more that it is offline, so that people are told anew when it stays away.
            if member.past == Past::Offline {
                member.past = Past::Heard;
            }
            self.settle(place, now, events);
        }
    }

    /// Looks up: timers go off, and an absence is noticed. To be called when [`Self::next_look`] says.
    pub fn advance(&mut self, now: Tick, events: &mut Vec<LifeEvent>) {
        self.attend(now);
        self.looked_at = self.looked_at.max(now);
        while let Some(place) = self.wheel.take(now) {
            self.settle(place, now, events);
        }
    }

    /// When to look up again.
    #[must_use]
    pub fn next_look(&self) -> Tick {
        let patrol = self.looked_at.plus_ms(PATROL_MS);
        self.wheel.next().map_or(patrol, |next| next.min(patrol))
    }

    /// How an agent stands now; `None` when it is not known.
    pub fn look(&mut self, agent: AgentId, now: Tick) -> Option<Look> {
        self.attend(now);
        let member = self.member(*self.by_agent.get(&agent)?)?;
        Some(member.look(&self.absences, now))
    }

    /// How many places there are to walk over; some may be empty.
    #[must_use]
    pub const fn places(&self) -> usize {
        self.members.len()
    }

    /// Looks at the agents of some of the places.
    pub fn walk(
        &mut self,
        places: Range<usize>,
        now: Tick,
        mut visit: impl FnMut(AgentId, &mut P, Look),
    ) {
        let end = places.end.min(self.members.len());
        let members = self.members.get_mut(places.start.min(end)..end);
        for member in members.into_iter().flatten().flatten() {
            let look = member.look(&self.absences, now);
            visit(member.agent, &mut member.pulse, look);
        }
    }

    /// What is known of an agent beside the roll.
    pub fn pulse_mut(&mut self, agent: AgentId) -> Option<&mut P> {
        let place = *self.by_agent.get(&agent)?;
        Some(&mut self.member_mut(place)?.pulse)
    }

    /// Notices when the observer looks later than it should have. A timer that was set a moment ago may want a look at the
    /// beginning of its slot of the wheel, which is past: nobody was away for that.
    fn attend(&mut self, now: Tick) {
        let late_ms = self.next_look().max(self.attended_at).ms_until(now);
        self.absences.note(late_ms, now);
        self.attended_at = self.attended_at.max(now);
    }

    /// Brings the phase of a member up to date, sets its timer, and tells what people should know.
    fn settle(&mut self, place: u32, now: Tick, events: &mut Vec<LifeEvent>) {
        let Some(member) = self.member(place) else {
            return;
        };
        let (agent, before) = (member.agent, member.phase);
        let mut judged = member.judge(&self.absences, now);
        let expects = matches!(
            judged.status,
            Status::Late | Status::Offline | Status::Provisioning
        );
        if expects {
            // Whatever was done before is seen by the second look, and whatever is done after it is told.
            member.pulse.listen();
            judged = member.judge(&self.absences, now);
        }
        let phase = self.phase_after(place, judged);
        self.pass(place, phase);
        match judged.until {
            // It is so up to and with that moment.
            Some(until) => self.wheel.set(place, until.plus_ms(1)),
            None if phase == before && phase == Phase::Held => {}
            None => self.wheel.stop(place),
        }
        if before.is_told() && matches!(phase, Phase::Up | Phase::Late | Phase::Unbound) {
            events.push(LifeEvent::Back(agent));
        }
        if judged.status == Status::Offline {
            self.fall(place, before, now, events);
        }
        self.reconsider(now, events);
    }

    fn phase_after(&self, place: u32, judged: Judged) -> Phase {
        let Some(member) = self.member(place) else {
            return Phase::Unheard;
        };
        match judged.status {
            Status::Provisioning => Phase::Unheard,
            Status::Paused => Phase::Paused,
            Status::Unmonitored => Phase::Unbound,
            Status::Online => Phase::Up,
            Status::Late if member.is_missing() => Phase::Missing,
            Status::Late => Phase::Late,
            Status::Offline => match member.phase {
                Phase::Missing => Phase::Down,
                known @ (Phase::Held | Phase::Covered | Phase::Down) => known,
                _ if member.is_missing() => Phase::Down,
                _ => Phase::Held,
            },
        }
    }

    /// A member is offline: it has just become so, or its time of being held is over.
    fn fall(&mut self, place: u32, before: Phase, now: Tick, events: &mut Vec<LifeEvent>) {
        let Some(member) = self.member(place) else {
            return;
        };
        let (agent, phase) = (member.agent, member.phase);
        let is_new = before != phase;
        if is_new {
            events.push(LifeEvent::Left(agent));
        }
        if phase != Phase::Held {
            return;
        }
        let silence = self.silence();
        if !self.is_suspect && silence.is_suspect() {
            self.is_suspect = true;
            events.push(LifeEvent::ObserverSuspect(silence));
            self.cover_held();
        } else if self.is_suspect {
            self.pass(place, Phase::Covered);
            self.wheel.stop(place);
        } else if is_new && silence.is_doubtful() {
            let half = self.cadence_of(place).late_after_ms() / 2;
            self.wheel.set(place, now.plus_ms(half));
        } else {
            self.tell_offline(place, now, events);
        }
    }

    fn tell_offline(&mut self, place: u32, now: Tick, events: &mut Vec<LifeEvent>) {
        let Some(member) = self.member(place) else {
            return;
        };
        let since = member.heard_at().unwrap_or(member.since);
        events.push(LifeEvent::Offline {
            agent: member.agent,
            silent_ms: since.ms_until(now),
        });
        self.pass(place, Phase::Down);
        self.wheel.stop(place);
    }

    /// Ends a suspicion when enough are back. Those that are still away have another threshold to show up.
    fn reconsider(&mut self, now: Tick, events: &mut Vec<LifeEvent>) {
        let silence = self.silence();
        if !self.is_suspect || !silence.is_trusted() {
            return;
        }
        self.is_suspect = false;
        events.push(LifeEvent::ObserverTrusted(silence));
        for place in self.places_in(Phase::Covered) {
            self.pass(place, Phase::Held);
            let threshold = self.cadence_of(place).offline_after_ms();
            self.wheel.set(place, now.plus_ms(threshold));
        }
    }

    fn cover_held(&mut self) {
        for place in self.places_in(Phase::Held) {
            self.pass(place, Phase::Covered);
            self.wheel.stop(place);
        }
    }

    fn places_in(&self, phase: Phase) -> Vec<u32> {
        let is_in = |place: &u32| self.member(*place).is_some_and(|one| one.phase == phase);
        self.by_agent.values().copied().filter(is_in).collect()
    }

    fn silence(&self) -> Silence {
        let silent = Phase::ALL.iter().filter(|phase| phase.is_silent());
        let silent = silent.map(|phase| self.count(*phase)).sum();
        Silence {
            silent,
            watched: silent + self.count(Phase::Up),
        }
    }

    fn pass(&mut self, place: u32, phase: Phase) {
        let Some(member) = self.member_mut(place) else {
            return;
        };
        let before = std::mem::replace(&mut member.phase, phase);
        let agent = member.agent;
        if before.status() != phase.status() {
            self.changed.push(agent);
        }
        *self.count_mut(before) -= 1;
        *self.count_mut(phase) += 1;
    }

    fn cadence_of(&self, place: u32) -> Cadence {
        let member = self.member(place);
        member
            .and_then(|member| member.cadence)
            .unwrap_or(Cadence::NONE)
    }

    fn member(&self, place: u32) -> Option<&Member<P>> {
        self.members.get(index(place))?.as_ref()
    }

    fn member_mut(&mut self, place: u32) -> Option<&mut Member<P>> {
        self.members.get_mut(index(place))?.as_mut()
    }

    #[expect(clippy::indexing_slicing, reason = "every phase has its count")]
    const fn count(&self, phase: Phase) -> usize {
        self.counts[phase as usize]
    }

    #[expect(clippy::indexing_slicing, reason = "every phase has its count")]
    const fn count_mut(&mut self, phase: Phase) -> &mut usize {
        &mut self.counts[phase as usize]
    }
}

fn index(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}
