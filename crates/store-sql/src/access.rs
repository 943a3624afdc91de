//! Signing keys and families of access tokens in the database.

use crate::agents;
use crate::failure::{Attempt, Failure};
use crate::row::{Columns, moment, number, principal as parts};
use crate::tokens;
use portunus_core::access::family::Issue;
use portunus_core::access::{SigningKey, SigningState, TokenFamily};
use portunus_core::agent::Principal;
use portunus_core::credential::TokenState;
use portunus_core::ids::{AgentId, FamilyId, SigningKeyId};
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use portunus_store::StoreError;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

fn read_key(row: &SqliteRow) -> Attempt<SigningKey> {
    let row = Columns(row);
    let state = match (row.text("state")?, row.optional_moment("verifies_until")?) {
        ("active", None) => SigningState::Active,
        ("retiring", Some(until)) => SigningState::Retiring { until },
        _ => return Err(Failure::Malformed("state")),
    };
    Ok(SigningKey {
        id: SigningKeyId::from_bytes(row.bytes("id")?),
        public: row.bytes("public")?,
        sealed: row.blob("sealed")?,
        state,
        created_at: row.moment("created_at")?,
    })
}

fn read_family(row: &SqliteRow) -> Attempt<TokenFamily> {
    let row = Columns(row);
    Ok(TokenFamily {
        id: FamilyId::from_bytes(row.bytes("id")?),
        principal: row.principal("principal_kind", "principal_id")?,
        token: Kid::from_bytes(row.bytes("token")?),
        parent: row.optional_bytes("parent")?.map(FamilyId::from_bytes),
        scope: row.name("scope")?,
        generation: row.count("generation")?,
        current: Issue {
            jti: Kid::from_bytes(row.bytes("jti")?),
            at: row.moment("issued_at")?,
            used_at: row.optional_moment("used_at")?,
        },
        previous: row.optional_bytes("previous")?.map(Kid::from_bytes),
        created_at: row.moment("created_at")?,
        ends_at: row.moment("ends_at")?,
        token_expires_at: row.optional_moment("token_expires_at")?,
    })
}

pub(crate) async fn signing_keys(db: &mut SqliteConnection) -> Attempt<Vec<SigningKey>> {
    let rows = sqlx::query("SELECT * FROM signing_keys ORDER BY id")
        .fetch_all(db)
        .await?;
    rows.iter().map(read_key).collect()
}

pub(crate) async fn families(db: &mut SqliteConnection) -> Attempt<Vec<TokenFamily>> {
    let rows = sqlx::query("SELECT * FROM families ORDER BY id")
        .fetch_all(db)
        .await?;
    rows.iter().map(read_family).collect()
}

pub(crate) async fn add_signing_key(
    db: &mut SqliteConnection,
    key: &SigningKey,
    predecessor: Option<SigningKeyId>,
    overlap_end: Timestamp,
) -> Attempt<()> {
    let signing = sqlx::query("SELECT * FROM signing_keys WHERE state = 'active'")
        .fetch_optional(&mut *db)
        .await?;
    let signing = signing.as_ref().map(read_key).transpose()?;
    if signing.map(|known| known.id) != predecessor {
        return Err(StoreError::Inconsistent("another key signs").into());
    }
    sqlx::query(
        "UPDATE signing_keys SET state = 'retiring', verifies_until = ? WHERE state = 'active'",
    )
    .bind(moment(overlap_end))
    .execute(&mut *db)
    .await?;
    sqlx::query("DELETE FROM signing_keys WHERE verifies_until <= ?")
        .bind(moment(key.created_at))
        .execute(&mut *db)
        .await?;
    sqlx::query(
        "INSERT INTO signing_keys (id, public, sealed, state, created_at)
         VALUES (?, ?, ?, 'active', ?)",
    )
    .bind(key.id.as_bytes().as_slice())
    .bind(key.public.as_slice())
    .bind(key.sealed.as_slice())
    .bind(moment(key.created_at))
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn begin_family(db: &mut SqliteConnection, family: &TokenFamily) -> Attempt<()> {
    let token = tokens::find(db, family.token).await?;
    let lives = token.is_some_and(|token| {
        token.principal == family.principal && !matches!(token.state, TokenState::Revoked { .. })
    });
    if !lives || !agents::exists(db, family.principal).await? {
        return Err(StoreError::NotFound.into());
    }
    let (kind, id) = parts(&family.principal);
    sqlx::query(
        "INSERT INTO families (id, principal_kind, principal_id, token, parent, scope, generation,
                               jti, issued_at, used_at, previous, created_at, ends_at,
                               token_expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(family.id.as_bytes().as_slice())
    .bind(kind)
    .bind(id)
    .bind(family.token.as_bytes().as_slice())
    .bind(family.parent.as_ref().map(|id| id.as_bytes().as_slice()))
    .bind(family.scope.to_string())
    .bind(number(family.generation))
    .bind(family.current.jti.as_bytes().as_slice())
    .bind(moment(family.current.at))
    .bind(family.current.used_at.map(moment))
    .bind(
        family
            .previous
            .as_ref()
            .map(|kid| kid.as_bytes().as_slice()),
    )
    .bind(moment(family.created_at))
    .bind(moment(family.ends_at))
    .bind(family.token_expires_at.map(moment))
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn save_family(db: &mut SqliteConnection, family: &TokenFamily) -> Attempt<()> {
    let saved = sqlx::query(
        "UPDATE families SET jti = ?, issued_at = ?, used_at = ?, previous = ? WHERE id = ?",
    )
    .bind(family.current.jti.as_bytes().as_slice())
    .bind(moment(family.current.at))
    .bind(family.current.used_at.map(moment))
    .bind(
        family
            .previous
            .as_ref()
            .map(|kid| kid.as_bytes().as_slice()),
    )
    .bind(family.id.as_bytes().as_slice())
    .execute(db)
    .await?;
    match saved.rows_affected() {
        0 => Err(StoreError::NotFound.into()),
        _ => Ok(()),
    }
}

pub(crate) async fn end_families(db: &mut SqliteConnection, families: &[FamilyId]) -> Attempt<()> {
    for id in families {
        sqlx::query("DELETE FROM families WHERE id = ?")
            .bind(id.as_bytes().as_slice())
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

pub(crate) async fn end_families_of_token(db: &mut SqliteConnection, kid: Kid) -> Attempt<()> {
    sqlx::query("DELETE FROM families WHERE token = ?")
        .bind(kid.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn end_families_of(db: &mut SqliteConnection, whose: Principal) -> Attempt<()> {
    let (kind, id) = parts(&whose);
    sqlx::query("DELETE FROM families WHERE principal_kind = ? AND principal_id = ?")
        .bind(kind)
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn raise_generation(db: &mut SqliteConnection, id: AgentId) -> Attempt<u64> {
    sqlx::query("UPDATE agents SET generation = generation + 1 WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    end_families_of(db, Principal::Agent(id)).await?;
    Ok(agents::agent(db, id).await?.generation)
}
