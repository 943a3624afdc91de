//! What is made of the lines of an import before anybody has to wait for it: agents with their tokens and events. Whether they
//! may be is judged later, against what is there then.

use super::run::{ImportLine, Misfit};
use crate::audit::{Detailed, caused};
use crate::entropy;
use crate::failure::Failure;
use crate::keys::add::NewKey;
use crate::plane::Plane;
use portunus_core::agent::{Agent, Principal};
use portunus_core::audit::AuditEvent;
use portunus_core::credential::TokenRecord;
use portunus_core::ids::AgentId;
use portunus_core::imported::LegacyHash;
use portunus_core::time::Timestamp;
use portunus_core::token::TokenDigest;
use portunus_store::{ImportGround, ImportedAgent, ImportedToken};

/// One line.
pub(super) enum Draft<'l> {
    /// An agent of another system.
    Agent(Box<NewToken>),
    /// A provider key. It is sealed when its pool is looked at.
    Key(&'l NewKey),
    /// What cannot be either.
    Misfit(&'l Misfit),
}

/// An agent with the token that it has, as it would be kept.
pub(super) struct NewToken {
    pub(super) agent: ImportedAgent,
    pub(super) event: AuditEvent,
}

impl<'l> Draft<'l> {
    pub(super) fn of(
        plane: &Plane,
        line: &'l ImportLine,
        (by, now): (Principal, Timestamp),
    ) -> Result<Self, Failure> {
        let new = match line {
            ImportLine::Agent(new) => new,
            ImportLine::Key(new) => return Ok(Self::Key(new)),
            ImportLine::Misfit(misfit) => return Ok(Self::Misfit(misfit)),
        };
        let id = AgentId::from_bytes(entropy::draw()?);
        let agent = Agent {
            display_name: new.display_name.clone(),
            ..Agent::new(id, new.name.clone(), new.scopes.clone(), now)
        };
        let kid = plane.pepper.imported_kid(&entropy::draw()?);
        let (digest, slow, form) = match &new.hash {
            LegacyHash::Sha256(hash) => (plane.pepper.imported_digest(hash), None, "sha256"),
            // Nothing that is presented has this digest.
            LegacyHash::Pbkdf2(slow) => (
                TokenDigest::from_bytes([0; 32]),
                Some(slow.clone()),
                "pbkdf2",
            ),
        };
        let event = caused(by, now, "agent.imported", id)
            .with("name", &agent.name)
            .with("kid", kid)
            .with("scopes", &agent.scopes)
            .with("hash", form);
        let mark = plane.pepper.imported_mark(&new.hash);
        let agent = ImportedAgent {
            agent,
            token: TokenRecord::new(kid, digest, Principal::Agent(id), now),
            imported: ImportedToken { kid, mark, slow },
        };
        Ok(Self::Agent(Box::new(NewToken { agent, event })))
    }
}

/// What is there already of what the drafts name, by one look.
pub(super) async fn ground(plane: &Plane, drafts: &[Draft<'_>]) -> Result<ImportGround, Failure> {
    let (mut names, mut kids) = (Vec::new(), Vec::new());
    for draft in drafts {
        if let Draft::Agent(new) = draft {
            names.push(new.agent.agent.name.clone());
            kids.extend(plane.imported().marked(&new.agent.imported.mark));
        }
    }
    Ok(plane.store.import_ground(&names, &kids).await?)
}
