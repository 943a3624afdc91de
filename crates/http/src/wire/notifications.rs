//! Notifications on the wire.

use super::time::rfc3339;
use portunus_api::messages::Named;
use portunus_api::notifications as api;
use portunus_app::notifications::{AllRead, Noticed};
use portunus_core::notification::{Body, Link, Notification, Priority, ReadState};

pub(crate) fn noticed(noticed: Noticed) -> api::Notification {
    api::Notification {
        read: noticed.state.map(|state| state == ReadState::Read),
        ..notification(&noticed.notification)
    }
}

/// One that nobody asks of whether it was read.
pub(crate) fn notification(sent: &Notification) -> api::Notification {
    api::Notification {
        id: sent.id.to_string(),
        number: sent.number,
        agent: Named {
            id: sent.source.agent.to_string(),
            name: sent.source.name.to_string(),
        },
        title: sent.title.as_str().to_owned(),
        body: sent.body.as_ref().map(Body::as_str).map(str::to_owned),
        priority: match sent.priority {
            Priority::Low => api::Priority::Low,
            Priority::Normal => api::Priority::Normal,
            Priority::High => api::Priority::High,
            Priority::Urgent => api::Priority::Urgent,
        },
        link: sent.link.as_ref().map(Link::as_str).map(str::to_owned),
        at: rfc3339(sent.at),
        read: None,
    }
}

pub(crate) const fn meant(priority: api::Priority) -> Priority {
    match priority {
        api::Priority::Low => Priority::Low,
        api::Priority::Normal => Priority::Normal,
        api::Priority::High => Priority::High,
        api::Priority::Urgent => Priority::Urgent,
    }
}

pub(crate) const fn all_read(all: AllRead) -> api::AllRead {
    api::AllRead {
        marked: all.now,
        until: all.until,
    }
}
