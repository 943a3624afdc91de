//! Operators in the database.

use crate::failure::{Attempt, Failure};
use crate::row::{Columns, moment};
use crate::{access, tokens};
use portunus_core::agent::Principal;
use portunus_core::credential::TokenRecord;
use portunus_core::ids::OperatorId;
use portunus_core::name::Slug;
use portunus_core::operator::{Authority, Operator};
use portunus_core::scope::ScopeSet;
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use portunus_store::{Force, Listing, Page, StoreError, position, rotation};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, SqliteConnection};

fn read(row: &SqliteRow) -> Attempt<Operator> {
    let row = Columns(row);
    let role = row.optional_name("role")?;
    let explicit = row.optional_name::<ScopeSet>("scopes")?;
    Ok(Operator {
        id: OperatorId::from_bytes(row.bytes("id")?),
        name: row.name("name")?,
        authority: Authority::new(role, explicit).ok_or(Failure::Malformed("scopes"))?,
        created_at: row.moment("created_at")?,
    })
}

/// An authority as its two columns.
fn columns(authority: &Authority) -> (Option<&'static str>, Option<String>) {
    let role = authority.role().map(|role| role.as_str());
    (role, authority.explicit().map(ToString::to_string))
}

pub(crate) async fn all(db: &mut SqliteConnection) -> Attempt<Vec<Operator>> {
    let rows = sqlx::query("SELECT * FROM operators").fetch_all(db).await?;
    rows.iter().map(read).collect()
}

pub(crate) async fn create(
    db: &mut SqliteConnection,
    operator: &Operator,
    token: &TokenRecord,
) -> Attempt<()> {
    rotation::check_new(Principal::Operator(operator.id), token)?;
    let taken = sqlx::query("SELECT 1 FROM operators WHERE name = ?")
        .bind(operator.name.as_str())
        .fetch_optional(&mut *db)
        .await?;
    if taken.is_some() {
        return Err(StoreError::NameTaken.into());
    }
    let (role, scopes) = columns(&operator.authority);
    sqlx::query(
        "INSERT INTO operators (id, name, role, scopes, created_at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(operator.id.as_bytes().as_slice())
    .bind(operator.name.as_str())
    .bind(role)
    .bind(scopes)
    .bind(moment(operator.created_at))
    .execute(&mut *db)
    .await?;
    tokens::insert(db, token).await
}

pub(crate) async fn find(db: &mut SqliteConnection, id: OperatorId) -> Attempt<Operator> {
    let row = sqlx::query("SELECT * FROM operators WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    read(&row.ok_or(StoreError::NotFound)?)
}

pub(crate) async fn by_name(db: &mut SqliteConnection, name: &Slug) -> Attempt<Operator> {
    let row = sqlx::query("SELECT * FROM operators WHERE name = ?")
        .bind(name.as_str())
        .fetch_optional(db)
        .await?;
    read(&row.ok_or(StoreError::NotFound)?)
}

pub(crate) async fn list(db: &mut SqliteConnection, page: &Page) -> Attempt<Listing<Operator>> {
    let mut query = QueryBuilder::new("SELECT * FROM operators");
    if let Some(cursor) = &page.after {
        let name = position::operator_name(cursor)?;
        query.push(" WHERE name > ").push_bind(name.to_string());
    }
    query.push(" ORDER BY name LIMIT ").push_bind(page.reach());
    let rows = query.build().fetch_all(db).await?;
    let operators = rows.iter().map(read).collect::<Attempt<_>>()?;
    Ok(Listing::cut(
        operators,
        page.size(),
        position::after_operator,
    ))
}

pub(crate) async fn update(
    db: &mut SqliteConnection,
    id: OperatorId,
    authority: &Authority,
    force: Force,
) -> Attempt<()> {
    let operator = find(db, id).await?;
    if !authority.administers() {
        keep_an_administrator(db, &operator, force).await?;
    }
    let (role, scopes) = columns(authority);
    sqlx::query("UPDATE operators SET role = ?, scopes = ? WHERE id = ?")
        .bind(role)
        .bind(scopes)
        .bind(id.as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    access::end_families_of(db, Principal::Operator(id)).await
}

pub(crate) async fn delete(
    db: &mut SqliteConnection,
    id: OperatorId,
    at: Timestamp,
    force: Force,
) -> Attempt<Vec<Kid>> {
    let operator = find(db, id).await?;
    keep_an_administrator(db, &operator, force).await?;
    sqlx::query("DELETE FROM operators WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    access::end_families_of(db, Principal::Operator(id)).await?;
    tokens::revoke_all(db, Principal::Operator(id), at).await
}

pub(crate) async fn keep_an_administrator(
    db: &mut SqliteConnection,
    leaving: &Operator,
    force: Force,
) -> Attempt<()> {
    if force == Force::Yes || !leaving.authority.administers() {
        return Ok(());
    }
    let leaving = leaving.id;
    if lasting_tokens(db, |whose, _| whose != leaving).await? {
        return Ok(());
    }
    Err(StoreError::LastAdministrator.into())
}

/// Whether a token that lasts and that is `wanted` is one of an operator who administers: [`TokenRecord::lasts`],
/// [`Authority::administers`].
pub(crate) async fn lasting_tokens(
    db: &mut SqliteConnection,
    wanted: impl Fn(OperatorId, Kid) -> bool,
) -> Attempt<bool> {
    let rows = sqlx::query(
        "SELECT o.id, t.kid FROM tokens t JOIN operators o ON o.id = t.principal_id
         WHERE t.principal_kind = 'operator' AND t.state <> 'revoked' AND t.ends_at IS NULL
         AND t.expires_at IS NULL AND (o.role = 'admin' OR o.scopes = '*.*')",
    )
    .fetch_all(db)
    .await?;
    for row in &rows {
        let row = Columns(row);
        let id = OperatorId::from_bytes(row.bytes("id")?);
        if wanted(id, Kid::from_bytes(row.bytes("kid")?)) {
            return Ok(true);
        }
    }
    Ok(false)
}
