//! Inboxes of the model: what is written to everyone becomes each one's own when they look, is taken, and is acknowledged.

use super::State;
use super::messages::{Kept, Post, Reach, Row, count};
use crate::{
    AckEffect, AckOutcome, AckWish, Acknowledgement, Inbox, InboxWish, NotAcknowledgeable, Settled,
};
use portunus_core::ids::AgentId;
use portunus_core::message::delivery::{AckRefusal, Acknowledged};
use portunus_core::message::{Delivery, DeliveryState, FailureReason};
use portunus_core::name::Slug;
use portunus_core::push::HandedOut;
use portunus_core::time::Timestamp;
use std::sync::Arc;

impl Post {
    /// How many deliveries of an agent are not final.
    pub(super) fn open_deliveries(&self, agent: AgentId) -> u64 {
        let rows = self.deliveries.iter();
        let open =
            rows.filter(|((_, recipient), row)| *recipient == agent && row.delivery.is_open());
        count(open.count())
    }

    /// Writes a delivery for everything that reaches the agent and has none yet, the oldest first, until `length` of them
    /// are open. What has no room is as if the agent had not looked.
    fn write_out(&mut self, agent: AgentId, name: &Slug, now: Timestamp, length: u64) {
        let Some(reach) = self.inboxes.get(&agent).copied() else {
            return;
        };
        let later: Vec<u64> = self
            .messages
            .range(reach.until + 1..)
            .map(|(seq, _)| *seq)
            .collect();
        let mut room = length.saturating_sub(self.open_deliveries(agent));
        let mut until = self.written;
        for seq in later {
            let unwritten = self.unwritten(seq, agent, now).filter(Delivery::is_open);
            let Some(delivery) = unwritten else { continue };
            if self.deliveries.contains_key(&(seq, agent)) {
                continue;
            }
            if room == 0 {
                until = seq - 1;
                break;
            }
            room -= 1;
            let row = Row {
                name: name.clone(),
                delivery,
                named: false,
            };
            self.deliveries.insert((seq, agent), row);
        }
        self.inboxes.insert(agent, Reach { until, ..reach });
    }
}

impl State {
    /// A new agent gets what is written from now on.
    pub(super) fn open_inbox(&mut self, agent: AgentId) {
        let written = self.post.written;
        let reach = Reach {
            since: written,
            until: written,
        };
        self.post.inboxes.insert(agent, reach);
    }

    /// Fails what a deleted agent did not read.
    pub(super) fn close_inbox(&mut self, agent: AgentId, name: &Slug, at: Timestamp) {
        self.post.write_out(agent, name, at, u64::MAX);
        self.post.inboxes.remove(&agent);
        let Post {
            deliveries,
            messages,
            ..
        } = &mut self.post;
        for ((seq, recipient), row) in deliveries {
            if *recipient == agent
                && let Some(kept) = messages.get(seq)
            {
                let settled = row.delivery.settled(at, kept.message.expires_at);
                row.delivery = settled.failed(at, FailureReason::RecipientDeleted);
            }
        }
    }

    /// `None` when the agent is not there.
    pub(super) fn take_inbox(&mut self, wish: &InboxWish) -> Option<Inbox> {
        let name = self.agent(wish.agent).ok()?.name;
        self.post
            .write_out(wish.agent, &name, wish.now, wish.length);
        let mut inbox = Inbox::default();
        let limit = usize::try_from(wish.limit).unwrap_or(usize::MAX);
        let Post {
            deliveries,
            messages,
            ..
        } = &mut self.post;
        let own = deliveries
            .iter_mut()
            .filter(|((_, agent), _)| *agent == wish.agent);
        for ((seq, _), row) in own {
            let Some(Kept { message, .. }) = messages.get(seq) else {
                continue;
            };
            if inbox.taken.len() >= limit {
                break;
            }
            let taken = row
                .delivery
                .taken(wish.now, wish.visibility_ms, message.expires_at);
            if let Some(delivery) = taken {
                row.delivery = delivery;
                inbox.taken.push((Arc::new(message.clone()), delivery));
            }
        }
        let own = deliveries.iter();
        let own = own.filter(|((_, agent), _)| *agent == wish.agent);
        let hidden = own.filter_map(|(_, row)| match row.delivery.state {
            DeliveryState::Delivered { visible_at, .. } => Some(visible_at),
            _ => None,
        });
        inbox.visible_at = hidden.filter(|at| *at > wish.now).min();
        Some(inbox)
    }

    pub(super) fn give_back(&mut self, agent: AgentId, lost: &[HandedOut], now: Timestamp) -> u64 {
        let mut freed = 0;
        for one in lost {
            let Ok((seq, kept)) = self.post.find(one.message) else {
                continue;
            };
            let expires_at = kept.message.expires_at;
            let Some(row) = self.post.deliveries.get_mut(&(seq, agent)) else {
                continue;
            };
            let is_it =
                matches!(row.delivery.state, DeliveryState::Delivered { at, .. } if at == one.at);
            if let Some(back) = row.delivery.given_back(now, expires_at).filter(|_| is_it) {
                row.delivery = back;
                freed += 1;
            }
        }
        freed
    }

    pub(super) fn acknowledge(&mut self, wish: &AckWish, now: Timestamp) -> AckOutcome {
        let agent = wish.agent;
        let mut done = Vec::new();
        let mut rows = self.post.deliveries.clone();
        for id in &wish.messages {
            let refused = |refusal| NotAcknowledgeable {
                message: *id,
                refusal,
            };
            let not_yours = || refused(AckRefusal::NotYours);
            let (seq, kept) = self.post.find(*id).map_err(|_| not_yours())?;
            let row = rows.get_mut(&(seq, agent));
            let written = row.as_ref().map(|row| row.delivery);
            let stands = written.or_else(|| self.post.unwritten(seq, agent, now));
            let stands = stands.ok_or_else(not_yours)?;
            let outcome = stands.acknowledged(now, kept.message.expires_at);
            let effect = match outcome.map_err(refused)? {
                Acknowledged::Now(read) => {
                    if let Some(row) = row {
                        row.delivery = read;
                    }
                    AckEffect::Now
                }
                Acknowledged::Before => AckEffect::Before,
            };
            done.push(Acknowledgement {
                message: *id,
                sender: kept.message.sender.principal,
                effect,
            });
        }
        self.post.deliveries = rows;
        Ok(done)
    }

    pub(super) fn settle_deliveries(&mut self, now: Timestamp, limit: u32) -> Vec<Settled> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let messages = &self.post.messages;
        let due = |(key, row): (&(u64, AgentId), &Row)| {
            let expires_at = messages.get(&key.0)?.message.expires_at;
            let at = row.delivery.fails_at(expires_at)?;
            (at <= now).then_some((at, *key, expires_at))
        };
        let mut due: Vec<_> = self.post.deliveries.iter().filter_map(due).collect();
        due.sort();
        due.truncate(limit);
        let mut settled = Vec::new();
        for (_, key, expires_at) in due {
            let (Some(row), Some(kept)) = (
                self.post.deliveries.get_mut(&key),
                self.post.messages.get(&key.0),
            ) else {
                continue;
            };
            row.delivery = row.delivery.settled(now, expires_at);
            if let DeliveryState::Failed { reason, .. } = row.delivery.state {
                settled.push(Settled {
                    message: kept.message.id,
                    sender: kept.message.sender.principal,
                    recipient: key.1,
                    reason,
                });
            }
        }
        settled
    }
}
