//! Imported tokens in the database.

use crate::failure::{Attempt, Failure};
use crate::row::Columns;
use crate::store::commit;
use crate::{SqliteStore, agents, journal, keys};
use portunus_core::audit::AuditEvent;
use portunus_core::imported::Pbkdf2;
use portunus_core::name::Slug;
use portunus_core::token::{Kid, TokenDigest};
use portunus_store::{
    ImportBatch, ImportGround, ImportStore, ImportedAgent, ImportedToken, Result, StoreError,
};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use std::num::NonZeroU32;

/// Agents that are written or looked for at once: a statement takes 32,766 values.
const AT_ONCE: usize = 500;

fn read(row: &SqliteRow) -> Attempt<(ImportedToken, TokenDigest)> {
    let row = Columns(row);
    let slow = match row.optional_bytes("slow_hash")? {
        None => None,
        Some(digest) => Some(Pbkdf2 {
            iterations: NonZeroU32::new(row.count("iterations")?)
                .ok_or(Failure::Malformed("iterations"))?,
            salt: row.text("salt")?.into(),
            digest,
            prefix: row.optional_text("prefix")?.map(Into::into),
        }),
    };
    let imported = ImportedToken {
        kid: Kid::from_bytes(row.bytes("kid")?),
        mark: row.bytes("mark")?,
        slow,
    };
    Ok((imported, TokenDigest::from_bytes(row.bytes("digest")?)))
}

async fn insert(db: &mut SqliteConnection, tokens: &[ImportedAgent]) -> Attempt<()> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO imported_tokens (kid, mark, iterations, salt, slow_hash, prefix) ",
    );
    query.push_values(tokens, |mut row, ImportedAgent { imported, .. }| {
        let slow = imported.slow.as_ref();
        row.push_bind(imported.kid.as_bytes().as_slice())
            .push_bind(imported.mark.as_slice())
            .push_bind(slow.map(|slow| i64::from(slow.iterations.get())))
            .push_bind(slow.map(|slow| &*slow.salt))
            .push_bind(slow.map(|slow| slow.digest.as_slice()))
            .push_bind(slow.and_then(|slow| slow.prefix.as_deref()));
    });
    query.build().execute(db).await?;
    Ok(())
}

async fn import(db: &mut SqliteConnection, batch: &ImportBatch) -> Attempt<()> {
    for some in batch.agents.chunks(AT_ONCE) {
        if some.iter().any(|one| one.imported.kid != one.token.kid) {
            return Err(StoreError::Inconsistent("the identifier exists already").into());
        }
        let new: Vec<_> = some.iter().map(|one| (&one.agent, &one.token)).collect();
        agents::create_agents(db, &new).await?;
        insert(db, some).await?;
    }
    for key in &batch.keys {
        keys::add(db, key).await?;
    }
    journal::record_all(db, &batch.events).await
}

/// See [`ImportGround`]. The caller holds a transaction, so that both are of one moment.
async fn ground(db: &mut SqliteConnection, names: &[Slug], kids: &[Kid]) -> Attempt<ImportGround> {
    let mut ground = ImportGround::default();
    for some in names.chunks(AT_ONCE) {
        let found = agents::ids_of(&mut *db, some.iter().map(Slug::as_str)).await?;
        ground.agents.extend(found);
    }
    for some in kids.chunks(AT_ONCE) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT kid, principal_kind, principal_id FROM tokens WHERE kid IN (",
        );
        let mut listed = query.separated(", ");
        for kid in some {
            listed.push_bind(kid.as_bytes().as_slice());
        }
        query.push(")");
        for row in &query.build().fetch_all(&mut *db).await? {
            let row = Columns(row);
            let owner = row.principal("principal_kind", "principal_id")?;
            ground
                .owners
                .insert(Kid::from_bytes(row.bytes("kid")?), owner);
        }
    }
    Ok(ground)
}

/// Whether a slow hash was there to be replaced.
async fn upgrade(db: &mut SqliteConnection, kid: Kid, digest: TokenDigest) -> Attempt<bool> {
    let row = sqlx::query("SELECT slow_hash FROM imported_tokens WHERE kid = ?")
        .bind(kid.as_bytes().as_slice())
        .fetch_optional(&mut *db)
        .await?;
    let row = row.ok_or(StoreError::NotFound)?;
    if Columns(&row).optional_bytes::<32>("slow_hash")?.is_none() {
        return Ok(false);
    }
    sqlx::query(
        "UPDATE imported_tokens SET iterations = NULL, salt = NULL, slow_hash = NULL, prefix = NULL
         WHERE kid = ?",
    )
    .bind(kid.as_bytes().as_slice())
    .execute(&mut *db)
    .await?;
    sqlx::query("UPDATE tokens SET digest = ? WHERE kid = ?")
        .bind(digest.as_bytes().as_slice())
        .bind(kid.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(true)
}

#[async_trait::async_trait]
impl ImportStore for SqliteStore {
    async fn import(&self, batch: &ImportBatch) -> Result<()> {
        let mut tx = self.change().await?;
        import(&mut tx, batch).await?;
        commit(tx).await
    }

    async fn import_ground(&self, names: &[Slug], kids: &[Kid]) -> Result<ImportGround> {
        let mut tx = self.readers().begin().await.map_err(Failure::from)?;
        Ok(ground(&mut tx, names, kids).await?)
    }

    async fn imported_tokens(&self) -> Result<Vec<(ImportedToken, TokenDigest)>> {
        let mut db = self.reader().await?;
        let rows = sqlx::query(
            "SELECT i.*, t.digest FROM imported_tokens i JOIN tokens t ON t.kid = i.kid ORDER BY i.kid",
        )
        .fetch_all(&mut *db)
        .await
        .map_err(Failure::from)?;
        Ok(rows.iter().map(read).collect::<Attempt<_>>()?)
    }

    async fn upgrade_imported(
        &self,
        kid: Kid,
        digest: TokenDigest,
        event: &AuditEvent,
    ) -> Result<()> {
        let mut tx = self.change().await?;
        if upgrade(&mut tx, kid, digest).await? {
            journal::record(&mut tx, event).await?;
        }
        commit(tx).await
    }
}
