//! Notifications of the model.

use super::messages::count;
use super::{MemoryStore, State};
use crate::{
    AllRead, Listing, Noticed, NotificationFilter, NotificationOrder, NotificationStore, Page,
    Reader, ReceiptFor, Result, StoreError, position,
};
use portunus_core::ids::{NotificationId, OperatorId};
use portunus_core::notification::{Draft, Notification, ReadState};
use portunus_core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What the model remembers of notifications.
#[derive(Clone, Debug, Default)]
pub(super) struct Notices {
    /// By number.
    all: BTreeMap<u64, Notification>,
    last: u64,
    read: BTreeMap<OperatorId, BTreeSet<u64>>,
}

impl Notices {
    fn find(&self, id: NotificationId) -> Result<&Notification> {
        let mut all = self.all.values();
        all.find(|one| one.id == id).ok_or(StoreError::NotFound)
    }

    fn state(&self, number: u64, reader: Reader) -> Option<ReadState> {
        let Reader::Operator(id) = reader else {
            return None;
        };
        let read = self.read.get(&id);
        Some(if read.is_some_and(|read| read.contains(&number)) {
            ReadState::Read
        } else {
            ReadState::Unread
        })
    }

    fn noticed(&self, notification: &Notification, reader: Reader) -> Noticed {
        Noticed {
            notification: notification.clone(),
            state: self.state(notification.number, reader),
        }
    }

    fn takes(&self, filter: &NotificationFilter, reader: Reader, one: &Notification) -> bool {
        let state = self.state(one.number, reader).unwrap_or(ReadState::Unread);
        one.priority >= filter.least
            && filter
                .source
                .is_none_or(|source| one.source.agent == source)
            && filter.since.is_none_or(|since| one.at >= since)
            && filter.state.is_none_or(|wanted| state == wanted)
    }

    fn forget(&mut self, numbers: &[u64]) {
        for number in numbers {
            self.all.remove(number);
            for read in self.read.values_mut() {
                read.remove(number);
            }
        }
    }

    /// An operator who is gone has read nothing.
    pub(super) fn dismiss(&mut self, reader: OperatorId) {
        self.read.remove(&reader);
    }
}

impl State {
    fn must_be_operator(&self, id: OperatorId) -> Result<()> {
        let known = self.operators.contains_key(&id);
        known.then_some(()).ok_or(StoreError::NotFound)
    }
}

#[async_trait::async_trait]
impl NotificationStore for MemoryStore {
    async fn notify(
        &self,
        draft: &Draft,
        receipt: &ReceiptFor<Notification>,
    ) -> Result<Notification> {
        let mut state = self.open()?;
        if state.notices.find(draft.id).is_ok() {
            return Err(StoreError::Inconsistent("the identifier exists already"));
        }
        let notification = draft.clone().numbered(state.notices.last + 1);
        if let Some(receipt) = receipt(&notification)? {
            state.keep_receipt(&receipt)?;
        }
        state.notices.last = notification.number;
        let kept = notification.clone();
        state.notices.all.insert(notification.number, kept);
        Ok(notification)
    }

    async fn notifications(
        &self,
        filter: &NotificationFilter,
        reader: Reader,
        page: Page,
    ) -> Result<Listing<Noticed>> {
        let cursor = page.after.as_ref();
        let cursor = cursor.map(|cursor| position::notification_number(filter.order, cursor));
        let cursor = cursor.transpose()?;
        let state = self.open()?;
        let notices = &state.notices;
        let wanted = notices.all.values();
        let wanted = wanted.filter(|one| notices.takes(filter, reader, one));
        let shown = |one| notices.noticed(one, reader);
        let found: Vec<Noticed> = match filter.order {
            NotificationOrder::Newest => wanted
                .rev()
                .filter(|one| cursor.is_none_or(|last| one.number < last))
                .map(shown)
                .collect(),
            NotificationOrder::After(after) => wanted
                .filter(|one| one.number > cursor.unwrap_or(after))
                .map(shown)
                .collect(),
        };
        Ok(Listing::cut(found, page.size(), |last| {
            position::after_notification(filter.order, last)
        }))
    }

    async fn notification(&self, id: NotificationId, reader: Reader) -> Result<Noticed> {
        let state = self.open()?;
        let found = state.notices.find(id)?;
        Ok(state.notices.noticed(found, reader))
    }

    async fn count_unread(&self, reader: OperatorId) -> Result<u64> {
        let state = self.open()?;
        let read = state.notices.read.get(&reader).map_or(0, BTreeSet::len);
        Ok(count(state.notices.all.len() - read))
    }

    async fn mark_read(
        &self,
        reader: OperatorId,
        id: NotificationId,
        receipt: &ReceiptFor<Notification>,
    ) -> Result<Notification> {
        let mut state = self.open()?;
        state.must_be_operator(reader)?;
        let found = state.notices.find(id)?.clone();
        if let Some(receipt) = receipt(&found)? {
            state.keep_receipt(&receipt)?;
        }
        let read = state.notices.read.entry(reader).or_default();
        read.insert(found.number);
        Ok(found)
    }

    async fn mark_all_read(
        &self,
        reader: OperatorId,
        last: Option<NotificationId>,
        receipt: &ReceiptFor<AllRead>,
    ) -> Result<AllRead> {
        let mut state = self.open()?;
        state.must_be_operator(reader)?;
        let until = match last {
            Some(id) => state.notices.find(id)?.number,
            None => state.notices.last,
        };
        let numbers: BTreeSet<u64> = state.notices.all.range(..=until).map(|(n, _)| *n).collect();
        let before = state.notices.read.get(&reader).cloned().unwrap_or_default();
        let now = count(numbers.difference(&before).count());
        let all = AllRead { now, until };
        if let Some(receipt) = receipt(&all)? {
            state.keep_receipt(&receipt)?;
        }
        let read = state.notices.read.entry(reader).or_default();
        read.extend(numbers);
        Ok(all)
    }

    async fn forget_notifications(&self, before: Timestamp, most: u64, limit: u32) -> Result<u64> {
        let notices = &mut self.open()?.notices;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let old = notices.all.values().filter(|one| one.at < before);
        let old: Vec<u64> = old.map(|one| one.number).take(limit).collect();
        notices.forget(&old);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let beyond = notices.all.len().saturating_sub(most);
        let beyond = beyond.min(limit - old.len());
        let oldest: Vec<u64> = notices.all.keys().copied().take(beyond).collect();
        notices.forget(&oldest);
        Ok(count(old.len() + oldest.len()))
    }
}
