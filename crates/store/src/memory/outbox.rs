//! What the messages of one sender take, so that nobody alone fills the disk.

use super::messages::{Kept, Post};
use crate::{Result, StoreError};
use portunus_core::message::Draft;
use portunus_core::time::Timestamp;

impl Post {
    /// Refuses a message of so many bytes whose sender has no room for it.
    pub(super) fn check_outbox(&self, draft: &Draft, bytes: u64) -> Result<()> {
        let own = |kept: &&Kept| kept.message.sender.principal == draft.sender.principal;
        let kept = || self.messages.values().filter(own);
        let Some(excess) = draft.excess(kept().map(|kept| kept.bytes).sum(), bytes) else {
            return Ok(());
        };
        let (mut freed, mut written_at) = (0, Timestamp::EPOCH);
        for kept in kept() {
            freed += kept.bytes;
            written_at = written_at.max(kept.message.at);
            if freed >= excess {
                break;
            }
        }
        Err(StoreError::OutboxFull { written_at })
    }
}
