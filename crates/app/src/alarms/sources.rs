//! Where alarms come from: events of the pools, of sources and of agents that people should hear of at once.

use super::Alarms;
use portunus_core::alarm::AlarmKind;
use portunus_core::audit::AuditEvent;
use portunus_core::ids::AgentId;
use portunus_core::time::Timestamp;

/// What an alarm about the plane's own ears is about.
const PLANE: &str = "plane";

/// Hears an event that is on its way into the log.
pub(crate) fn hear(alarms: &Alarms, event: &AuditEvent) {
    let (subject, now) = (event.subject.as_str(), event.at);
    let fact = |name: &str| {
        let found = event.details.iter().find(|(own, _)| *own == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    match event.action {
        "pool.exhausted" => {
            let says = format!("no key of the pool {subject} can serve");
            alarms.raise(AlarmKind::PoolExhausted, subject, says, now);
        }
        "pool.resumed" => alarms.over(AlarmKind::PoolExhausted, subject, now),
        "key.quarantined" => {
            let (pool, label, reason) = (fact("pool"), fact("label"), fact("reason"));
            let says = format!("the key {pool}:{label} was set aside: {reason}");
            alarms.raise(AlarmKind::KeyDead, subject, says, now);
        }
        "source.penalised" => {
            let says = format!("too many credentials from {subject} failed; valid ones are served");
            alarms.raise(AlarmKind::SourcePenalised, subject, says, now);
        }
        "agent.offline" => {
            let seconds = fact("silent_ms").parse::<u64>().unwrap_or_default() / 1_000;
            let name = fact("name");
            let says =
                format!("the agent {name} is offline: nothing was heard of it for {seconds} s");
            alarms.raise(AlarmKind::AgentOffline, subject, says, now);
        }
        "agent.online" => alarms.over(AlarmKind::AgentOffline, subject, now),
        "observer.suspect" => {
            let (silent, watched) = (fact("silent"), fact("watched"));
            let says = format!(
                "{silent} of {watched} agents are silent: the plane may be cut off from them"
            );
            alarms.raise(AlarmKind::ObserverSuspect, PLANE, says, now);
        }
        "observer.trusted" => observes_anew(alarms, now),
        _ => {}
    }
}

/// Nobody waits for an agent any more: it is paused, archived or deleted.
pub(crate) fn excuse(alarms: &Alarms, agent: AgentId, now: Timestamp) {
    alarms.over(AlarmKind::AgentOffline, &agent.to_string(), now);
}

/// Whether the plane hears its agents is not in doubt: enough are back, or it has just begun to listen.
pub(crate) fn observes_anew(alarms: &Alarms, now: Timestamp) {
    alarms.over(AlarmKind::ObserverSuspect, PLANE, now);
}
