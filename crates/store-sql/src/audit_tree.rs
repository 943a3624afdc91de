//! The tree over the audit log in the database: one row that grows in the transaction of every record.

use crate::failure::{Attempt, Failure};
use crate::row::{Columns, number};
use portunus_core::audit::{Hash, Tree};
use portunus_store::StoreError;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

/// Records that are read at once.
const READ_AT_ONCE: i64 = 5_000;

fn read(row: &SqliteRow) -> Attempt<Tree> {
    let row = Columns(row);
    let peaks = row.blob("peaks")?;
    let (hashes, rest) = peaks.as_chunks::<32>();
    let hashes = hashes.iter().copied().map(Hash::from_bytes).collect();
    let tree = Tree::from_parts(row.count("size")?, hashes);
    tree.filter(|_| rest.is_empty())
        .ok_or_else(|| Failure::Refused(StoreError::BrokenLog("its tree cannot be read")))
}

/// The tree as it is kept.
pub(crate) async fn find(db: &mut SqliteConnection) -> Attempt<Tree> {
    let row = sqlx::query("SELECT size, peaks FROM audit_tree")
        .fetch_optional(db)
        .await?;
    let row = row.ok_or(StoreError::BrokenLog("its tree is gone"))?;
    read(&row)
}

/// The tree, when it ends where the log does: nothing is appended to a log that lost or won a record.
pub(crate) async fn to_grow(db: &mut SqliteConnection) -> Attempt<Tree> {
    let tree = find(&mut *db).await?;
    let last: i64 = sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM audit")
        .fetch_one(db)
        .await?;
    if last == number(tree.size()) {
        Ok(tree)
    } else {
        Err(StoreError::BrokenLog("its last record is not the last one that was written").into())
    }
}

/// The tree over the first `size` records, made of the hashes that are stored with them.
pub(crate) async fn of_first(db: &mut SqliteConnection, size: u64) -> Attempt<Tree> {
    let mut tree = Tree::default();
    while tree.size() < size {
        let leaves: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT leaf FROM audit WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
        )
        .bind(number(tree.size()))
        .bind(number(size))
        .bind(READ_AT_ONCE)
        .fetch_all(&mut *db)
        .await?;
        if leaves.is_empty() {
            return Err(StoreError::NotFound.into());
        }
        for leaf in leaves {
            let leaf = leaf.try_into().map_err(|_| Failure::Malformed("leaf"))?;
            tree.append(Hash::from_bytes(leaf));
        }
    }
    Ok(tree)
}

/// Saves the tree after it grew.
pub(crate) async fn save(db: &mut SqliteConnection, tree: &Tree) -> Attempt<()> {
    let peaks: Vec<u8> = tree
        .peaks()
        .iter()
        .flat_map(Hash::as_bytes)
        .copied()
        .collect();
    sqlx::query("UPDATE audit_tree SET size = ?, peaks = ?")
        .bind(number(tree.size()))
        .bind(peaks)
        .execute(db)
        .await?;
    Ok(())
}

/// Gives hashes to the first records that have none because they are older than the tree; how many it were. A log in
/// which something does not fit is left as it is: it is found when the log is verified, and takes no record.
pub(crate) async fn fill(db: &mut SqliteConnection) -> Attempt<usize> {
    let mut tree = find(&mut *db).await?;
    let rows = sqlx::query("SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?")
        .bind(number(tree.size()))
        .bind(READ_AT_ONCE)
        .fetch_all(&mut *db)
        .await?;
    let mut filled = 0;
    for row in &rows {
        let has_one = Columns(row).optional_bytes::<32>("leaf")?.is_some();
        let record = crate::journal::read(row)?;
        if has_one || record.seq != tree.size() + 1 {
            break;
        }
        let logged = record.logged();
        sqlx::query("UPDATE audit SET leaf = ? WHERE seq = ?")
            .bind(logged.leaf.as_bytes().as_slice())
            .bind(number(logged.record.seq))
            .execute(&mut *db)
            .await?;
        tree.append(logged.leaf);
        filled += 1;
    }
    if filled > 0 {
        save(db, &tree).await?;
    }
    Ok(filled)
}
