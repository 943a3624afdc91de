//! What connections are told, on the wire.

use super::liveness;
use super::messages;
use super::notifications;
use super::time::rfc3339;
use portunus_api::SecretText;
use portunus_api::liveness::{AgentStatus, RenewedAccess};
use portunus_api::push as api;
use portunus_api::tokens::{Principal as ApiPrincipal, PrincipalKind};
use portunus_app::push::{
    Account, AgentLine, Followed, Marked, Moved, Numbered, Subscription, Told, Topic,
};
use portunus_core::agent::Principal;
use portunus_core::time::Timestamp;

pub(crate) const fn topic(topic: Topic) -> api::Topic {
    match topic {
        Topic::Inbox => api::Topic::Inbox,
        Topic::Agents => api::Topic::Agents,
        Topic::Boards => api::Topic::Boards,
        Topic::Notifications => api::Topic::Notifications,
        Topic::Deliveries => api::Topic::Deliveries,
    }
}

/// What a client asks for by a topic.
pub(crate) const fn asked(topic: api::Topic) -> Topic {
    match topic {
        api::Topic::Inbox => Topic::Inbox,
        api::Topic::Agents => Topic::Agents,
        api::Topic::Boards => Topic::Boards,
        api::Topic::Notifications => Topic::Notifications,
        api::Topic::Deliveries => Topic::Deliveries,
    }
}

pub(crate) fn hello(
    subscription: &Subscription,
    limits: api::Limits,
    now: Timestamp,
) -> api::Hello {
    let session = subscription.session();
    api::Hello {
        connection: subscription.id().to_string(),
        protocol: api::PROTOCOL,
        principal: principal(session.principal, session.name()),
        topics: subscription.topics().iter().copied().map(topic).collect(),
        resumed: subscription.is_resumed(),
        limits,
        now: rfc3339(now),
    }
}

fn principal(principal: Principal, name: &str) -> ApiPrincipal {
    let (kind, id) = match principal {
        Principal::Agent(id) => (PrincipalKind::Agent, id.to_string()),
        Principal::Operator(id) => (PrincipalKind::Operator, id.to_string()),
    };
    ApiPrincipal {
        kind,
        id,
        name: Some(name.to_owned()),
        display_name: None,
    }
}

pub(crate) fn numbered(numbered: Numbered) -> api::Numbered {
    api::Numbered {
        seq: numbered.seq,
        cursor: numbered.cursor,
        event: event(numbered.told),
    }
}

/// The name of an event.
pub(crate) const fn name(told: &Told) -> &'static str {
    match told {
        Told::Account(_) => "account",
        Told::Synced { .. } => "synced",
        Told::Credential(_) => "credential",
        Told::Message(..) => "message",
        Told::Agents(_) => "agents",
        Told::AgentGone(_) => "agent.gone",
        Told::Boards(_) => "boards",
        Told::BoardGone(_) => "board.gone",
        Told::BoardMessage(_) => "board.message",
        Told::Notifications(_) => "notifications",
        Told::Notification(_) => "notification",
        Told::NotificationsRead(_) => "notifications.read",
        Told::Deliveries(_) => "deliveries",
    }
}

fn event(told: Told) -> api::Event {
    match told {
        Told::Account(account) => api::Event::Account(Box::new(self::account(*account))),
        Told::Synced { events } => api::Event::Synced(api::Synced { events }),
        Told::Credential(issued) => api::Event::Credential(RenewedAccess {
            access_token: SecretText::new(issued.token.expose().to_owned()),
            expires_in: issued.expires_in_s,
            refresh_in: issued.refresh_in_s,
        }),
        Told::Message(message, delivery) => {
            api::Event::Message(Box::new(messages::inbox_item(&message, &delivery)))
        }
        Told::Agents(lines) => api::Event::Agents(api::AgentsPage {
            items: lines.into_iter().map(line).collect(),
        }),
        Told::AgentGone(id) => api::Event::AgentGone(api::AgentGone { id: id.to_string() }),
        Told::Boards(boards) => api::Event::Boards(api::BoardsPage {
            items: boards.iter().map(messages::board).collect(),
        }),
        Told::BoardGone(id) => api::Event::BoardGone(api::BoardGone { id: id.to_string() }),
        Told::Deliveries(items) => api::Event::Deliveries(api::DeliveriesPage {
            items: items.into_iter().map(followed).collect(),
        }),
        Told::BoardMessage(message) => {
            api::Event::BoardMessage(Box::new(messages::message(&message)))
        }
        Told::Notifications(unread) => api::Event::Notifications(api::UnreadNotifications {
            unread: unread.count,
            items: unread
                .items
                .into_iter()
                .map(notifications::noticed)
                .collect(),
        }),
        Told::Notification(sent) => {
            api::Event::Notification(Box::new(notifications::noticed(sent)))
        }
        Told::NotificationsRead(marked) => {
            let (notification, until) = match marked {
                Marked::One(id) => (Some(id.to_string()), None),
                Marked::Until(number) => (None, Some(number)),
            };
            api::Event::NotificationsRead(api::NotificationsRead {
                notification,
                until,
            })
        }
    }
}

fn followed(followed: Followed) -> api::SentMessage {
    let sent = followed.sent;
    let (board, number, agent) = messages::place(&sent.place);
    api::SentMessage {
        message: sent.message.to_string(),
        board,
        number,
        agent,
        at: rfc3339(sent.at),
        deliveries: messages::counts(&sent.counts),
        moved: followed.moved.into_iter().map(moved).collect(),
        more: followed.has_more,
    }
}

fn moved(moved: Moved) -> api::MovedDelivery {
    let (state, at, reason) = messages::state(moved.state);
    api::MovedDelivery {
        id: moved.recipient.to_string(),
        name: moved.name.map(|name| name.as_ref().to_owned()),
        state,
        at: at.map(rfc3339),
        reason,
    }
}

fn account(account: Account) -> api::Account {
    api::Account {
        principal: principal(account.principal, &account.name),
        scopes: account.scopes.patterns().map(ToString::to_string).collect(),
        agent: account.agent.map(line),
    }
}

fn line(line: AgentLine) -> api::AgentLine {
    let life = line.life;
    let status = liveness::status(life.status);
    api::AgentLine {
        id: line.id.to_string(),
        name: line.name.as_ref().to_owned(),
        display_name: line.display_name.map(|name| name.as_ref().to_owned()),
        status,
        paused: status == AgentStatus::Paused,
        cadence: life.cadence.map(|cadence| cadence.to_string()),
        note: life.note.as_ref().map(ToString::to_string),
        last_heartbeat_at: life.last_heartbeat_at.map(rfc3339),
        last_seen_at: life.last_seen_at.map(rfc3339),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    const MANUAL: &str = include_str!("../../../../docs/push.md");

    /// What stands in backticks first in each row of the table under a heading.
    fn rows(heading: &str) -> BTreeSet<&'static str> {
        let (_, section) = MANUAL.split_once(heading).unwrap();
        let section = section.split("\n## ").next().unwrap();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
        rows.map(|row| row.split('`').next().unwrap()).collect()
    }

    #[test]
    fn the_manual_has_every_event_and_no_other() {
        let source = include_str!("../../../api/src/push/events.rs");
        let (events, _) = source.split_once("Unknown(serde_json::Value)").unwrap();
        let named = events.split("#[serde(rename = \"").skip(1);
        let events: BTreeSet<&str> = named.map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(events.contains("account") && events.contains("deliveries"));
        assert_eq!(rows("## Events\n"), events);
    }

    #[test]
    fn the_manual_has_every_topic_with_its_scope() {
        use portunus_app::push::Topic as T;
        let (_, list) = MANUAL.split_once("for each topic the scope").unwrap();
        let list = list.split("\n\n").next().unwrap();
        let topics = [
            T::Inbox,
            T::Agents,
            T::Boards,
            T::Notifications,
            T::Deliveries,
        ];
        for topic in topics {
            let scope = format!("`{}`", topic.scope());
            assert!(list.contains(&scope), "{scope} is not in the manual");
            let name = serde_json::to_value(super::topic(topic)).unwrap();
            let member = format!("`{}`", name.as_str().unwrap());
            let row = MANUAL.lines().find(|line| line.starts_with("| `topics`"));
            assert!(
                row.unwrap().contains(&member),
                "{member} is not in the manual"
            );
        }
    }
}
