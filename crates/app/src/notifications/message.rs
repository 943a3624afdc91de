//! What a webhook is told of a notification.

use crate::webhook::Message;
use portunus_core::notification::{Body, Link, Notification};
use serde::Serialize;

/// The `data` of the message.
#[derive(Debug, Serialize)]
struct Data<'a> {
    id: String,
    number: u64,
    agent: Agent<'a>,
    priority: &'static str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Agent<'a> {
    id: String,
    name: &'a str,
}

/// The message, whose id is the same however often it is sent.
pub(super) fn of(notification: &Notification) -> Message {
    let data = Data {
        id: notification.id.to_string(),
        number: notification.number,
        agent: Agent {
            id: notification.source.agent.to_string(),
            name: notification.source.name.as_str(),
        },
        priority: notification.priority.as_str(),
        title: notification.title.as_str(),
        body: notification.body.as_ref().map(Body::as_str),
        link: notification.link.as_ref().map(Link::as_str),
    };
    let id = notification.id.to_string();
    Message::new(id, "notification.sent", notification.at, &data)
}
