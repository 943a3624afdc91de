//! The audit log on the wire.

use super::time::rfc3339;
use super::tokens::principal;
use portunus_api::audit as api;
use portunus_app::Plane;
use portunus_core::audit::{Actor, AuditRecord};

pub(crate) fn record(plane: &Plane, record: AuditRecord) -> api::AuditRecord {
    api::AuditRecord {
        seq: record.seq,
        at: rfc3339(record.at),
        actor: match record.actor {
            Actor::Principal(who) => Some(principal(plane, who)),
            Actor::Plane => None,
        },
        action: record.action,
        subject: record.subject,
        details: record.details.into_iter().collect(),
    }
}
