//! What senders see of their messages in the model, and what failed without anybody looking at each delivery.

use super::State;
use super::messages::Kept;
use crate::{Authored, DeliveryCounts, Result, Sent, Undoing};
use portunus_core::agent::Principal;
use portunus_core::ids::{AgentId, MessageId};
use portunus_core::message::{Audience, DeliveryState, FailureReason, Place};
use portunus_core::time::Timestamp;

impl State {
    /// How the deliveries of a message stand. `NotFound`.
    pub(super) fn counts(&self, id: MessageId, now: Timestamp) -> Result<DeliveryCounts> {
        let mut counts = DeliveryCounts::default();
        for recipient in self.recipients_of(id, now)? {
            *match recipient.delivery.state {
                DeliveryState::Queued => &mut counts.queued,
                DeliveryState::Delivered { .. } => &mut counts.delivered,
                DeliveryState::Read { .. } => &mut counts.read,
                DeliveryState::Failed { .. } => &mut counts.failed,
            } += 1;
        }
        Ok(counts)
    }

    pub(super) fn sent(&self, sender: Principal, now: Timestamp, limit: u32) -> Result<Vec<Sent>> {
        let all = self.post.messages.values().rev();
        let own = all.filter(|kept| kept.message.sender.principal == sender);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        own.take(limit).map(|kept| self.seen(kept, now)).collect()
    }

    pub(super) fn standings(&self, messages: &[MessageId], now: Timestamp) -> Result<Vec<Sent>> {
        let found = messages.iter().filter_map(|id| self.post.find(*id).ok());
        found.map(|(_, kept)| self.seen(kept, now)).collect()
    }

    fn seen(&self, kept: &Kept, now: Timestamp) -> Result<Sent> {
        let message = &kept.message;
        Ok(Sent {
            message: message.id,
            place: message.place.clone(),
            at: message.at,
            counts: self.counts(message.id, now)?,
        })
    }

    pub(super) fn undone(&self, by: Undoing) -> Vec<Authored> {
        let all = self.post.messages.iter();
        let undone = all.filter(|(seq, kept)| self.is_undone(**seq, kept, by));
        let authored = undone.map(|(_, kept)| Authored {
            message: kept.message.id,
            sender: kept.message.sender.principal,
        });
        authored.collect()
    }

    fn is_undone(&self, seq: u64, kept: &Kept, by: Undoing) -> bool {
        let is_to_all = kept.message.audience == Audience::Everyone;
        match by {
            Undoing::Recipient(agent) => {
                self.has_failed(seq, Some(agent), FailureReason::RecipientDeleted)
            }
            Undoing::Board(board) => {
                matches!(&kept.message.place, Place::Board { id, .. } if *id == board)
                    && kept.withdrawn_at.is_some()
                    && (is_to_all || self.has_failed(seq, None, FailureReason::BoardDeleted))
            }
            Undoing::Time { after, until } => {
                let expires_at = kept.message.expires_at;
                is_to_all
                    && kept.withdrawn_at.is_none()
                    && after < expires_at
                    && expires_at <= until
            }
        }
    }

    /// Whether a delivery of the message, to this agent if one is named, is written down as failed for this reason.
    fn has_failed(&self, seq: u64, agent: Option<AgentId>, why: FailureReason) -> bool {
        self.post.deliveries.iter().any(|((of, recipient), row)| {
            *of == seq
                && agent.is_none_or(|agent| agent == *recipient)
                && matches!(row.delivery.state, DeliveryState::Failed { reason, .. } if reason == why)
        })
    }
}
