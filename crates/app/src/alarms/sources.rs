//! Where alarms come from: events of the pools that people should hear of at once.

use super::Alarms;
use portunus_core::alarm::AlarmKind;
use portunus_core::audit::AuditEvent;

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
        _ => {}
    }
}
