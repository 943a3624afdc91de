//! Passwords, sessions and devices in the database.

use crate::failure::{Attempt, Failure};
use crate::row::{Columns, moment, number};
use crate::{operators, tokens};
use portunus_core::agent::Principal;
use portunus_core::credential::TokenState;
use portunus_core::ids::{DeviceId, OperatorId};
use portunus_core::password::PasswordHash;
use portunus_core::session::{Device, DeviceToken, SessionRecord, SignedInBy, TokenBefore};
use portunus_core::time::Timestamp;
use portunus_core::token::{Kid, TokenDigest};
use portunus_store::StoreError;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

fn read_session(row: &SqliteRow) -> Attempt<SessionRecord> {
    let row = Columns(row);
    let by = match (row.optional_bytes("token")?, row.optional_bytes("device")?) {
        (None, None) => SignedInBy::Password,
        (Some(kid), None) => SignedInBy::Token(Kid::from_bytes(kid)),
        (None, Some(id)) => SignedInBy::Device(DeviceId::from_bytes(id)),
        (Some(_), Some(_)) => return Err(Failure::Malformed("device")),
    };
    Ok(SessionRecord {
        kid: Kid::from_bytes(row.bytes("kid")?),
        operator: OperatorId::from_bytes(row.bytes("operator")?),
        digest: TokenDigest::from_bytes(row.bytes("digest")?),
        by,
        created_at: row.moment("created_at")?,
        seen_at: row.moment("seen_at")?,
    })
}

fn read_device(row: &SqliteRow) -> Attempt<Device> {
    let row = Columns(row);
    Ok(Device {
        id: DeviceId::from_bytes(row.bytes("id")?),
        operator: OperatorId::from_bytes(row.bytes("operator")?),
        name: row.name("name")?,
        kid: Kid::from_bytes(row.bytes("kid")?),
        digest: TokenDigest::from_bytes(row.bytes("digest")?),
        created_at: row.moment("created_at")?,
        overlap_ms: row.count("overlap_ms")?,
        first_used_at: row.optional_moment("first_used_at")?,
        before: match row.optional_bytes("before_kid")? {
            None => None,
            Some(kid) => Some(TokenBefore {
                kid: Kid::from_bytes(kid),
                digest: TokenDigest::from_bytes(row.bytes("before_digest")?),
                until: row.optional_moment("before_until")?,
            }),
        },
    })
}

pub(crate) async fn all(db: &mut SqliteConnection) -> Attempt<Vec<SessionRecord>> {
    let rows = sqlx::query("SELECT * FROM sessions").fetch_all(db).await?;
    rows.iter().map(read_session).collect()
}

pub(crate) async fn devices(db: &mut SqliteConnection) -> Attempt<Vec<Device>> {
    let rows = sqlx::query("SELECT * FROM devices").fetch_all(db).await?;
    rows.iter().map(read_device).collect()
}

pub(crate) async fn password(
    db: &mut SqliteConnection,
    id: OperatorId,
) -> Attempt<Option<PasswordHash>> {
    let row = sqlx::query("SELECT password FROM operators WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let text = Columns(&row).optional_text("password")?;
    Ok(text.map(|text| PasswordHash::from_phc(text.to_owned())))
}

pub(crate) async fn set_password(
    db: &mut SqliteConnection,
    id: OperatorId,
    hash: Option<&PasswordHash>,
    keep: Option<Kid>,
) -> Attempt<()> {
    let changed = sqlx::query("UPDATE operators SET password = ? WHERE id = ?")
        .bind(hash.map(PasswordHash::as_phc))
        .bind(id.as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    if changed.rows_affected() == 0 {
        return Err(StoreError::NotFound.into());
    }
    sqlx::query("DELETE FROM sessions WHERE operator = ? AND kid IS NOT ?")
        .bind(id.as_bytes().as_slice())
        .bind(keep.map(|kid| kid.as_bytes().to_vec()))
        .execute(db)
        .await?;
    Ok(())
}

/// Whether what a session came of still is there, and the operator's.
async fn source_lives(db: &mut SqliteConnection, session: &SessionRecord) -> Attempt<bool> {
    match session.by {
        SignedInBy::Password => Ok(true),
        SignedInBy::Token(kid) => {
            let token = tokens::find(db, kid).await?;
            Ok(token.is_some_and(|token| {
                token.principal == Principal::Operator(session.operator)
                    && !matches!(token.state, TokenState::Revoked { .. })
            }))
        }
        SignedInBy::Device(id) => {
            let row = sqlx::query("SELECT 1 FROM devices WHERE id = ? AND operator = ?")
                .bind(id.as_bytes().as_slice())
                .bind(session.operator.as_bytes().as_slice())
                .fetch_optional(db)
                .await?;
            Ok(row.is_some())
        }
    }
}

pub(crate) async fn begin(
    db: &mut SqliteConnection,
    session: &SessionRecord,
    ended: &[Kid],
) -> Attempt<()> {
    operators::find(db, session.operator).await?;
    if !source_lives(db, session).await? {
        return Err(StoreError::NotFound.into());
    }
    let (token, device) = match session.by {
        SignedInBy::Password => (None, None),
        SignedInBy::Token(kid) => (Some(kid.as_bytes().to_vec()), None),
        SignedInBy::Device(id) => (None, Some(id.as_bytes().to_vec())),
    };
    sqlx::query(
        "INSERT INTO sessions (kid, operator, digest, token, device, created_at, seen_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(session.kid.as_bytes().as_slice())
    .bind(session.operator.as_bytes().as_slice())
    .bind(session.digest.as_bytes().as_slice())
    .bind(token)
    .bind(device)
    .bind(moment(session.created_at))
    .bind(moment(session.seen_at))
    .execute(&mut *db)
    .await?;
    end(db, ended).await
}

pub(crate) async fn note_seen(db: &mut SqliteConnection, seen: &[(Kid, Timestamp)]) -> Attempt<()> {
    for (kid, at) in seen {
        sqlx::query("UPDATE sessions SET seen_at = ? WHERE kid = ?")
            .bind(moment(*at))
            .bind(kid.as_bytes().as_slice())
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

pub(crate) async fn end(db: &mut SqliteConnection, ended: &[Kid]) -> Attempt<()> {
    for kid in ended {
        sqlx::query("DELETE FROM sessions WHERE kid = ?")
            .bind(kid.as_bytes().as_slice())
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

pub(crate) async fn end_of_token(db: &mut SqliteConnection, kid: Kid) -> Attempt<()> {
    sqlx::query("DELETE FROM sessions WHERE token = ?")
        .bind(kid.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

/// Ends the sessions that began with any token of the principal.
pub(crate) async fn end_of_tokens_of(db: &mut SqliteConnection, whose: Principal) -> Attempt<()> {
    let Principal::Operator(id) = whose else {
        return Ok(());
    };
    sqlx::query("DELETE FROM sessions WHERE operator = ? AND token IS NOT NULL")
        .bind(id.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn pair(db: &mut SqliteConnection, device: &Device) -> Attempt<()> {
    operators::find(db, device.operator).await?;
    let taken = sqlx::query("SELECT 1 FROM devices WHERE operator = ? AND name = ?")
        .bind(device.operator.as_bytes().as_slice())
        .bind(device.name.as_str())
        .fetch_optional(&mut *db)
        .await?;
    if taken.is_some() {
        return Err(StoreError::NameTaken.into());
    }
    sqlx::query(
        "INSERT INTO devices (id, operator, name, kid, digest, created_at) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(device.id.as_bytes().as_slice())
    .bind(device.operator.as_bytes().as_slice())
    .bind(device.name.as_str())
    .bind(device.kid.as_bytes().as_slice())
    .bind(device.digest.as_bytes().as_slice())
    .bind(moment(device.created_at))
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn rotate(
    db: &mut SqliteConnection,
    id: DeviceId,
    next: DeviceToken,
    now: Timestamp,
) -> Attempt<()> {
    let row = sqlx::query("SELECT * FROM devices WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .fetch_optional(&mut *db)
        .await?;
    let device = read_device(&row.ok_or(StoreError::NotFound)?)?;
    write_tokens(db, &device.succeeded_by(next, now)).await
}

/// The first use of a device's latest token.
pub(crate) async fn mark_device_use(
    db: &mut SqliteConnection,
    kid: Kid,
    at: Timestamp,
) -> Attempt<()> {
    let row = sqlx::query("SELECT * FROM devices WHERE kid = ?")
        .bind(kid.as_bytes().as_slice())
        .fetch_optional(&mut *db)
        .await?;
    let mut device = read_device(&row.ok_or(StoreError::NotFound)?)?;
    device.note_use(at);
    write_tokens(db, &device).await
}

async fn write_tokens(db: &mut SqliteConnection, device: &Device) -> Attempt<()> {
    let before = device.before.as_ref();
    sqlx::query(
        "UPDATE devices SET kid = ?, digest = ?, overlap_ms = ?, first_used_at = ?, before_kid = ?, before_digest = ?,
             before_until = ?
         WHERE id = ?",
    )
    .bind(device.kid.as_bytes().as_slice())
    .bind(device.digest.as_bytes().as_slice())
    .bind(number(device.overlap_ms))
    .bind(device.first_used_at.map(moment))
    .bind(before.map(|before| before.kid.as_bytes().to_vec()))
    .bind(before.map(|before| before.digest.as_bytes().to_vec()))
    .bind(before.and_then(|before| before.until).map(moment))
    .bind(device.id.as_bytes().as_slice())
    .execute(db)
    .await?;
    Ok(())
}

/// Deletes the row, and with it the device's sessions.
pub(crate) async fn unpair(db: &mut SqliteConnection, id: DeviceId) -> Attempt<()> {
    let deleted = sqlx::query("DELETE FROM devices WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .execute(db)
        .await?;
    if deleted.rows_affected() == 0 {
        return Err(StoreError::NotFound.into());
    }
    Ok(())
}
