//! An agent beats: it says that it lives, how often it will, and what it does.

use super::Liveness;
use crate::credential::authenticate::AuthError;
use crate::credential::session::Session;
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::ids::AgentId;
use portunus_core::liveness::{Beaten, Cadence, Note};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What an agent says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beat {
    /// How often it will be heard of; as before when it says nothing.
    pub cadence: Option<Cadence>,
    /// What it does.
    pub note: Said,
}

/// What an agent says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Said {
    /// Nothing; what it said before stays.
    #[default]
    Nothing,
    /// This.
    Note(Note),
    /// That there is nothing to say any more.
    Clear,
}

/// What it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Who it is.
    pub agent: AgentId,
    /// How it stands.
    pub beaten: Beaten,
}

/// Why a beat did not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BeatError {
    /// Operators are people.
    #[error("only agents beat, each with a token of its own")]
    NotAnAgent,
    /// Its credential ended just now.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Takes note of a beat of whoever has the session.
///
/// # Errors
///
/// [`BeatError`].
pub async fn beat(plane: &Arc<Plane>, session: &Session, beat: Beat) -> Result<Heard, BeatError> {
    let Principal::Agent(agent) = session.principal else {
        return Err(BeatError::NotAnAgent);
    };
    let liveness = plane.liveness();
    liveness.meet(agent).await.map_err(Failure::from)?;
    let beaten = liveness.take_beat(agent, beat).ok_or(AuthError::Revoked)?;
    if beaten.is_new_promise {
        liveness.save_now(agent).await;
    }
    Ok(Heard { agent, beaten })
}

impl Liveness {
    fn take_beat(&self, agent: AgentId, beat: Beat) -> Option<Beaten> {
        self.beats.fetch_add(1, Ordering::Relaxed);
        let (beaten, is_other_note) = self.with_roll(|roll, now, events| {
            let beaten = roll.beat(agent, beat.cadence, now, events)?;
            let known = roll.pulse_mut(agent)?;
            let note = match beat.note {
                Said::Nothing => return Some((beaten, false)),
                Said::Note(note) => Some(note),
                Said::Clear => None,
            };
            let is_other = known.note != note;
            known.note = note;
            Some((beaten, is_other))
        })?;
        if is_other_note {
            self.save_soon(agent);
        }
        if is_other_note || beaten.is_new_promise {
            self.push.agents_changed(&[agent]);
        }
        Some(beaten)
    }
}
