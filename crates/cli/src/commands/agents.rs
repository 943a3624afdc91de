//! `portunus agents`.

use super::plane::{Plane, typed};
use super::tokens::{end_words, token_table};
use crate::args::agents::{AgentsArgs, AgentsVerb};
use crate::args::expiry::Expiry;
use crate::client::{Wanted, escape};
use crate::failure::Failure;
use crate::output::{Table, moment};
use portunus_api::access::{AccessRevoked, RevokeAccess};
use portunus_api::agents::{Agent, AgentCreated, AgentDeleted, CreateAgent};
use portunus_api::tokens::Token;
use serde::Serialize;

/// Runs one verb.
pub(super) async fn run(args: AgentsArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    match args.verb {
        AgentsVerb::Create {
            name,
            display_name,
            expires,
            scopes,
        } => {
            let body = CreateAgent {
                name: name.map(|name| name.to_string()),
                display_name,
                scopes: Some(scopes).filter(|scopes| !scopes.is_empty()),
                expires_at: expires.and_then(Expiry::at),
                expires_in_ms: expires.and_then(Expiry::in_ms),
            };
            let answer = plane.post("/agents", &body).await?;
            let url = plane.url().to_string();
            plane.show(&answer, |created| created_words(&created, &url))
        }
        AgentsVerb::List(page) => {
            let wanted = Wanted {
                limit: page.limit,
                cursor: page.cursor,
            };
            plane.show_list("/agents", &[], &wanted, list_words).await
        }
        AgentsVerb::Show { agent } => show(&plane, &agent).await,
        AgentsVerb::EndAccess { agent } => {
            let path = format!("/agents/{}/access/revoke", escape(&agent));
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
            let path = format!("/agents/{}", escape(&agent));
            let answer = plane.delete(&path, &[]).await?;
            plane.show(&answer, |deleted: AgentDeleted| {
                let ended = match deleted.revoked.len() {
                    1 => "1 token has ended".to_owned(),
                    count => format!("{count} tokens have ended"),
                };
                format!("Deleted agent {}; {ended}.\n", deleted.agent.name)
            })
        }
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
    let path = format!("/agents/{}", escape(agent));
    let agent: Agent = plane.get(&path, &[]).await?.read()?;
    let query = [("agent", agent.id.clone())];
    let tokens = typed(plane.list("/tokens", &query, &Wanted::ALL).await?)?.items;
    plane.show_value(&Shown { agent, tokens }, |Shown { agent, tokens }| {
        let created = moment::stamp(&agent.created_at);
        let table = token_table(tokens);
        format!(
            "{} ({}), created {created}\nmay {}\n\n{table}",
            agent.name,
            agent.id,
            agent.scopes.join(", ")
        )
    })
}

fn created_words(created: &AgentCreated, url: &str) -> String {
    format!(
        "Created agent {} ({}). Its token, shown only now:\n\n  {}\n\n{}\
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

fn list_words(agents: &[Agent]) -> String {
    if agents.is_empty() {
        return "There are no agents. Create one: portunus agents create NAME\n".to_owned();
    }
    let mut table = Table::new(&["NAME", "ID", "CREATED"]);
    for agent in agents {
        let created = moment::stamp(&agent.created_at);
        table.plain_row([agent.name.as_str(), &agent.id, &created]);
    }
    table.render()
}
