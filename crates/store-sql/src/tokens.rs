//! Tokens in the database: lists, rotation, revocation, first use.

use crate::access;
use crate::agents;
use crate::failure::{Attempt, Failure};
use crate::operators;
use crate::row::{Columns, moment, number, principal as parts};
use crate::sessions;
use portunus_core::agent::Principal;
use portunus_core::credential::{TokenRecord, TokenState};
use portunus_core::ids::AgentId;
use portunus_core::time::Timestamp;
use portunus_core::token::{Kid, TokenDigest};
use portunus_store::rotation::{self, Fate};
use portunus_store::{Force, Listing, Page, Rotation, StoreError, position};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

/// The principal's one active and one retiring token; the conditions are spelled so that the partial indexes serve.
const ACTIVE: &str =
    "SELECT * FROM tokens WHERE principal_kind = ? AND principal_id = ? AND state = 'active'";
const RETIRING: &str =
    "SELECT * FROM tokens WHERE principal_kind = ? AND principal_id = ? AND state = 'retiring'";

fn read(row: &SqliteRow) -> Attempt<TokenRecord> {
    let row = Columns(row);
    let ends_at = row.optional_moment("ends_at")?;
    let state = match (row.text("state")?, ends_at) {
        ("active", None) => TokenState::Active,
        ("retiring", until) => TokenState::Retiring { until },
        ("revoked", Some(at)) => TokenState::Revoked { at },
        _ => return Err(Failure::Malformed("state")),
    };
    Ok(TokenRecord {
        kid: Kid::from_bytes(row.bytes("kid")?),
        principal: row.principal("principal_kind", "principal_id")?,
        digest: TokenDigest::from_bytes(row.bytes("digest")?),
        state,
        created_at: row.moment("created_at")?,
        first_used_at: row.optional_moment("first_used_at")?,
        overlap_ms: row.count("overlap_ms")?,
        expires_at: row.optional_moment("expires_at")?,
    })
}

/// A state as its two columns.
fn columns(state: TokenState) -> (&'static str, Option<i64>) {
    match state {
        TokenState::Active => ("active", None),
        TokenState::Retiring { until } => ("retiring", until.map(moment)),
        TokenState::Revoked { at } => ("revoked", Some(moment(at))),
    }
}

/// The living tokens of operators; the conditions are spelled so that the partial indexes serve.
pub(crate) async fn of_operators(db: &mut SqliteConnection) -> Attempt<Vec<TokenRecord>> {
    let rows = sqlx::query(
        "SELECT * FROM tokens WHERE principal_kind = 'operator' AND state = 'active'
         UNION ALL SELECT * FROM tokens WHERE principal_kind = 'operator' AND state = 'retiring'",
    )
    .fetch_all(db)
    .await?;
    rows.iter().map(read).collect()
}

/// The living tokens of agents whose ids are `first` to `last`, active ones first.
pub(crate) async fn of_agents(
    db: &mut SqliteConnection,
    first: AgentId,
    last: AgentId,
) -> Attempt<Vec<TokenRecord>> {
    let rows = sqlx::query(
        "SELECT * FROM tokens WHERE principal_kind = 'agent' AND state = 'active'
         AND principal_id BETWEEN ?1 AND ?2
         UNION ALL SELECT * FROM tokens WHERE principal_kind = 'agent' AND state = 'retiring'
         AND principal_id BETWEEN ?1 AND ?2",
    )
    .bind(first.as_bytes().as_slice())
    .bind(last.as_bytes().as_slice())
    .fetch_all(db)
    .await?;
    rows.iter().map(read).collect()
}

pub(crate) async fn insert(db: &mut SqliteConnection, token: &TokenRecord) -> Attempt<()> {
    insert_all(db, &[token]).await
}

/// Writes all of them by one statement.
pub(crate) async fn insert_all(db: &mut SqliteConnection, tokens: &[&TokenRecord]) -> Attempt<()> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO tokens (kid, principal_kind, principal_id, digest, state, ends_at, created_at,
                             first_used_at, overlap_ms, expires_at) ",
    );
    query.push_values(tokens, |mut row, token| {
        let (kind, id) = parts(&token.principal);
        let (state, ends_at) = columns(token.state);
        row.push_bind(token.kid.as_bytes().as_slice())
            .push_bind(kind)
            .push_bind(id)
            .push_bind(token.digest.as_bytes().as_slice())
            .push_bind(state)
            .push_bind(ends_at)
            .push_bind(moment(token.created_at))
            .push_bind(token.first_used_at.map(moment))
            .push_bind(number(token.overlap_ms))
            .push_bind(token.expires_at.map(moment));
    });
    query.build().execute(db).await?;
    Ok(())
}

async fn set_state(db: &mut SqliteConnection, kid: Kid, state: TokenState) -> Attempt<()> {
    let (state, ends_at) = columns(state);
    sqlx::query("UPDATE tokens SET state = ?, ends_at = ? WHERE kid = ?")
        .bind(state)
        .bind(ends_at)
        .bind(kid.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

async fn of(
    db: &mut SqliteConnection,
    query: &'static str,
    principal: Principal,
) -> Attempt<Option<TokenRecord>> {
    let (kind, id) = parts(&principal);
    let row = sqlx::query(query)
        .bind(kind)
        .bind(id)
        .fetch_optional(db)
        .await?;
    row.as_ref().map(read).transpose()
}

pub(crate) async fn find(db: &mut SqliteConnection, kid: Kid) -> Attempt<Option<TokenRecord>> {
    let row = sqlx::query("SELECT * FROM tokens WHERE kid = ?")
        .bind(kid.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    row.as_ref().map(read).transpose()
}

pub(crate) async fn list(
    db: &mut SqliteConnection,
    principal: Option<Principal>,
    page: &Page,
) -> Attempt<Listing<TokenRecord>> {
    let mut query = QueryBuilder::new("SELECT * FROM tokens WHERE true");
    if let Some(whose) = &principal {
        let (kind, id) = parts(whose);
        query.push(" AND principal_kind = ").push_bind(kind);
        query.push(" AND principal_id = ").push_bind(id.to_vec());
    }
    if let Some(cursor) = &page.after {
        let (created_at, kid) = position::token_place(cursor)?;
        query.push(" AND (created_at, kid) < (");
        query.push_bind(moment(created_at)).push(", ");
        query.push_bind(kid.as_bytes().to_vec()).push(")");
    }
    query.push(" ORDER BY created_at DESC, kid DESC LIMIT ");
    query.push_bind(page.reach());
    let rows = query.build().fetch_all(db).await?;
    let tokens = rows.iter().map(read).collect::<Attempt<_>>()?;
    Ok(Listing::cut(tokens, page.size(), position::after_token))
}

pub(crate) async fn rotate(
    db: &mut SqliteConnection,
    principal: Principal,
    successor: &TokenRecord,
    now: Timestamp,
) -> Attempt<Rotation> {
    rotation::check_new(principal, successor)?;
    agents::check_living(db, principal).await?;
    if let (Principal::Operator(id), Some(_)) = (principal, successor.expires_at) {
        let operator = operators::find(db, id).await?;
        operators::keep_an_administrator(db, &operator, Force::No).await?;
    }
    let active = of(db, ACTIVE, principal).await?;
    let retiring = of(db, RETIRING, principal).await?;
    let fates = rotation::plan(active.as_ref(), retiring.as_ref(), successor, now);
    let mut rotation = Rotation::default();
    // The older one first: its place must be free before the active one takes it.
    for (token, fate) in [(retiring, fates.retiring), (active, fates.active)] {
        let Some(mut token) = token else { continue };
        token.state = fate.apply(token.state, now);
        set_state(db, token.kid, token.state).await?;
        match fate {
            Fate::Revoked => rotation.revoked.push(token.kid),
            Fate::Stays | Fate::Retires => rotation.retiring = Some(token),
        }
    }
    insert(db, successor).await?;
    if successor.overlap_ms == 0 {
        access::end_families_of(db, principal).await?;
        sessions::end_of_tokens_of(db, principal).await?;
    }
    Ok(rotation)
}

pub(crate) async fn revoke(
    db: &mut SqliteConnection,
    kid: Kid,
    at: Timestamp,
    force: Force,
) -> Attempt<Option<TokenRecord>> {
    let token = find(db, kid).await?.ok_or(StoreError::NotFound)?;
    if matches!(token.state, TokenState::Revoked { .. }) {
        return Err(StoreError::AlreadyRevoked.into());
    }
    if force == Force::No && is_last_of_administrators(db, kid).await? {
        return Err(StoreError::LastOperatorToken.into());
    }
    let heir = rotation::heir(&token, of(db, RETIRING, token.principal).await?);
    // The ended one first: its place must be free before the heir takes it.
    set_state(db, kid, TokenState::Revoked { at }).await?;
    access::end_families_of_token(db, kid).await?;
    sessions::end_of_token(db, kid).await?;
    if let Some(heir) = &heir {
        set_state(db, heir.kid, heir.state).await?;
    }
    Ok(heir)
}

/// Whether the token is the last one with which the plane can be administered for good.
async fn is_last_of_administrators(db: &mut SqliteConnection, kid: Kid) -> Attempt<bool> {
    let is_one = operators::lasting_tokens(db, |_, other| other == kid).await?;
    Ok(is_one && !operators::lasting_tokens(db, |_, other| other != kid).await?)
}

pub(crate) async fn revoke_all(
    db: &mut SqliteConnection,
    principal: Principal,
    at: Timestamp,
) -> Attempt<Vec<Kid>> {
    let mut revoked = Vec::new();
    for query in [ACTIVE, RETIRING] {
        if let Some(token) = of(db, query, principal).await? {
            set_state(db, token.kid, TokenState::Revoked { at }).await?;
            revoked.push(token.kid);
        }
    }
    Ok(revoked)
}

pub(crate) async fn mark_first_use(
    db: &mut SqliteConnection,
    kid: Kid,
    at: Timestamp,
) -> Attempt<()> {
    let Some(token) = find(db, kid).await? else {
        return sessions::mark_device_use(db, kid, at).await;
    };
    if token.first_used_at.is_some() {
        return Ok(());
    }
    sqlx::query("UPDATE tokens SET first_used_at = ? WHERE kid = ?")
        .bind(moment(at))
        .bind(kid.as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    if token.state != TokenState::Active {
        return Ok(());
    }
    let predecessor = of(db, RETIRING, token.principal).await?;
    match predecessor {
        Some(waiting) if waiting.state == (TokenState::Retiring { until: None }) => {
            let until = Some(at.plus_ms(token.overlap_ms));
            set_state(db, waiting.kid, TokenState::Retiring { until }).await
        }
        _ => Ok(()),
    }
}
