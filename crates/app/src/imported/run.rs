//! Imports agents with the tokens that they have, and provider keys: all of them or nothing, and nothing twice.

use super::draft::{Draft, NewToken, ground};
use super::known::MOST_CANDIDATES;
use crate::agents::create::{CreateError, free_name};
use crate::audit::{Detailed, caused};
use crate::failure::Failure;
use crate::keys::add::{AddKeysError, NewKey, sealed};
use crate::keys::list::all_of;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::ids::{AgentId, PoolId};
use portunus_core::imported::LegacyHash;
use portunus_core::message::mention::ALL;
use portunus_core::name::{DisplayName, Label, Slug};
use portunus_core::provider_key::ProviderKey;
use portunus_core::scope::ScopeSet;
use portunus_core::time::Timestamp;
use portunus_store::{AgentTokens, ImportBatch, ImportGround, ImportedAgent};
use std::collections::HashMap;
use std::sync::Arc;

/// One thing to import.
#[derive(Clone, Debug)]
pub enum ImportLine {
    /// An agent with the token that it has.
    Agent(NewAgent),
    /// A provider key.
    Key(NewKey),
    /// One that was not understood: it is told among the others.
    Misfit(Misfit),
}

/// What cannot be an agent or a key.
#[derive(Clone, Debug)]
pub struct Misfit {
    /// What it would have been called; empty if that must not be repeated.
    pub name: String,
    /// What is wrong with it.
    pub why: String,
    /// What to do about it.
    pub fix: String,
}

/// An agent of another system.
#[derive(Clone, Debug)]
pub struct NewAgent {
    /// Its name here.
    pub name: Slug,
    /// What people call it.
    pub display_name: Option<DisplayName>,
    /// What its tokens hold.
    pub scopes: ScopeSet,
    /// What is known of its token.
    pub hash: LegacyHash,
}

/// Whether anything is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is only told what would become of each line.
    DryRun,
    /// It is imported.
    Apply,
}

/// What becomes of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineOutcome {
    /// It is new.
    Created,
    /// It was imported before.
    Unchanged,
    /// It cannot be.
    Conflict {
        /// Why not.
        why: String,
        /// What to do about it.
        fix: String,
    },
}

/// What becomes of each line, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// One for each line.
    pub lines: Vec<LineReport>,
    /// Whether the plane was changed.
    pub applied: bool,
}

/// What becomes of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineReport {
    /// The agent's name, or the key as `pool:label`.
    pub name: String,
    /// What becomes of it.
    pub outcome: LineOutcome,
}

impl ImportReport {
    /// How many lines ended so.
    #[must_use]
    pub fn count(&self, which: impl Fn(&LineOutcome) -> bool) -> usize {
        self.lines
            .iter()
            .filter(|line| which(&line.outcome))
            .count()
    }

    fn has_conflicts(&self) -> bool {
        self.count(|outcome| matches!(outcome, LineOutcome::Conflict { .. })) > 0
    }
}

/// Imports `lines`, or tells what would become of them. If one of them cannot be imported, none is.
///
/// # Errors
///
/// [`Failure`]; nothing is changed then.
pub async fn import(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<ImportReport>>,
    lines: Vec<ImportLine>,
    mode: Mode,
) -> Result<ImportReport, Failure> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let (by, now) = (asked.by(), plane.clock.now());
            // What needs no look at what is there is done before others have to wait.
            let drafts = lines.iter().map(|line| Draft::of(&plane, line, (by, now)));
            let drafts = drafts.collect::<Result<Vec<_>, _>>()?;
            let _changes = plane.changes.lock().await;
            let mut plan = Plan::new((by, now), ground(&plane, &drafts).await?);
            let mut report = ImportReport {
                lines: Vec::with_capacity(lines.len()),
                applied: false,
            };
            for draft in drafts {
                report.lines.push(plan.judge(&plane, draft).await?);
            }
            let created = report.count(|outcome| *outcome == LineOutcome::Created);
            if mode == Mode::DryRun || report.has_conflicts() || created == 0 {
                return Ok(report);
            }
            report.applied = true;
            plan.apply(&plane, &asked, &report).await?;
            Ok(report)
        })
        .await
}

/// Conflicts of names for which a free one is looked up.
const MOST_SUGGESTIONS: usize = 100;

/// What comes together of the lines.
struct Plan {
    by: Principal,
    now: Timestamp,
    ground: ImportGround,
    batch: ImportBatch,
    names: HashMap<Slug, usize>,
    marks: HashMap<[u8; 32], usize>,
    prefixes: HashMap<Box<str>, usize>,
    /// The keys of each pool, those that are there and those that are planned.
    keys: HashMap<Slug, KeysOfPool>,
    seen: usize,
    suggested: usize,
}

fn conflict(why: impl Into<String>, fix: impl Into<String>) -> LineOutcome {
    LineOutcome::Conflict {
        why: why.into(),
        fix: fix.into(),
    }
}

impl Plan {
    fn new((by, now): (Principal, Timestamp), ground: ImportGround) -> Self {
        Self {
            by,
            now,
            ground,
            batch: ImportBatch::default(),
            names: HashMap::new(),
            marks: HashMap::new(),
            prefixes: HashMap::new(),
            keys: HashMap::new(),
            seen: 0,
            suggested: 0,
        }
    }

    async fn judge(&mut self, plane: &Plane, draft: Draft<'_>) -> Result<LineReport, Failure> {
        self.seen += 1;
        let (name, outcome) = match draft {
            Draft::Agent(draft) => (
                draft.agent.agent.name.to_string(),
                self.agent(plane, *draft).await?,
            ),
            Draft::Key(new) => {
                let name = format!("{}:{}", new.pool, new.label);
                (name, self.key(plane, new).await?)
            }
            Draft::Misfit(misfit) => (
                misfit.name.clone(),
                conflict(misfit.why.as_str(), misfit.fix.as_str()),
            ),
        };
        Ok(LineReport { name, outcome })
    }

    async fn agent(&mut self, plane: &Plane, draft: NewToken) -> Result<LineOutcome, Failure> {
        let ImportedAgent {
            agent, imported, ..
        } = &draft.agent;
        if let Some(first) = self.names.insert(agent.name.clone(), self.seen) {
            let why = format!("line {first} has the same name");
            return Ok(conflict(why, "give each agent a name of its own"));
        }
        if let Some(first) = self.marks.insert(imported.mark, self.seen) {
            let why = format!("line {first} has the same hash");
            return Ok(conflict(why, "give each agent the hash of its own token"));
        }
        let known = self.ground.agents.get(&agent.name).copied();
        if let Some(kid) = plane.imported().marked(&imported.mark) {
            let whose = self.ground.owners.get(&kid);
            return Ok(match known {
                Some(id) if whose == Some(&Principal::Agent(id)) => LineOutcome::Unchanged,
                _ => conflict(
                    "its token was imported before, for an agent of another name or one that is gone",
                    "take the line out; an agent gets a new token from `portunus agents create NAME`",
                ),
            });
        }
        if known.is_some() {
            let fix = self.other_name(plane, &agent.name).await?;
            return Ok(conflict(
                "an agent with this name exists, with a token of its own",
                fix,
            ));
        }
        if agent.name.as_str() == ALL {
            let why = CreateError::MeansEverybody.to_string();
            return Ok(conflict(why, "give another name, such as all-2"));
        }
        if let Some(prefix) = imported.slow.as_ref().and_then(|slow| slow.prefix.as_ref()) {
            let here = self.prefixes.entry(prefix.clone()).or_default();
            *here += 1;
            if *here + plane.imported().of_prefix(prefix) > MOST_CANDIDATES {
                let why = format!("more than {MOST_CANDIDATES} tokens begin with its prefix");
                return Ok(conflict(
                    why,
                    "keep longer prefixes, or import without them",
                ));
            }
        }
        self.batch.agents.push(draft.agent);
        self.batch.events.push(draft.event);
        Ok(LineOutcome::Created)
    }

    /// What to do about a name that is in use.
    async fn other_name(&mut self, plane: &Plane, name: &Slug) -> Result<String, Failure> {
        self.suggested += 1;
        let free = match self.suggested <= MOST_SUGGESTIONS {
            true => free_name(plane, name).await?,
            false => None,
        };
        let free = free.map_or_else(String::new, |free| format!(", such as {free}"));
        Ok(format!("take the line out, or give another name{free}"))
    }

    async fn key(&mut self, plane: &Plane, new: &NewKey) -> Result<LineOutcome, Failure> {
        let (key, event) = match sealed(plane, self.by, new) {
            Ok(sealed) => sealed,
            Err(AddKeysError::Failure(failure)) => return Err(failure),
            Err(AddKeysError::NoSuchPool(pool)) => {
                let fix = format!(
                    "create it first: `portunus pools create {pool} --protocol anthropic` (or openai)"
                );
                return Ok(conflict(format!("there is no pool {pool}"), fix));
            }
            Err(other) => {
                return Ok(conflict(
                    other.to_string(),
                    "give the provider's own address",
                ));
            }
        };
        if !self.keys.contains_key(&new.pool) {
            let there = KeysOfPool::there(plane, key.pool).await?;
            self.keys.insert(new.pool.clone(), there);
        }
        let of_pool = self.keys.entry(new.pool.clone()).or_default();
        if let Some(known) = of_pool.labelled.get(&key.label) {
            let is_same = known.fingerprint == key.fingerprint;
            return Ok(match (is_same, known.stage) {
                (true, Stage::There) => LineOutcome::Unchanged,
                (true, Stage::Planned) => {
                    conflict("the same key is on an earlier line", "take it out")
                }
                (false, _) => conflict(
                    "the pool has a key of this label with another secret",
                    "give another label, or change the key: portunus keys set POOL:LABEL --secret",
                ),
            });
        }
        if let Some(label) = of_pool.secrets.get(&key.fingerprint) {
            let why = format!("the key {label} has the same secret");
            return Ok(conflict(why, "take the line out"));
        }
        of_pool.add(&key, Stage::Planned);
        self.batch.keys.push(key);
        self.batch.events.push(event);
        Ok(LineOutcome::Created)
    }

    /// Writes all of it and takes it into memory. The caller holds the lock of changes.
    async fn apply(
        mut self,
        plane: &Plane,
        asked: &Asked<ImportReport>,
        report: &ImportReport,
    ) -> Result<(), Failure> {
        let done = caused(self.by, self.now, "import.applied", "import")
            .with("agents", self.batch.agents.len())
            .with("keys", self.batch.keys.len());
        self.batch.events.push(asked.sign(done, report)?);
        plane.store.import(&self.batch).await?;
        let (mut agents, mut tokens) = (Vec::new(), Vec::new());
        for one in self.batch.agents {
            tokens.push((one.imported, one.token.digest));
            agents.push(AgentTokens {
                agent: one.agent,
                tokens: vec![one.token],
            });
        }
        plane.directory.learn(&agents);
        plane.imported().add(tokens);
        let ids: Vec<AgentId> = agents.iter().map(|one| one.agent.id).collect();
        plane.push().agents_changed(&ids);
        plane.pools().put_keys(self.batch.keys);
        Ok(())
    }
}

/// The keys of one pool, found by their labels and by their secrets.
#[derive(Default)]
struct KeysOfPool {
    labelled: HashMap<Label, KnownKey>,
    secrets: HashMap<[u8; 8], Label>,
}

struct KnownKey {
    fingerprint: [u8; 8],
    stage: Stage,
}

/// Whether a key is there already.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    There,
    Planned,
}

impl KeysOfPool {
    /// Those that are there.
    async fn there(plane: &Plane, pool: PoolId) -> Result<Self, Failure> {
        let mut keys = Self::default();
        for key in all_of(plane, Some(pool)).await? {
            keys.add(&key, Stage::There);
        }
        Ok(keys)
    }

    fn add(&mut self, key: &ProviderKey, stage: Stage) {
        let fingerprint = key.fingerprint;
        let known = KnownKey { fingerprint, stage };
        self.labelled.insert(key.label.clone(), known);
        self.secrets.insert(fingerprint, key.label.clone());
    }
}
