//! One line of an import, read from the wire.

use crate::error::Refusal;
use crate::extract::speakable;
use crate::router::KnownScopes;
use crate::routes::agents::create::display_name;
use crate::routes::keys::add;
use portunus_api::ErrorCode;
use portunus_api::import::{ImportAgent, ImportLine as Wire};
use portunus_app::imported::ImportLine;
use portunus_app::imported::run::{Misfit, NewAgent};
use portunus_core::imported::{LegacyHash, Pbkdf2};
use portunus_core::scope::ScopeSet;
use std::fmt::Display;

/// Reads a line; `place` is where it stands, such as `lines[2].`.
pub(super) fn read(place: &str, line: Wire, known: &KnownScopes) -> Result<ImportLine, Refusal> {
    match line {
        Wire::Agent(agent) => Ok(ImportLine::Agent(read_agent(place, &agent, known)?)),
        Wire::Key(key) => Ok(ImportLine::Key(add::wanted(place, key)?)),
    }
}

/// Reads a line that is only looked at: one that cannot be read is told among the others.
pub(super) fn look(line: Wire, known: &KnownScopes) -> ImportLine {
    let name = match &line {
        Wire::Agent(agent) => agent.name.clone(),
        Wire::Key(key) => format!("{}:{}", key.pool, key.label),
    };
    read("", line, known).unwrap_or_else(|refusal| {
        let fix = match refusal.code() {
            ErrorCode::InvalidBody => "mend this field",
            _ => refusal.next_step(),
        };
        ImportLine::Misfit(Misfit {
            name: if speakable(&name) {
                name
            } else {
                String::new()
            },
            why: refusal.detail().to_owned(),
            fix: fix.to_owned(),
        })
    })
}

fn misfit(place: &str, field: &str, error: &dyn Display) -> Refusal {
    let detail = format!("the field {place}{field} {error}");
    Refusal::new(ErrorCode::InvalidBody, detail)
}

fn read_agent(place: &str, agent: &ImportAgent, known: &KnownScopes) -> Result<NewAgent, Refusal> {
    let name = agent.name.parse();
    Ok(NewAgent {
        name: name.map_err(|error| misfit(place, "name", &error))?,
        display_name: agent
            .display_name
            .as_deref()
            .map(display_name)
            .transpose()?,
        scopes: match &agent.scopes {
            Some(texts) => known.read(texts)?,
            None => ScopeSet::agent(),
        },
        hash: hash(place, agent)?,
    })
}

fn hash(place: &str, agent: &ImportAgent) -> Result<LegacyHash, Refusal> {
    let prefix = agent.token_prefix.as_ref().map(|prefix| prefix.expose());
    match (&agent.token_sha256, &agent.token_pbkdf2) {
        (Some(_), None) if prefix.is_some() => Err(misfit(
            place,
            "token_prefix",
            &"belongs beside token_pbkdf2: a SHA-256 is found without it",
        )),
        (Some(text), None) => {
            LegacyHash::sha256(text.expose()).map_err(|error| misfit(place, "token_sha256", &error))
        }
        (None, Some(text)) => Pbkdf2::read(text.expose(), prefix)
            .map(LegacyHash::Pbkdf2)
            .map_err(|error| misfit(place, "token_pbkdf2", &error)),
        (None, None) => Err(misfit(
            place,
            "token_sha256",
            &"is missing, and so is token_pbkdf2",
        )),
        (Some(_), Some(_)) => Err(misfit(
            place,
            "token_pbkdf2",
            &"comes beside token_sha256: give one of them",
        )),
    }
}
