//! Agents in the database.

use crate::access;
use crate::failure::Attempt;
use crate::messages;
use crate::row::{Columns, moment, number};
use crate::tokens;
use portunus_core::agent::{Agent, Principal};
use portunus_core::credential::TokenRecord;
use portunus_core::ids::{AgentId, FamilyId};
use portunus_core::name::{DisplayName, Slug};
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use portunus_store::{AgentTokens, Listing, Page, Standing, StoreError, position, rotation};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use std::collections::{HashMap, HashSet};

fn read_agent(row: &SqliteRow) -> Attempt<Agent> {
    let row = Columns(row);
    Ok(Agent {
        id: AgentId::from_bytes(row.bytes("id")?),
        name: row.name("name")?,
        scopes: row.name("scopes")?,
        generation: row.count("generation")?,
        created_at: row.moment("created_at")?,
        display_name: row.optional_name("display_name")?,
        archived_at: row.optional_moment("archived_at")?,
    })
}

/// Agents by id with their living tokens; the caller holds a transaction, so that both are of one moment.
pub(crate) async fn with_tokens(
    db: &mut SqliteConnection,
    from: AgentId,
    limit: u32,
) -> Attempt<Vec<AgentTokens>> {
    let rows = sqlx::query(
        "SELECT * FROM agents WHERE id >= ? AND archived_at IS NULL ORDER BY id LIMIT ?",
    )
    .bind(from.as_bytes().as_slice())
    .bind(limit)
    .fetch_all(&mut *db)
    .await?;
    let agents: Vec<Agent> = rows.iter().map(read_agent).collect::<Attempt<_>>()?;
    let Some(last) = agents.last() else {
        return Ok(Vec::new());
    };
    let mut tokens: HashMap<Principal, Vec<TokenRecord>> = HashMap::new();
    for token in tokens::of_agents(db, from, last.id).await? {
        tokens.entry(token.principal).or_default().push(token);
    }
    let with_tokens = agents.into_iter().map(|agent| AgentTokens {
        tokens: tokens
            .remove(&Principal::Agent(agent.id))
            .unwrap_or_default(),
        agent,
    });
    Ok(with_tokens.collect())
}

pub(crate) async fn create_agent(
    db: &mut SqliteConnection,
    agent: &Agent,
    token: &TokenRecord,
) -> Attempt<()> {
    create_agents(db, &[(agent, token)]).await
}

/// New agents with their first tokens, however many by the same few statements.
pub(crate) async fn create_agents(
    db: &mut SqliteConnection,
    new: &[(&Agent, &TokenRecord)],
) -> Attempt<()> {
    let (mut agents, mut tokens) = (Vec::new(), Vec::new());
    let mut names = HashSet::new();
    for (agent, token) in new {
        rotation::check_new(Principal::Agent(agent.id), token)?;
        if !names.insert(agent.name.as_str()) {
            return Err(StoreError::NameTaken.into());
        }
        agents.push(*agent);
        tokens.push(*token);
    }
    let taken = !ids_of(db, names.into_iter()).await?.is_empty();
    if taken {
        return Err(StoreError::NameTaken.into());
    }
    insert_all(db, &agents).await?;
    messages::open_inboxes(db, &agents).await?;
    tokens::insert_all(db, &tokens).await
}

/// The agents of these names, archived ones too.
pub(crate) async fn ids_of(
    db: &mut SqliteConnection,
    names: impl Iterator<Item = &str>,
) -> Attempt<HashMap<Slug, AgentId>> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT name, id FROM agents WHERE name IN (");
    let mut listed = query.separated(", ");
    for name in names {
        listed.push_bind(name);
    }
    query.push(")");
    let rows = query.build().fetch_all(db).await?;
    let found = rows.iter().map(|row| {
        let row = Columns(row);
        Ok((row.name("name")?, AgentId::from_bytes(row.bytes("id")?)))
    });
    found.collect()
}

async fn insert_all(db: &mut SqliteConnection, agents: &[&Agent]) -> Attempt<()> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO agents (id, name, scopes, generation, created_at, display_name, archived_at) ",
    );
    query.push_values(agents, |mut row, agent| {
        row.push_bind(agent.id.as_bytes().as_slice())
            .push_bind(agent.name.as_str())
            .push_bind(agent.scopes.to_string())
            .push_bind(number(agent.generation))
            .push_bind(moment(agent.created_at))
            .push_bind(agent.display_name.as_ref().map(DisplayName::as_str))
            .push_bind(agent.archived_at.map(moment));
    });
    query.build().execute(db).await?;
    Ok(())
}

/// Deletes the row, and with it the agent's bindings, and ends the tokens.
pub(crate) async fn delete_agent(
    db: &mut SqliteConnection,
    id: AgentId,
    at: Timestamp,
) -> Attempt<Vec<Kid>> {
    messages::close_inbox(db, id, at).await?;
    let deleted = sqlx::query("DELETE FROM agents WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    if deleted.rows_affected() == 0 {
        return Err(StoreError::NotFound.into());
    }
    access::end_families_of(db, Principal::Agent(id)).await?;
    tokens::revoke_all(db, Principal::Agent(id), at).await
}

pub(crate) async fn update_agent(
    db: &mut SqliteConnection,
    agent: &Agent,
    ended: &[FamilyId],
) -> Attempt<()> {
    let updated = sqlx::query("UPDATE agents SET display_name = ?, scopes = ? WHERE id = ?")
        .bind(agent.display_name.as_ref().map(DisplayName::as_str))
        .bind(agent.scopes.to_string())
        .bind(agent.id.as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    if updated.rows_affected() == 0 {
        return Err(StoreError::NotFound.into());
    }
    access::end_families(db, ended).await
}

/// Ends all credentials and keeps the row.
pub(crate) async fn archive_agent(
    db: &mut SqliteConnection,
    id: AgentId,
    at: Timestamp,
) -> Attempt<Vec<Kid>> {
    check_living(db, Principal::Agent(id)).await?;
    set_archived(db, id, Some(at)).await?;
    access::end_families_of(db, Principal::Agent(id)).await?;
    tokens::revoke_all(db, Principal::Agent(id), at).await
}

pub(crate) async fn restore_agent(
    db: &mut SqliteConnection,
    id: AgentId,
    token: &TokenRecord,
) -> Attempt<()> {
    rotation::check_new(Principal::Agent(id), token)?;
    if agent(db, id).await?.archived_at.is_none() {
        return Err(StoreError::NotArchived.into());
    }
    set_archived(db, id, None).await?;
    // It begins anew: nobody waits for it, and nobody has paused it.
    sqlx::query("DELETE FROM liveness WHERE agent = ?")
        .bind(id.as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    tokens::insert(db, token).await
}

async fn set_archived(
    db: &mut SqliteConnection,
    id: AgentId,
    at: Option<Timestamp>,
) -> Attempt<()> {
    sqlx::query("UPDATE agents SET archived_at = ? WHERE id = ?")
        .bind(at.map(moment))
        .bind(id.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

/// Refuses a principal that may have no credentials.
pub(crate) async fn check_living(db: &mut SqliteConnection, principal: Principal) -> Attempt<()> {
    match principal {
        Principal::Agent(id) if agent(db, id).await?.archived_at.is_some() => {
            Err(StoreError::Archived.into())
        }
        _ if exists(db, principal).await? => Ok(()),
        _ => Err(StoreError::NotFound.into()),
    }
}

pub(crate) async fn exists(db: &mut SqliteConnection, principal: Principal) -> Attempt<bool> {
    let (query, id) = match &principal {
        Principal::Agent(id) => ("SELECT 1 FROM agents WHERE id = ?", id.as_bytes()),
        Principal::Operator(id) => ("SELECT 1 FROM operators WHERE id = ?", id.as_bytes()),
    };
    let row = sqlx::query(query)
        .bind(id.as_slice())
        .fetch_optional(db)
        .await?;
    Ok(row.is_some())
}

pub(crate) async fn agent(db: &mut SqliteConnection, id: AgentId) -> Attempt<Agent> {
    let row = sqlx::query("SELECT * FROM agents WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    read_agent(&row.ok_or(StoreError::NotFound)?)
}

pub(crate) async fn agent_by_name(db: &mut SqliteConnection, name: &Slug) -> Attempt<Agent> {
    let row = sqlx::query("SELECT * FROM agents WHERE name = ?")
        .bind(name.as_str())
        .fetch_optional(db)
        .await?;
    read_agent(&row.ok_or(StoreError::NotFound)?)
}

pub(crate) async fn agent_names_like(db: &mut SqliteConnection, name: &Slug) -> Attempt<Vec<Slug>> {
    // Names have no dot, which comes right after the hyphen: the range is all that begins with `name-`.
    let rows = sqlx::query("SELECT name FROM agents WHERE name = ? OR (name >= ? AND name < ?)")
        .bind(name.as_str())
        .bind(format!("{name}-"))
        .bind(format!("{name}."))
        .fetch_all(db)
        .await?;
    rows.iter().map(|row| Columns(row).name("name")).collect()
}

pub(crate) async fn list_agents(
    db: &mut SqliteConnection,
    standing: Standing,
    page: &Page,
) -> Attempt<Listing<Agent>> {
    let mut query = QueryBuilder::new(match standing {
        Standing::Living => "SELECT * FROM agents WHERE archived_at IS NULL",
        Standing::Archived => "SELECT * FROM agents WHERE archived_at IS NOT NULL",
    });
    if let Some(cursor) = &page.after {
        let name = position::agent_name(cursor)?;
        query.push(" AND name > ").push_bind(name.to_string());
    }
    query.push(" ORDER BY name LIMIT ").push_bind(page.reach());
    let rows = query.build().fetch_all(db).await?;
    let agents = rows.iter().map(read_agent).collect::<Attempt<_>>()?;
    Ok(Listing::cut(agents, page.size(), position::after_agent))
}
