//! Boards.

use super::deliveries;
use super::rows::spaced;
use crate::failure::Attempt;
use crate::row::{Columns, moment, number};
use portunus_core::ids::BoardId;
use portunus_core::message::{Board, FailureReason, Tags};
use portunus_core::name::Slug;
use portunus_core::time::Timestamp;
use portunus_store::{Listing, Page, StoreError, position};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, SqliteConnection};

fn read(row: &SqliteRow) -> Attempt<Board> {
    let row = Columns(row);
    Ok(Board {
        id: BoardId::from_bytes(row.bytes("id")?),
        name: row.name("name")?,
        description: row.text("description")?.to_owned(),
        tags: row.name("tags")?,
        last_number: row.count("last_number")?,
        created_at: row.moment("created_at")?,
    })
}

pub(super) async fn create(db: &mut SqliteConnection, board: &Board) -> Attempt<()> {
    let taken = sqlx::query("SELECT 1 FROM boards WHERE name = ?")
        .bind(board.name.as_str())
        .fetch_optional(&mut *db)
        .await?;
    if taken.is_some() {
        return Err(StoreError::NameTaken.into());
    }
    sqlx::query(
        "INSERT INTO boards (id, name, description, tags, last_number, created_at) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(board.id.as_bytes().as_slice())
    .bind(board.name.as_str())
    .bind(board.description.as_str())
    .bind(spaced(&board.tags))
    .bind(number(board.last_number))
    .bind(moment(board.created_at))
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn update(db: &mut SqliteConnection, board: &Board) -> Attempt<()> {
    let updated = sqlx::query("UPDATE boards SET description = ?, tags = ? WHERE id = ?")
        .bind(board.description.as_str())
        .bind(spaced(&board.tags))
        .bind(board.id.as_bytes().as_slice())
        .execute(db)
        .await?;
    found(updated.rows_affected())
}

fn found(rows: u64) -> Attempt<()> {
    match rows {
        0 => Err(StoreError::NotFound.into()),
        _ => Ok(()),
    }
}

/// Deletes the row; what is on the board stays, and what of it was not read fails.
pub(super) async fn delete(db: &mut SqliteConnection, id: BoardId, at: Timestamp) -> Attempt<()> {
    let deleted = sqlx::query("DELETE FROM boards WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    found(deleted.rows_affected())?;
    let open = "message IN (SELECT seq FROM messages WHERE place = 'board' AND place_id = ?)";
    let reason = FailureReason::BoardDeleted;
    deliveries::fail(db, open, id.as_bytes(), at, reason).await?;
    sqlx::query(
        "UPDATE messages SET withdrawn_at = ?1 WHERE place = 'board' AND place_id = ?2 AND expires_at > ?1",
    )
    .bind(moment(at))
    .bind(id.as_bytes().as_slice())
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn list(
    db: &mut SqliteConnection,
    tags: &Tags,
    page: &Page,
) -> Attempt<Listing<Board>> {
    let mut query = QueryBuilder::new("SELECT * FROM boards WHERE true");
    if let Some(cursor) = &page.after {
        let name = position::board_name(cursor)?;
        query.push(" AND name > ").push_bind(name.to_string());
    }
    for tag in tags.iter() {
        query
            .push(" AND instr(tags, ")
            .push_bind(format!(" {tag} "));
        query.push(") > 0");
    }
    query.push(" ORDER BY name LIMIT ").push_bind(page.reach());
    let rows = query.build().fetch_all(db).await?;
    let boards = rows.iter().map(read).collect::<Attempt<_>>()?;
    Ok(Listing::cut(boards, page.size(), position::after_board))
}

pub(super) async fn by_id(db: &mut SqliteConnection, id: BoardId) -> Attempt<Board> {
    let row = sqlx::query("SELECT * FROM boards WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    read(&row.ok_or(StoreError::NotFound)?)
}

pub(super) async fn by_name(db: &mut SqliteConnection, name: &Slug) -> Attempt<Board> {
    let row = sqlx::query("SELECT * FROM boards WHERE name = ?")
        .bind(name.as_str())
        .fetch_optional(db)
        .await?;
    read(&row.ok_or(StoreError::NotFound)?)
}

/// Takes the next number of a board.
pub(super) async fn next(db: &mut SqliteConnection, id: BoardId) -> Attempt<Board> {
    let row =
        sqlx::query("UPDATE boards SET last_number = last_number + 1 WHERE id = ? RETURNING *")
            .bind(id.as_bytes().as_slice())
            .fetch_optional(db)
            .await?;
    read(&row.ok_or(StoreError::NotFound)?)
}
