//! Alarms on the wire.

use super::time::rfc3339;
use super::tokens::principal;
use portunus_api::alarms as api;
use portunus_app::Plane;
use portunus_core::alarm::Alarm;

pub(crate) fn alarm(plane: &Plane, alarm: Alarm) -> api::Alarm {
    let who = alarm.acknowledged;
    api::Alarm {
        id: alarm.id.to_string(),
        kind: alarm.kind.as_str().to_owned(),
        subject: alarm.subject,
        says: alarm.says,
        count: alarm.count,
        first_at: rfc3339(alarm.first_at),
        last_at: rfc3339(alarm.last_at),
        over_at: alarm.over_at.map(rfc3339),
        acknowledged_at: who.map(|who| rfc3339(who.at)),
        acknowledged_by: who.map(|who| principal(plane, who.by)),
    }
}
