//! What is kept of changes that were carried out under a claim. The primary key refuses a second one.

use crate::SqliteStore;
use crate::failure::{Attempt, Failure};
use crate::row::{Columns, moment, principal};
use crate::store::commit;
use portunus_core::once::{Claim, Done, Fingerprint, KEPT_MS, Receipt, Secrecy};
use portunus_core::time::Timestamp;
use portunus_store::{ReceiptStore, Result, StoreError};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

fn read(row: &SqliteRow, claim: &Claim) -> Attempt<Receipt> {
    let row = Columns(row);
    let done = match (row.optional_text("action")?, row.optional_text("subject")?) {
        (Some(action), Some(subject)) => Some(Done {
            action: action.to_owned(),
            subject: subject.to_owned(),
        }),
        (None, None) => None,
        _ => return Err(Failure::Malformed("subject")),
    };
    Ok(Receipt {
        claim: claim.clone(),
        fingerprint: Fingerprint::from_bytes(row.bytes("fingerprint")?),
        at: row.moment("made_at")?,
        done,
        status: row.count("status")?,
        secrecy: row.one_of("secrecy", secrecy_named)?,
        answer: row.optional_blob("answer")?,
    })
}

const fn secrecy(secrecy: Secrecy) -> &'static str {
    match secrecy {
        Secrecy::Plain => "plain",
        Secrecy::Secret => "secret",
    }
}

fn secrecy_named(name: &str) -> Option<Secrecy> {
    [Secrecy::Plain, Secrecy::Secret]
        .into_iter()
        .find(|one| secrecy(*one) == name)
}

/// Keeps a receipt in the transaction of its change. One that is too old to count gives way.
pub(crate) async fn keep(db: &mut SqliteConnection, receipt: &Receipt) -> Attempt<()> {
    let (kind, id) = principal(&receipt.claim.by);
    let done = receipt.done.as_ref();
    let kept = sqlx::query(
        "INSERT INTO receipts (principal_kind, principal_id, route, key, fingerprint, made_at, action, subject,
                               status, secrecy, answer)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET fingerprint = excluded.fingerprint, made_at = excluded.made_at,
             action = excluded.action, subject = excluded.subject, status = excluded.status,
             secrecy = excluded.secrecy, answer = excluded.answer
         WHERE made_at <= ?",
    )
    .bind(kind)
    .bind(id)
    .bind(receipt.claim.route.as_str())
    .bind(receipt.claim.key.as_str())
    .bind(receipt.fingerprint.as_bytes().as_slice())
    .bind(moment(receipt.at))
    .bind(done.map(|done| done.action.as_str()))
    .bind(done.map(|done| done.subject.as_str()))
    .bind(i64::from(receipt.status))
    .bind(secrecy(receipt.secrecy))
    .bind(receipt.answer.as_deref())
    .bind(oldest_that_counts(receipt.at))
    .execute(db)
    .await?;
    match kept.rows_affected() {
        0 => Err(StoreError::AlreadyDone.into()),
        _ => Ok(()),
    }
}

/// The latest moment at which a receipt that counts no longer at `now` was made; before the epoch when all count.
fn oldest_that_counts(now: Timestamp) -> i64 {
    moment(now).saturating_sub(moment(Timestamp::from_millis(KEPT_MS)))
}

pub(crate) async fn find(db: &mut SqliteConnection, claim: &Claim) -> Attempt<Option<Receipt>> {
    let (kind, id) = principal(&claim.by);
    let row = sqlx::query(
        "SELECT * FROM receipts WHERE principal_kind = ? AND principal_id = ? AND route = ? AND key = ?",
    )
    .bind(kind)
    .bind(id)
    .bind(claim.route.as_str())
    .bind(claim.key.as_str())
    .fetch_optional(db)
    .await?;
    row.map(|row| read(&row, claim)).transpose()
}

pub(crate) async fn forget(
    db: &mut SqliteConnection,
    before: Timestamp,
    secrets_before: Timestamp,
) -> Attempt<()> {
    sqlx::query("DELETE FROM receipts WHERE made_at < ?")
        .bind(moment(before))
        .execute(&mut *db)
        .await?;
    sqlx::query(
        "UPDATE receipts SET answer = NULL
         WHERE secrecy = 'secret' AND answer IS NOT NULL AND made_at < ?",
    )
    .bind(moment(secrets_before))
    .execute(db)
    .await?;
    Ok(())
}

#[async_trait::async_trait]
impl ReceiptStore for SqliteStore {
    async fn receipt(&self, claim: &Claim) -> Result<Option<Receipt>> {
        let mut db = self.reader().await?;
        Ok(find(&mut db, claim).await?)
    }

    async fn keep_receipt(&self, receipt: &Receipt) -> Result<()> {
        let mut tx = self.change().await?;
        keep(&mut tx, receipt).await?;
        commit(tx).await
    }

    async fn forget_receipts(&self, before: Timestamp, secrets_before: Timestamp) -> Result<()> {
        let mut tx = self.change().await?;
        forget(&mut tx, before, secrets_before).await?;
        commit(tx).await
    }
}
