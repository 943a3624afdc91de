//! Who is alive, on the wire.

use super::keys::count;
use super::time::rfc3339;
use portunus_api::SecretText;
use portunus_api::liveness::{AgentCounts, AgentStatus, HeartbeatAnswer, RenewedAccess};
use portunus_app::access::Issued;
use portunus_app::liveness::{Census, Heard};
use portunus_core::liveness::Status;
use portunus_core::time::Timestamp;

pub(crate) const fn status(status: Status) -> AgentStatus {
    match status {
        Status::Provisioning => AgentStatus::Provisioning,
        Status::Online => AgentStatus::Online,
        Status::Late => AgentStatus::Late,
        Status::Offline => AgentStatus::Offline,
        Status::Paused => AgentStatus::Paused,
        Status::Unmonitored => AgentStatus::Unmonitored,
    }
}

/// What a client asks for by a status.
pub(crate) const fn asked(status: AgentStatus) -> Status {
    match status {
        AgentStatus::Provisioning => Status::Provisioning,
        AgentStatus::Online => Status::Online,
        AgentStatus::Late => Status::Late,
        AgentStatus::Offline => Status::Offline,
        AgentStatus::Paused => Status::Paused,
        AgentStatus::Unmonitored => Status::Unmonitored,
    }
}

pub(crate) fn heard(heard: &Heard, renewed: Option<&Issued>, now: Timestamp) -> HeartbeatAnswer {
    HeartbeatAnswer {
        status: status(heard.beaten.status),
        cadence: heard.beaten.cadence.to_string(),
        next_beat_ms: heard.beaten.next_beat_ms,
        now: rfc3339(now),
        renewed: renewed.map(|issued| RenewedAccess {
            access_token: SecretText::new(issued.token.expose().to_owned()),
            expires_in: issued.expires_in_s,
            refresh_in: issued.refresh_in_s,
        }),
    }
}

pub(crate) fn counts(census: &Census) -> AgentCounts {
    let of = |wanted: Status| {
        let found = census.agents.iter().find(|(status, _)| *status == wanted);
        found.map_or(0, |(_, agents)| count(*agents))
    };
    AgentCounts {
        provisioning: of(Status::Provisioning),
        online: of(Status::Online),
        late: of(Status::Late),
        offline: of(Status::Offline),
        paused: of(Status::Paused),
        unmonitored: of(Status::Unmonitored),
        observer_suspect: census.is_observer_suspect,
    }
}
