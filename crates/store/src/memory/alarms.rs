//! The model's alarms.

use super::MemoryStore;
use crate::{AlarmFilter, AlarmStore, Listing, Page, Result, StoreError, Tell, position};
use portunus_core::alarm::{Acknowledgement, Alarm};
use portunus_core::ids::AlarmId;
use portunus_core::time::Timestamp;

#[async_trait::async_trait]
impl AlarmStore for MemoryStore {
    async fn save_alarms(&self, alarms: &[Alarm]) -> Result<Vec<Alarm>> {
        let known = &mut self.open()?.alarms;
        let mut standing = Vec::new();
        for alarm in alarms {
            let closed = known.get(&alarm.id).filter(|own| !own.is_open());
            let other = || {
                known.values().find(|other| {
                    let is_alike = other.kind == alarm.kind && other.subject == alarm.subject;
                    is_alike && other.is_open() && other.id != alarm.id
                })
            };
            match closed.or_else(other) {
                Some(stands) => standing.push(stands.clone()),
                None => {
                    known.insert(alarm.id, alarm.clone());
                }
            }
        }
        Ok(standing)
    }

    async fn alarms(&self, filter: AlarmFilter, page: Page) -> Result<Listing<Alarm>> {
        let after = page.after.as_ref().map(position::alarm_place).transpose()?;
        let state = self.open()?;
        let mut alarms: Vec<Alarm> = state
            .alarms
            .values()
            .filter(|alarm| filter.takes(alarm))
            .filter(|alarm| after.is_none_or(|after| (alarm.first_at, alarm.id) < after))
            .cloned()
            .collect();
        alarms.sort_by_key(|alarm| std::cmp::Reverse((alarm.first_at, alarm.id)));
        Ok(Listing::cut(alarms, page.size(), position::after_alarm))
    }

    async fn acknowledge_alarm(
        &self,
        id: AlarmId,
        who: Acknowledgement,
        event: &dyn Tell<Alarm>,
    ) -> Result<Alarm> {
        let mut state = self.open()?;
        let alarm = state.alarms.get(&id).filter(|alarm| alarm.is_open());
        let mut alarm = alarm.ok_or(StoreError::NotFound)?.clone();
        alarm.acknowledged = Some(who);
        let event = state.unclaimed(event.tell(&alarm)?)?;
        state.alarms.insert(id, alarm.clone());
        state.record(&event);
        Ok(alarm)
    }

    async fn forget_alarms(&self, before: Timestamp) -> Result<u64> {
        let alarms = &mut self.open()?.alarms;
        let had = alarms.len();
        alarms.retain(|_, alarm| alarm.acknowledged.is_none_or(|who| who.at >= before));
        Ok(u64::try_from(had - alarms.len()).unwrap_or(u64::MAX))
    }
}
