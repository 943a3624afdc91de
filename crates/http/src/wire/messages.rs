//! Boards, messages and deliveries on the wire.

use super::time::rfc3339;
use portunus_api::boards as board_api;
use portunus_api::messages as api;
use portunus_api::tokens::{Principal as ApiPrincipal, PrincipalKind};
use portunus_app::messages::Appended;
use portunus_app::messages::read::{DeliveryCounts, Recipient, Shown};
use portunus_core::agent::Principal;
use portunus_core::message::{
    Audience, Board, Delivery, DeliveryState, FailureReason, Message, Place, Sender,
};
use portunus_core::name::Slug;
use portunus_core::time::Timestamp;

pub(crate) fn board(board: &Board) -> board_api::Board {
    board_api::Board {
        id: board.id.to_string(),
        name: board.name.to_string(),
        description: board.description.clone(),
        tags: board.tags.iter().map(ToString::to_string).collect(),
        is_chat: board.is_chat(),
        last_number: board.last_number,
        created_at: rfc3339(board.created_at),
    }
}

pub(crate) fn message(message: &Message) -> api::Message {
    let (board, number, agent) = place(&message.place);
    let names = |names: &[Slug]| names.iter().map(ToString::to_string).collect();
    api::Message {
        id: message.id.to_string(),
        board,
        number,
        agent,
        sender: sender(&message.sender),
        text: message.text.as_str().to_owned(),
        // It was JSON when it came.
        data: message
            .data
            .as_ref()
            .and_then(|data| serde_json::from_str(data.as_json()).ok()),
        tags: message.tags.iter().map(ToString::to_string).collect(),
        mentions: names(&message.mentions.names),
        unresolved: names(&message.unresolved),
        to_everyone: message.audience == Audience::Everyone,
        at: rfc3339(message.at),
        expires_at: rfc3339(message.expires_at),
    }
}

/// Board, number and agent, of which those are there that a place has.
pub(super) fn place(place: &Place) -> (Option<api::Named>, Option<u64>, Option<api::Named>) {
    let named = |id: &dyn ToString, name: &Slug| {
        Some(api::Named {
            id: id.to_string(),
            name: name.to_string(),
        })
    };
    match place {
        Place::Board { id, name, number } => (named(id, name), Some(*number), None),
        Place::Agent { id, name } => (None, None, named(id, name)),
    }
}

fn sender(sender: &Sender) -> ApiPrincipal {
    let (kind, id) = match sender.principal {
        Principal::Agent(id) => (PrincipalKind::Agent, id.to_string()),
        Principal::Operator(id) => (PrincipalKind::Operator, id.to_string()),
    };
    ApiPrincipal {
        kind,
        id,
        name: Some(sender.name.to_string()),
        display_name: None,
    }
}

pub(crate) fn written(appended: &Appended) -> api::MessageWritten {
    api::MessageWritten {
        message: message(&appended.message),
        recipients: appended.recipients,
        inbox_full: appended
            .full
            .iter()
            .map(|(_, name)| name.to_string())
            .collect(),
    }
}

pub(crate) fn delivery(delivery: &Delivery) -> api::Delivery {
    let (state, at, reason) = state(delivery.state);
    let visible_at = match delivery.state {
        DeliveryState::Delivered { visible_at, .. } => Some(visible_at),
        _ => None,
    };
    api::Delivery {
        state,
        attempts: delivery.attempts,
        at: at.map(rfc3339),
        visible_at: visible_at.map(rfc3339),
        reason,
    }
}

/// Where a delivery stands, since when, and why it failed if it has.
pub(super) const fn state(
    state: DeliveryState,
) -> (
    api::DeliveryState,
    Option<Timestamp>,
    Option<api::FailureReason>,
) {
    match state {
        DeliveryState::Queued => (api::DeliveryState::Queued, None, None),
        DeliveryState::Delivered { at, .. } => (api::DeliveryState::Delivered, Some(at), None),
        DeliveryState::Read { at } => (api::DeliveryState::Read, Some(at), None),
        DeliveryState::Failed { at, reason } => {
            let reason = match reason {
                FailureReason::Expired => api::FailureReason::Expired,
                FailureReason::NotAcknowledged => api::FailureReason::NotAcknowledged,
                FailureReason::RecipientDeleted => api::FailureReason::RecipientDeleted,
                FailureReason::BoardDeleted => api::FailureReason::BoardDeleted,
                FailureReason::InboxFull => api::FailureReason::InboxFull,
            };
            (api::DeliveryState::Failed, Some(at), Some(reason))
        }
    }
}

pub(crate) fn inbox_item(own: &Message, stands: &Delivery) -> api::InboxItem {
    api::InboxItem {
        message: message(own),
        delivery: delivery(stands),
    }
}

pub(crate) fn recipient(recipient: Recipient) -> api::Recipient {
    api::Recipient {
        agent: api::Named {
            id: recipient.agent.to_string(),
            name: recipient.name.to_string(),
        },
        delivery: delivery(&recipient.delivery),
    }
}

pub(crate) fn shown(shown: &Shown) -> api::MessageShown {
    api::MessageShown {
        message: message(&shown.message),
        deliveries: shown.counts.as_ref().map(counts),
        delivery: shown.own.as_ref().map(delivery),
    }
}

pub(super) const fn counts(counts: &DeliveryCounts) -> api::DeliveryCounts {
    api::DeliveryCounts {
        queued: counts.queued,
        delivered: counts.delivered,
        read: counts.read,
        failed: counts.failed,
    }
}
