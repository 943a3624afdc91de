//! Names and ids that name nobody, told with the name that was probably meant. What is in the record once is named by it for
//! as long as it is kept, though it may be gone.

use crate::agents::show::ShowError;
use crate::credential::session::Session;
use crate::listing::{ListError, Page};
use crate::plane::Plane;
use crate::{agents, pool_settings, usage};
use portunus_core::agent::Agent;
use portunus_core::ids::KeyId;
use portunus_core::message::Tags;
use portunus_core::provider_key::Pool;
use portunus_core::scope::Scope;
use portunus_store::MAX_LIMIT;
use std::sync::Arc;

/// How many agents' names are looked at: the book of them is locked meanwhile.
const LOOKED_AT: usize = 100_000;

/// How many of those are compared letter by letter.
const COMPARED: usize = 4_096;

/// The longest name that may have been meant, in bytes.
const LONGEST: usize = 128;

/// What a name or an id should have named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An agent.
    Agent,
    /// A pool.
    Pool,
    /// A provider key.
    Key,
    /// A board.
    Board,
}

impl Kind {
    const fn told(self) -> &'static str {
        match self {
            Self::Agent => "no agent has this name or id",
            Self::Pool => "no pool has this name or id",
            Self::Key => "no key has this id, label or pool:label",
            Self::Board => "no board has this name or id",
        }
    }

    /// Whether whoever has the session may list what there is of it, and so may be told a name.
    fn is_listed_for(self, session: &Session) -> bool {
        let (resource, verb) = match self {
            Self::Agent => ("agents", "list"),
            Self::Pool => ("pools", "list"),
            Self::Key => ("keys", "list"),
            Self::Board => ("boards", "read"),
        };
        session.grants().allow(Scope { resource, verb })
    }
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.kind.told())]
pub struct Nobody {
    /// What it should have named.
    pub kind: Kind,
    /// What was asked for.
    pub asked: String,
    /// The name that was probably meant.
    pub meant: Option<String>,
}

impl Nobody {
    /// No agent is called so.
    #[must_use]
    pub fn agent(plane: &Plane, asked: &str) -> Self {
        let like = Like::new(asked);
        let near = plane
            .directory
            .agents_named(LOOKED_AT, COMPARED, |name| like.may_be(name));
        let names = near.iter().map(AsRef::as_ref);
        Self::new(Kind::Agent, asked, like.closest(names))
    }

    /// No pool is called so.
    #[must_use]
    pub fn pool(plane: &Plane, asked: &str) -> Self {
        let pools = pool_settings::list(plane);
        let names = pools.iter().map(|pool| pool.name.as_str());
        Self::new(Kind::Pool, asked, Like::new(asked).closest(names))
    }

    /// No provider key is called so.
    #[must_use]
    pub fn key(plane: &Plane, asked: &str) -> Self {
        let keys = names_of_keys(plane);
        let like = Like::new(asked);
        let meant = like.closest(keys.iter().map(|key| key.full.as_str()));
        let meant = meant.or_else(|| {
            let label = like.closest(keys.iter().map(|key| key.label()))?;
            let key = keys.iter().find(|key| key.label() == label)?;
            Some(key.full.clone())
        });
        Self::new(Kind::Key, asked, meant)
    }

    /// No board is called so. Of very many boards the first by name are looked at: what is meant is a hint.
    async fn board(plane: &Plane, asked: &str) -> Self {
        let (all, page) = (Tags::default(), Page::first(MAX_LIMIT));
        let boards = plane.store.boards(&all, page).await;
        let boards = boards.map(|boards| boards.items).unwrap_or_default();
        let names = boards.iter().map(|board| board.name.as_str());
        Self::new(Kind::Board, asked, Like::new(asked).closest(names))
    }

    /// Nothing of this kind is called so; nobody looks for a name on behalf of who may not list such names.
    pub async fn of(kind: Kind, plane: &Plane, session: &Session, asked: &str) -> Self {
        if !kind.is_listed_for(session) {
            return Self::new(kind, asked, None);
        }
        match kind {
            Kind::Agent => Self::agent(plane, asked),
            Kind::Pool => Self::pool(plane, asked),
            Kind::Key => Self::key(plane, asked),
            Kind::Board => Self::board(plane, asked).await,
        }
    }

    fn new(kind: Kind, asked: &str, meant: Option<String>) -> Self {
        Self {
            kind,
            asked: asked.to_owned(),
            meant,
        }
    }
}

/// The agent, maybe an archived one, that a list is narrowed to.
pub(crate) async fn agent(plane: &Plane, asked: &str) -> Result<Agent, ListError> {
    match agents::show(plane, asked).await {
        Ok(agent) => Ok(agent),
        Err(ShowError::NotFound) => Err(Nobody::agent(plane, asked).into()),
        Err(ShowError::Failure(failure)) => Err(failure.into()),
    }
}

/// The same for whoever has the session and may not list agents, maybe.
pub(crate) async fn agent_for(
    plane: &Plane,
    session: &Session,
    asked: &str,
) -> Result<Agent, ListError> {
    match agents::show(plane, asked).await {
        Ok(agent) => Ok(agent),
        Err(ShowError::NotFound) => {
            Err(Nobody::of(Kind::Agent, plane, session, asked).await.into())
        }
        Err(ShowError::Failure(failure)) => Err(failure.into()),
    }
}

/// The pool that a list is narrowed to.
pub(crate) fn pool(plane: &Plane, asked: &str) -> Result<Arc<Pool>, Nobody> {
    pool_settings::show(plane, asked).map_err(|_| Nobody::pool(plane, asked))
}

/// Whom a filter of the record names.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Named<'a> {
    /// An agent, or an operator who asked as agents do.
    pub(crate) agent: Option<&'a str>,
    /// A provider key.
    pub(crate) key: Option<&'a str>,
    /// A pool.
    pub(crate) pool: Option<&'a str>,
}

impl Named<'_> {
    /// Refuses whoever is neither there nor on record.
    pub(crate) async fn must_be_known(self, plane: &Plane) -> Result<(), ListError> {
        if let Some(asked) = self.agent
            && plane.directory.operator_named(asked).is_none()
            && !usage::has_of_agent(plane, asked).await?
        {
            agent(plane, asked).await?;
        }
        if let Some(asked) = self.pool
            && let Err(nobody) = pool(plane, asked)
            && !usage::has_of_pool(plane, asked).await?
        {
            return Err(nobody.into());
        }
        if let Some(asked) = self.key
            && !names_of_keys(plane).iter().any(|key| key.is(asked))
        {
            let is_it = |id, name: &str| NamesOfKey::new(id, name.to_owned()).is(asked);
            if !usage::has_of_key(plane, is_it).await? {
                return Err(Nobody::key(plane, asked).into());
            }
        }
        Ok(())
    }
}

/// What a provider key may be called.
struct NamesOfKey {
    id: KeyId,
    /// `pool:label`.
    full: String,
}

impl NamesOfKey {
    const fn new(id: KeyId, full: String) -> Self {
        Self { id, full }
    }

    fn label(&self) -> &str {
        self.full.split_once(':').map_or("", |(_, label)| label)
    }

    fn is(&self, asked: &str) -> bool {
        self.full == asked
            || self.label() == asked
            || asked.parse().is_ok_and(|id: KeyId| id == self.id)
    }
}

fn names_of_keys(plane: &Plane) -> Vec<NamesOfKey> {
    let pools = plane.pools().all().into_iter();
    let names = pools.flat_map(|pool| {
        let name = pool.settings().name.clone();
        let keys = pool.labels().into_iter();
        keys.map(move |(id, label)| NamesOfKey::new(id, format!("{name}:{label}")))
    });
    names.collect()
}

/// What somebody wrote, compared with names: two letters may be wrong, missing or exchanged, one in a short name.
struct Like {
    asked: String,
    letters: u64,
    reach: usize,
}

impl Like {
    fn new(asked: &str) -> Self {
        let asked = asked.to_lowercase();
        Self {
            letters: letters(&asked),
            reach: (asked.chars().count() / 3).clamp(1, 2),
            asked,
        }
    }

    /// A quick look: whether a name is about as long and has about the same letters.
    fn may_be(&self, name: &str) -> bool {
        self.asked.len() <= LONGEST
            && name.len().abs_diff(self.asked.len()) <= self.reach
            && self.differing(name) <= 2 * self.reach
    }

    /// How many letters only one of both has.
    fn differing(&self, name: &str) -> usize {
        let differing = (letters(name) ^ self.letters).count_ones();
        usize::try_from(differing).unwrap_or(usize::MAX)
    }

    /// The closest of the names that are close.
    fn closest<'a>(&self, names: impl Iterator<Item = &'a str>) -> Option<String> {
        let near = names.filter(|name| self.may_be(name));
        let near = near.map(|name| (strsim::osa_distance(&self.asked, name), name));
        let near = near.filter(|(distance, _)| *distance <= self.reach);
        near.min().map(|(_, name)| name.to_owned())
    }
}

/// The letters that stand in a text, a bit for each; some share one.
fn letters(text: &str) -> u64 {
    text.bytes().fold(0, |seen, byte| seen | (1 << (byte % 64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(asked: &str, names: &[&str]) -> Option<String> {
        Like::new(asked).closest(names.iter().copied())
    }

    #[test]
    fn the_closest_name_is_meant_and_a_distant_one_is_not() {
        let names = ["mayor", "major", "clerk", "anthropic", "a1", "zz"];
        for (asked, expected) in [
            ("mayr", Some("mayor")),
            ("Mayor", Some("mayor")),
            ("amyor", Some("mayor")),
            ("majr", Some("major")),
            ("antropc", Some("anthropic")),
            ("anthropic-2", Some("anthropic")),
            ("a2", Some("a1")),
            ("nobody", None),
            ("", None),
            ("myr", None),
            ("clerkship", None),
        ] {
            assert_eq!(meant(asked, &names).as_deref(), expected, "{asked}");
        }
        assert_eq!(meant(&"m".repeat(5_000), &names), None);
    }

    #[test]
    fn a_quick_look_passes_whatever_is_close() {
        let names = [
            "agent-0001",
            "agent-0100",
            "gaent-0001",
            "agent0001",
            "agent-00012",
        ];
        for name in names {
            for asked in names {
                let like = Like::new(asked);
                let is_close = strsim::osa_distance(asked, name) <= like.reach;
                assert!(!is_close || like.may_be(name), "{asked} {name}");
            }
        }
    }
}
