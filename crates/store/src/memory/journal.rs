//! What the model writes down: the audit log, and what the pools observed.

use super::State;
use crate::{AuditFilter, Listing, Page, PoolFacts, Result, position};
use portunus_core::audit::{AuditEvent, AuditRecord};
use portunus_core::once::Receipt;
use portunus_core::time::Timestamp;

impl State {
    pub(super) fn record(&mut self, event: &AuditEvent) {
        self.log.append(event);
        if let Some(receipt) = &event.receipt {
            self.receipts
                .insert(receipt.claim.clone(), Receipt::clone(receipt));
        }
    }

    pub(super) fn list_records(
        &self,
        filter: &AuditFilter,
        page: &Page,
    ) -> Result<Listing<AuditRecord>> {
        let before = page.after.as_ref().map(position::record_seq).transpose()?;
        let records: Vec<AuditRecord> = self
            .log
            .records
            .iter()
            .rev()
            .map(|logged| &logged.record)
            .filter(|record| before.is_none_or(|seq| record.seq < seq))
            .filter(|record| {
                let prefix = filter.action_prefix.as_ref();
                prefix.is_none_or(|prefix| record.action.starts_with(prefix))
            })
            .filter(|record| {
                filter.subjects.is_empty() || filter.subjects.contains(&record.subject)
            })
            .take(page.size() + 1)
            .cloned()
            .collect();
        Ok(Listing::cut(records, page.size(), position::after_record))
    }

    pub(super) fn save_pool_facts(&mut self, facts: &PoolFacts) {
        for (key, window) in &facts.rests_healed {
            self.rests.remove(&(*key, window.clone()));
        }
        for rest in &facts.rests_set {
            if self.keys.contains_key(&rest.key) {
                self.rests
                    .insert((rest.key, rest.window.clone()), rest.clone());
            }
        }
        for key in &facts.released {
            if let Some(key) = self.keys.get_mut(key) {
                key.quarantine = None;
            }
        }
        for (key, quarantine) in &facts.quarantined {
            if let Some(key) = self.keys.get_mut(key) {
                key.quarantine = Some(*quarantine);
            }
        }
        for binding in &facts.bindings {
            if self.agents.contains_key(&binding.agent) {
                self.bindings
                    .insert((binding.object, binding.agent), *binding);
            }
        }
        for event in &facts.events {
            self.record(event);
        }
    }

    pub(super) fn forget_bindings(&mut self, before: Timestamp) -> u64 {
        let had = self.bindings.len();
        self.bindings.retain(|_, binding| binding.at >= before);
        u64::try_from(had - self.bindings.len()).unwrap_or(u64::MAX)
    }
}
