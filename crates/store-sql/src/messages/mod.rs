//! Boards, messages and deliveries in the database.

mod acknowledge;
mod append;
mod boards;
mod crowd;
mod deliveries;
mod inbox;
mod outbox;
mod read;
mod rows;
mod sent;

pub(crate) use inbox::{close as close_inbox, open as open_inboxes};

use crate::failure::Failure;
use crate::store::{SqliteStore, commit};
use crate::{journal, receipts};
use portunus_core::agent::Principal;
use portunus_core::audit::AuditEvent;
use portunus_core::ids::{AgentId, BoardId, MessageId};
use portunus_core::message::{Board, Delivery, Draft, Message, Tags};
use portunus_core::name::Slug;
use portunus_core::push::HandedOut;
use portunus_core::time::Timestamp;
use portunus_store::{
    AckOutcome, AckWish, Appended, Authored, DeliveryCounts, Inbox, InboxWish, Listing,
    MessageFilter, MessageStore, Page, ReceiptFor, Recipient, Result, Sent, Settled, Undoing,
};

#[async_trait::async_trait]
impl MessageStore for SqliteStore {
    async fn create_board(&self, board: &Board, event: &AuditEvent) -> Result<()> {
        let mut tx = self.change().await?;
        boards::create(&mut tx, board).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn update_board(&self, board: &Board, event: &AuditEvent) -> Result<()> {
        let mut tx = self.change().await?;
        boards::update(&mut tx, board).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn delete_board(&self, id: BoardId, at: Timestamp, event: &AuditEvent) -> Result<()> {
        let mut tx = self.change().await?;
        boards::delete(&mut tx, id, at).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn boards(&self, tags: &Tags, page: Page) -> Result<Listing<Board>> {
        let mut db = self.reader().await?;
        Ok(boards::list(&mut db, tags, &page).await?)
    }

    async fn board(&self, id: BoardId) -> Result<Board> {
        let mut db = self.reader().await?;
        Ok(boards::by_id(&mut db, id).await?)
    }

    async fn board_by_name(&self, name: &Slug) -> Result<Board> {
        let mut db = self.reader().await?;
        Ok(boards::by_name(&mut db, name).await?)
    }

    async fn append(&self, draft: &Draft, receipt: &ReceiptFor<Appended>) -> Result<Appended> {
        let mut tx = self.change().await?;
        let appended = append::append(&mut tx, draft).await?;
        if let Some(receipt) = receipt(&appended)? {
            receipts::keep(&mut tx, &receipt).await?;
        }
        commit(tx).await?;
        Ok(appended)
    }

    async fn board_messages(
        &self,
        board: BoardId,
        filter: &MessageFilter,
        page: Page,
    ) -> Result<Listing<Message>> {
        let mut tx = self.readers().begin().await.map_err(Failure::from)?;
        Ok(read::of_board(&mut tx, board, filter, &page).await?)
    }

    async fn message(&self, id: MessageId, now: Timestamp) -> Result<(Message, DeliveryCounts)> {
        let mut tx = self.readers().begin().await.map_err(Failure::from)?;
        let found = read::by_id(&mut tx, id).await?;
        let counts = deliveries::counts(&mut tx, found.seq, now).await?;
        Ok((found.message, counts))
    }

    async fn deliveries(
        &self,
        message: MessageId,
        now: Timestamp,
        page: Page,
    ) -> Result<Listing<Recipient>> {
        let mut tx = self.readers().begin().await.map_err(Failure::from)?;
        let found = read::by_id(&mut tx, message).await?;
        Ok(deliveries::list(&mut tx, &found, now, &page).await?)
    }

    async fn delivery(
        &self,
        message: MessageId,
        agent: AgentId,
        now: Timestamp,
    ) -> Result<Option<Delivery>> {
        let mut tx = self.readers().begin().await.map_err(Failure::from)?;
        Ok(deliveries::of(&mut tx, message, agent, now).await?)
    }

    async fn sent(&self, sender: Principal, now: Timestamp, limit: u32) -> Result<Vec<Sent>> {
        let mut tx = self.readers().begin().await.map_err(Failure::from)?;
        Ok(sent::newest(&mut tx, &sender, now, limit).await?)
    }

    async fn standings(&self, messages: &[MessageId], now: Timestamp) -> Result<Vec<Sent>> {
        let mut tx = self.readers().begin().await.map_err(Failure::from)?;
        Ok(sent::of(&mut tx, messages, now).await?)
    }

    async fn undone(&self, by: Undoing) -> Result<Vec<Authored>> {
        let mut db = self.reader().await?;
        Ok(sent::undone(&mut db, by).await?)
    }

    async fn take_inboxes(&self, wishes: &[InboxWish]) -> Result<Vec<Option<Inbox>>> {
        let mut db = self.reader().await?;
        // Most looks find nothing, and must not stand in the way of those who write.
        if let Some(nothing) = crowd::nothing_for(&mut db, wishes).await? {
            return Ok(nothing);
        }
        drop(db);
        let mut tx = self.change().await?;
        let inboxes = crowd::take(&mut tx, wishes).await?;
        commit(tx).await?;
        Ok(inboxes)
    }

    async fn give_back(&self, agent: AgentId, lost: &[HandedOut], now: Timestamp) -> Result<u64> {
        if lost.is_empty() {
            return Ok(0);
        }
        let mut db = self.reader().await?;
        // What is there may be free already.
        if !inbox::any_hidden(&mut db, agent, now).await? {
            return Ok(0);
        }
        drop(db);
        let mut tx = self.change().await?;
        let freed = inbox::give_back(&mut tx, agent, lost, now).await?;
        commit(tx).await?;
        Ok(freed)
    }

    async fn acknowledge_all(&self, wishes: &[AckWish], now: Timestamp) -> Result<Vec<AckOutcome>> {
        let mut tx = self.change().await?;
        let done = acknowledge::all(&mut tx, wishes, now).await?;
        commit(tx).await?;
        Ok(done)
    }

    async fn settle_deliveries(&self, now: Timestamp, limit: u32) -> Result<Vec<Settled>> {
        let mut db = self.reader().await?;
        if !deliveries::any_due(&mut db, now).await? {
            return Ok(Vec::new());
        }
        drop(db);
        let mut tx = self.change().await?;
        let settled = deliveries::settle(&mut tx, now, limit).await?;
        commit(tx).await?;
        Ok(settled)
    }

    async fn forget_messages(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let mut tx = self.change().await?;
        let forgotten = read::forget(&mut tx, before, limit).await?;
        commit(tx).await?;
        Ok(forgotten)
    }
}
