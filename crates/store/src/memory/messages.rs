//! Boards, messages and deliveries of the model.

use super::{MemoryStore, State};
use crate::{
    AckOutcome, AckWish, Appended, Authored, DeliveryCounts, Inbox, InboxWish, Listing,
    MessageFilter, MessageOrder, MessageStore, Page, ReceiptFor, Recipient, Result, Sent, Settled,
    StoreError, Undoing, position,
};
use portunus_core::agent::Principal;
use portunus_core::audit::AuditEvent;
use portunus_core::ids::{AgentId, BoardId, MessageId};
use portunus_core::message::mention::Everyone;
use portunus_core::message::{
    Audience, Board, Delivery, Draft, FailureReason, Mentions, Message, Place, Tags, Target,
};
use portunus_core::name::Slug;
use portunus_core::push::HandedOut;
use portunus_core::time::Timestamp;
use std::collections::BTreeMap;

/// What the model remembers of messages.
#[derive(Clone, Debug, Default)]
pub(super) struct Post {
    pub(super) boards: BTreeMap<BoardId, Board>,
    /// By the order in which they were written.
    pub(super) messages: BTreeMap<u64, Kept>,
    pub(super) written: u64,
    pub(super) deliveries: BTreeMap<(u64, AgentId), Row>,
    /// Up to where each agent has what was written to everyone; what was written before it was created is not for it.
    pub(super) inboxes: BTreeMap<AgentId, Reach>,
}

#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) message: Message,
    /// What it takes of what its sender may write.
    pub(super) bytes: u64,
    /// When its board was deleted.
    pub(super) withdrawn_at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) name: Slug,
    pub(super) delivery: Delivery,
    pub(super) named: bool,
}

/// Numbers of messages, see [`Post::inboxes`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    pub(super) since: u64,
    pub(super) until: u64,
}

impl Post {
    /// Whether a message without a delivery of its own is for this agent all the same, and how that delivery stands.
    pub(super) fn unwritten(&self, seq: u64, agent: AgentId, now: Timestamp) -> Option<Delivery> {
        let kept = self.messages.get(&seq)?;
        let reach = self.inboxes.get(&agent)?;
        let reaches = kept.message.audience == Audience::Everyone
            && kept.message.sender.principal != Principal::Agent(agent)
            && seq > reach.since;
        reaches.then(|| match kept.withdrawn_at {
            Some(at) => Delivery::NEW.failed(at, FailureReason::BoardDeleted),
            None => Delivery::NEW.settled(now, kept.message.expires_at),
        })
    }

    pub(super) fn delivery(&self, seq: u64, agent: AgentId, now: Timestamp) -> Option<Delivery> {
        match self.deliveries.get(&(seq, agent)) {
            Some(row) => {
                let expires_at = self.messages.get(&seq)?.message.expires_at;
                Some(row.delivery.settled(now, expires_at))
            }
            None => self.unwritten(seq, agent, now),
        }
    }

    pub(super) fn find(&self, id: MessageId) -> Result<(u64, &Kept)> {
        let mut all = self.messages.iter();
        let found = all.find(|(_, kept)| kept.message.id == id);
        found
            .map(|(seq, kept)| (*seq, kept))
            .ok_or(StoreError::NotFound)
    }
}

impl State {
    fn delete_board(&mut self, id: BoardId, at: Timestamp, event: &AuditEvent) -> Result<()> {
        self.check_claim(event)?;
        self.post.boards.remove(&id).ok_or(StoreError::NotFound)?;
        for (seq, kept) in &mut self.post.messages {
            if !matches!(&kept.message.place, Place::Board { id: own, .. } if *own == id) {
                continue;
            }
            if kept.message.expires_at > at {
                kept.withdrawn_at = Some(at);
            }
            let first = AgentId::from_bytes([0; 16]);
            let last = AgentId::from_bytes([255; 16]);
            for (_, row) in self.post.deliveries.range_mut((*seq, first)..=(*seq, last)) {
                let settled = row.delivery.settled(at, kept.message.expires_at);
                row.delivery = settled.failed(at, FailureReason::BoardDeleted);
            }
        }
        self.record(event);
        Ok(())
    }

    fn place(&self, target: Target) -> Result<(Place, Audience)> {
        match target {
            Target::Agent(id) => {
                let name = self.agent(id)?.name;
                Ok((Place::Agent { id, name }, Audience::Named))
            }
            Target::Board(id) => {
                let board = self.post.boards.get(&id).ok_or(StoreError::NotFound)?;
                let place = Place::Board {
                    id,
                    name: board.name.clone(),
                    number: board.last_number + 1,
                };
                Ok((place, board.audience()))
            }
        }
    }

    fn append(&mut self, draft: &Draft, receipt: &ReceiptFor<Appended>) -> Result<Appended> {
        let (place, usual) = self.place(draft.target)?;
        let mut named: BTreeMap<AgentId, Slug> = BTreeMap::new();
        if let Place::Agent { id, name } = &place {
            named.insert(*id, name.clone());
        }
        let (mentions, unresolved) = self.resolve(&draft.mentions, &mut named);
        let message = draft.written(place, usual, mentions, unresolved);
        let reached = self.recipients(&message, &named);
        let bytes = draft.bytes(reached);
        self.post.check_outbox(draft, bytes)?;
        if self.post.find(draft.id).is_ok() {
            return Err(StoreError::Inconsistent("the identifier exists already"));
        }
        let written = self.begin_deliveries(draft, &named);
        let has_room = |id: &AgentId| written.get(id).is_some_and(Delivery::is_open);
        let full = named.iter().filter(|(id, _)| !has_room(id));
        let full: Vec<(AgentId, Slug)> = full.map(|(id, name)| (*id, name.clone())).collect();
        let appended = Appended {
            recipients: reached - count(full.len()),
            named: named.keys().filter(|id| has_room(id)).copied().collect(),
            full,
            message: message.clone(),
        };
        if let Some(receipt) = receipt(&appended)? {
            self.keep_receipt(&receipt)?;
        }
        if let Place::Board { id, number, .. } = &message.place
            && let Some(board) = self.post.boards.get_mut(id)
        {
            board.last_number = *number;
        }
        self.post.written += 1;
        let seq = self.post.written;
        let kept = Kept {
            message,
            bytes,
            withdrawn_at: None,
        };
        self.post.messages.insert(seq, kept);
        for (id, delivery) in written {
            if let Some(name) = named.remove(&id) {
                let row = Row {
                    name,
                    delivery,
                    named: true,
                };
                self.post.deliveries.insert((seq, id), row);
            }
        }
        Ok(appended)
    }

    /// Those who are named and live, who join `named`, and the names that nobody has.
    fn resolve(
        &self,
        wanted: &Mentions,
        named: &mut BTreeMap<AgentId, Slug>,
    ) -> (Mentions, Vec<Slug>) {
        let (mut mentions, mut unresolved) = (wanted.clone(), Vec::new());
        mentions
            .names
            .retain(|name| match self.agent_by_name(name) {
                Ok(agent) => {
                    named.insert(agent.id, agent.name);
                    true
                }
                Err(_) => {
                    unresolved.push(name.clone());
                    false
                }
            });
        (mentions, unresolved)
    }

    /// How the deliveries of those whom a message names begin.
    fn begin_deliveries(
        &self,
        draft: &Draft,
        named: &BTreeMap<AgentId, Slug>,
    ) -> BTreeMap<AgentId, Delivery> {
        let begun = |id: &AgentId| {
            let open = self.post.open_deliveries(*id);
            Delivery::written(draft.at, open, draft.inbox_length)
        };
        named.keys().map(|id| (*id, begun(id))).collect()
    }

    fn recipients(&self, message: &Message, named: &BTreeMap<AgentId, Slug>) -> u64 {
        let reached = |id: &&AgentId| match message.audience {
            Audience::Named => named.contains_key(id),
            Audience::Everyone => {
                named.contains_key(id) || message.sender.principal != Principal::Agent(**id)
            }
        };
        count(self.agents.keys().filter(reached).count())
    }

    fn list_messages(
        &self,
        board: BoardId,
        filter: &MessageFilter,
        page: &Page,
    ) -> Result<Listing<Message>> {
        if !self.post.boards.contains_key(&board) {
            return Err(StoreError::NotFound);
        }
        let cursor = page.after.as_ref();
        let cursor = cursor
            .map(|cursor| position::message_number(filter.order, cursor))
            .transpose()?;
        let wanted = |seq: u64, message: &Message| {
            let number = match &message.place {
                Place::Board { id, number, .. } if *id == board => *number,
                _ => return false,
            };
            let here = match filter.order {
                MessageOrder::Newest => cursor.is_none_or(|cursor| number < cursor),
                MessageOrder::After(after) => number > cursor.unwrap_or(after),
            };
            let meant = filter.mentioning.is_none_or(|agent| {
                let row = self.post.deliveries.get(&(seq, agent));
                message.mentions.everyone == Everyone::Meant || row.is_some_and(|row| row.named)
            });
            here && meant
                && message.tags.has_all(&filter.tags)
                && filter.since.is_none_or(|since| message.at >= since)
                && filter
                    .sender
                    .is_none_or(|sender| message.sender.principal == sender)
        };
        let all = self.post.messages.iter();
        let mut found: Vec<Message> = all
            .filter(|(seq, kept)| wanted(**seq, &kept.message))
            .map(|(_, kept)| kept.message.clone())
            .collect();
        if filter.order == MessageOrder::Newest {
            found.reverse();
        }
        Ok(Listing::cut(found, page.size(), |message| {
            position::after_message(filter.order, message)
        }))
    }

    pub(super) fn recipients_of(&self, id: MessageId, now: Timestamp) -> Result<Vec<Recipient>> {
        let (seq, _) = self.post.find(id)?;
        let mut all: BTreeMap<AgentId, Slug> = BTreeMap::new();
        all.extend(
            self.agents
                .values()
                .map(|agent| (agent.id, agent.name.clone())),
        );
        let rows = self.post.deliveries.iter();
        let own = rows.filter(|((of, _), _)| *of == seq);
        all.extend(own.map(|((_, agent), row)| (*agent, row.name.clone())));
        let recipients = all.into_iter().filter_map(|(agent, name)| {
            let delivery = self.post.delivery(seq, agent, now)?;
            Some(Recipient {
                agent,
                name,
                delivery,
            })
        });
        Ok(recipients.collect())
    }

    fn forget_messages(&mut self, before: Timestamp, limit: u32) -> u64 {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let old = self
            .post
            .messages
            .iter()
            .filter(|(_, kept)| kept.message.at < before);
        let old: Vec<u64> = old.map(|(seq, _)| *seq).take(limit).collect();
        self.post.messages.retain(|seq, _| !old.contains(seq));
        self.post
            .deliveries
            .retain(|(seq, _), _| !old.contains(seq));
        count(old.len())
    }
}

pub(super) fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[async_trait::async_trait]
impl MessageStore for MemoryStore {
    async fn create_board(&self, board: &Board, event: &AuditEvent) -> Result<()> {
        let mut state = self.open()?;
        state.check_claim(event)?;
        if state
            .post
            .boards
            .values()
            .any(|other| other.name == board.name)
        {
            return Err(StoreError::NameTaken);
        }
        if state.post.boards.contains_key(&board.id) {
            return Err(StoreError::Inconsistent("the identifier exists already"));
        }
        state.post.boards.insert(board.id, board.clone());
        state.record(event);
        Ok(())
    }

    async fn update_board(&self, board: &Board, event: &AuditEvent) -> Result<()> {
        let mut state = self.open()?;
        state.check_claim(event)?;
        let kept = state.post.boards.get_mut(&board.id);
        let kept = kept.ok_or(StoreError::NotFound)?;
        kept.description.clone_from(&board.description);
        kept.tags.clone_from(&board.tags);
        state.record(event);
        Ok(())
    }

    async fn delete_board(&self, id: BoardId, at: Timestamp, event: &AuditEvent) -> Result<()> {
        self.open()?.delete_board(id, at, event)
    }

    async fn boards(&self, tags: &Tags, page: Page) -> Result<Listing<Board>> {
        let after = page.after.as_ref().map(position::board_name).transpose()?;
        let state = self.open()?;
        let all = state.post.boards.values();
        let wanted = all.filter(|board| {
            after.as_ref().is_none_or(|name| board.name > *name) && board.tags.has_all(tags)
        });
        let mut boards: Vec<Board> = wanted.cloned().collect();
        boards.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Listing::cut(boards, page.size(), position::after_board))
    }

    async fn board(&self, id: BoardId) -> Result<Board> {
        let board = self.open()?.post.boards.get(&id).cloned();
        board.ok_or(StoreError::NotFound)
    }

    async fn board_by_name(&self, name: &Slug) -> Result<Board> {
        let state = self.open()?;
        let mut boards = state.post.boards.values();
        let board = boards.find(|board| board.name == *name).cloned();
        board.ok_or(StoreError::NotFound)
    }

    async fn append(&self, draft: &Draft, receipt: &ReceiptFor<Appended>) -> Result<Appended> {
        self.open()?.append(draft, receipt)
    }

    async fn board_messages(
        &self,
        board: BoardId,
        filter: &MessageFilter,
        page: Page,
    ) -> Result<Listing<Message>> {
        self.open()?.list_messages(board, filter, &page)
    }

    async fn message(&self, id: MessageId, now: Timestamp) -> Result<(Message, DeliveryCounts)> {
        let state = self.open()?;
        let (_, kept) = state.post.find(id)?;
        Ok((kept.message.clone(), state.counts(id, now)?))
    }

    async fn deliveries(
        &self,
        message: MessageId,
        now: Timestamp,
        page: Page,
    ) -> Result<Listing<Recipient>> {
        let after = page.after.as_ref().map(position::recipient).transpose()?;
        let mut all = self.open()?.recipients_of(message, now)?;
        all.retain(|one| after.is_none_or(|after| one.agent > after));
        Ok(Listing::cut(all, page.size(), position::after_recipient))
    }

    async fn delivery(
        &self,
        message: MessageId,
        agent: AgentId,
        now: Timestamp,
    ) -> Result<Option<Delivery>> {
        let state = self.open()?;
        let Ok((seq, _)) = state.post.find(message) else {
            return Ok(None);
        };
        Ok(state.post.delivery(seq, agent, now))
    }

    async fn sent(&self, sender: Principal, now: Timestamp, limit: u32) -> Result<Vec<Sent>> {
        self.open()?.sent(sender, now, limit)
    }

    async fn standings(&self, messages: &[MessageId], now: Timestamp) -> Result<Vec<Sent>> {
        self.open()?.standings(messages, now)
    }

    async fn undone(&self, by: Undoing) -> Result<Vec<Authored>> {
        Ok(self.open()?.undone(by))
    }

    async fn take_inboxes(&self, wishes: &[InboxWish]) -> Result<Vec<Option<Inbox>>> {
        let mut state = self.open()?;
        self.check_spoilt(wishes.iter().map(|wish| wish.agent))?;
        Ok(wishes.iter().map(|wish| state.take_inbox(wish)).collect())
    }

    async fn give_back(&self, agent: AgentId, lost: &[HandedOut], now: Timestamp) -> Result<u64> {
        Ok(self.open()?.give_back(agent, lost, now))
    }

    async fn acknowledge_all(&self, wishes: &[AckWish], now: Timestamp) -> Result<Vec<AckOutcome>> {
        let mut state = self.open()?;
        self.check_spoilt(wishes.iter().map(|wish| wish.agent))?;
        let done = wishes.iter().map(|wish| state.acknowledge(wish, now));
        Ok(done.collect())
    }

    async fn settle_deliveries(&self, now: Timestamp, limit: u32) -> Result<Vec<Settled>> {
        Ok(self.open()?.settle_deliveries(now, limit))
    }

    async fn forget_messages(&self, before: Timestamp, limit: u32) -> Result<u64> {
        Ok(self.open()?.forget_messages(before, limit))
    }
}
