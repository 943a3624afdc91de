//! `portunus agents`.

use super::life;
use super::plane::{Plane, typed};
use super::tokens::{end_words, token_table};
use crate::args::agents::{AgentsArgs, AgentsVerb, Create, Update};
use crate::args::expiry::Expiry;
use crate::client::{Wanted, escape};
use crate::failure::Failure;
use crate::output::{Table, moment};
use portunus_api::Patch;
use portunus_api::access::{AccessRevoked, RevokeAccess};
use portunus_api::agents::{
    Agent, AgentArchived, AgentCreated, AgentDeleted, ArchiveAgent, CreateAgent, RestoreAgent,
    UpdateAgent,
};
use portunus_api::liveness::WatchAgent;
use portunus_api::tokens::Token;
use serde::Serialize;

/// Runs one verb.
pub(super) async fn run(args: AgentsArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    match args.verb {
        AgentsVerb::Create(wanted) => create(&plane, wanted).await,
        AgentsVerb::List {
            archived,
            status,
            page,
        } => {
            let wanted = Wanted {
                limit: page.limit,
                cursor: page.cursor,
            };
            let state = archived.then(|| ("state", "archived".to_owned()));
            let status = status.map(|status| ("status", status.to_string()));
            let query: Vec<_> = state.into_iter().chain(status).collect();
            let words = |agents: &[Agent]| list_words(agents, query.first());
            plane.show_list("/agents", &query, &wanted, words).await
        }
        AgentsVerb::Pause { agent } => watch(&plane, &agent, "pause").await,
        AgentsVerb::Resume { agent } => watch(&plane, &agent, "resume").await,
        AgentsVerb::Show { agent } => show(&plane, &agent).await,
        AgentsVerb::Update(change) => update(&plane, change).await,
        AgentsVerb::Archive { agent } => {
            let path = format!("{}/archive", at(&agent));
            let answer = plane.post(&path, &ArchiveAgent {}).await?;
            plane.show(&answer, |archived: AgentArchived| {
                let name = &archived.agent.name;
                format!(
                    "Archived agent {name}; {}. To have it back: portunus agents restore {name}\n",
                    ended(&archived.revoked)
                )
            })
        }
        AgentsVerb::Restore { agent, expires } => {
            let body = RestoreAgent {
                expires_at: expires.and_then(Expiry::at),
                expires_in_ms: expires.and_then(Expiry::in_ms),
            };
            let path = format!("{}/restore", at(&agent));
            let answer = plane.post(&path, &body).await?;
            let url = plane.url().to_string();
            plane.show(&answer, |restored| token_words("Restored", &restored, &url))
        }
        AgentsVerb::EndAccess { agent } => {
            let path = format!("{}/access/revoke", at(&agent));
            let answer = plane.post(&path, &RevokeAccess {}).await?;
            plane.show(&answer, |ended: AccessRevoked| {
                let families = match ended.families {
                    1 => "1 family of access tokens has ended".to_owned(),
                    count => format!("{count} families of access tokens have ended"),
                };
                format!("{families}; generation {}.\n", ended.generation)
            })
        }
        AgentsVerb::Delete { agent } => {
            let answer = plane.delete(&at(&agent), &[]).await?;
            plane.show(&answer, |deleted: AgentDeleted| {
                let ended = ended(&deleted.revoked);
                format!("Deleted agent {}; {ended}.\n", deleted.agent.name)
            })
        }
    }
}

/// Pauses an agent or has it watched again.
async fn watch(plane: &Plane, agent: &str, verb: &str) -> Result<(), Failure> {
    let path = format!("{}/{verb}", at(agent));
    let answer = plane.post(&path, &WatchAgent {}).await?;
    plane.show(&answer, |agent: Agent| {
        format!("{} is {}.\n", agent.name, agent.status.as_str())
    })
}

async fn create(plane: &Plane, wanted: Create) -> Result<(), Failure> {
    let body = CreateAgent {
        name: wanted.name.map(|name| name.to_string()),
        display_name: wanted.display_name,
        scopes: Some(wanted.scopes).filter(|scopes| !scopes.is_empty()),
        expires_at: wanted.expires.and_then(Expiry::at),
        expires_in_ms: wanted.expires.and_then(Expiry::in_ms),
    };
    let answer = plane.post("/agents", &body).await?;
    let url = plane.url().to_string();
    plane.show(&answer, |created| token_words("Created", &created, &url))
}

async fn update(plane: &Plane, change: Update) -> Result<(), Failure> {
    let body = UpdateAgent {
        display_name: match change.display_name {
            Some(text) => Patch::Set(text),
            None if change.no_display_name => Patch::Clear,
            None => Patch::Keep,
        },
        scopes: Some(change.scopes).filter(|scopes| !scopes.is_empty()),
    };
    let answer = plane.patch(&at(&change.agent), &body).await?;
    plane.show(&answer, |agent: Agent| format!("{}\n", head_words(&agent)))
}

fn at(agent: &str) -> String {
    format!("/agents/{}", escape(agent))
}

fn ended(revoked: &[String]) -> String {
    match revoked.len() {
        1 => "1 token has ended".to_owned(),
        count => format!("{count} tokens have ended"),
    }
}

/// An agent and its tokens.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    agent: Agent,
    tokens: Vec<Token>,
}

async fn show(plane: &Plane, agent: &str) -> Result<(), Failure> {
    let agent: Agent = plane.get(&at(agent), &[]).await?.read()?;
    let query = [("agent", agent.id.clone())];
    let tokens = typed(plane.list("/tokens", &query, &Wanted::ALL).await?)?.items;
    plane.show_value(&Shown { agent, tokens }, |Shown { agent, tokens }| {
        format!("{}\n\n{}", head_words(agent), token_table(tokens))
    })
}

/// What there is to say of an agent itself.
fn head_words(agent: &Agent) -> String {
    let created = moment::stamp(&agent.created_at);
    let called = match &agent.display_name {
        Some(display) => format!("{display}: {}", agent.name),
        None => agent.name.clone(),
    };
    let archived = agent.archived_at.as_deref().map(moment::stamp);
    let archived = archived.map_or_else(String::new, |at| format!(", archived {at}"));
    format!(
        "{called} ({}), created {created}{archived}\n{}\nmay {}",
        agent.id,
        life::words(agent),
        agent.scopes.join(", ")
    )
}

fn token_words(done: &str, created: &AgentCreated, url: &str) -> String {
    format!(
        "{done} agent {} ({}). Its token, shown only now:\n\n  {}\n\n{}\
         Give the agent this base URL and the token as its key:\n  \
         Anthropic SDKs and Claude Code  ANTHROPIC_BASE_URL={url}  ANTHROPIC_AUTH_TOKEN=<token>\n  \
         OpenAI SDKs                     OPENAI_BASE_URL={url}/v1  OPENAI_API_KEY=<token>\n  \
         Codex                           CODEX_API_KEY=<token> codex -c openai_base_url=\"{url}/v1\"\n",
        created.agent.name,
        created.agent.id,
        created.token.expose(),
        end_words(created.expires_at.as_deref()),
    )
}

/// The agents of a list, which was narrowed to those of one kind or was not.
fn list_words(agents: &[Agent], narrowed: Option<&(&str, String)>) -> String {
    match narrowed {
        None if agents.is_empty() => {
            "There are no agents. Create one: portunus agents create NAME\n".to_owned()
        }
        Some((_, kind)) if agents.is_empty() => format!("No agent is {kind}.\n"),
        Some(("state", _)) => archived_table(agents),
        _ => life::table(agents),
    }
}

fn archived_table(agents: &[Agent]) -> String {
    let mut table = Table::new(&["NAME", "CALLED", "ID", "ARCHIVED"])
        .wrapping("CALLED")
        .giving_way(&["ID", "CALLED"]);
    for agent in agents {
        let archived = agent.archived_at.as_deref().map(moment::stamp);
        let called = agent.display_name.as_deref().unwrap_or(&agent.name);
        let archived = archived.unwrap_or_default();
        table.plain_row([agent.name.as_str(), called, &agent.id, &archived]);
    }
    table.render()
}
