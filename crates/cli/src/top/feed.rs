//! Asks the plane again and again, over its ordinary API, and sends each answer as a message.

use super::fold::millis;
use super::model::Message;
use super::picture::{AgentSum, Picture, Sums};
use super::posts::{self, Places};
use super::rows::DecisionRow;
use crate::client::{Client, Wanted, escape};
use crate::failure::Failure;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use portunus_api::List;
use portunus_api::agents::Agent;
use portunus_api::decisions::Decision;
use portunus_api::keys::KeysStatus;
use portunus_api::liveness::{AgentCounts, AgentStatus};
use portunus_api::status::Status;
use portunus_api::usage::{UsageCounts, UsageReport, UsageSum};
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Longest that one round of questions may take before the plane counts as away.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often what was used is read anew. The database adds it up, so not with every look.
const SUMS: Duration = Duration::from_secs(2);

/// Most agents whose sums are read.
const AGENTS_SUMMED: usize = 1_000;

/// How often it is read anew how agents stand.
const AGENTS: Duration = Duration::from_secs(2);

/// Most agents of which that is read at once.
const AGENTS_READ: u32 = 500;

/// How often it is read anew in a larger fleet, whose plane must look at every agent for each status.
const AGENTS_OF_MANY: Duration = Duration::from_secs(5);

/// How agents stand that are read of a larger fleet before all others: those that need a look, then those that work.
const LOOKED_AT_FIRST: [AgentStatus; 4] = [
    AgentStatus::Offline,
    AgentStatus::Late,
    AgentStatus::Online,
    AgentStatus::Unmonitored,
];

/// Most agents that are read of each of these.
const OF_EACH: u32 = 250;

/// Most agents that are read by name, because they asked for something and were not among the others.
const BY_NAME: usize = 32;

/// How many of these are asked for at once: one after the other, a plane that is far away would seem not to answer.
const AT_ONCE: usize = 8;

/// How often boards and notifications are read anew.
const POSTS: Duration = Duration::from_secs(2);

/// Decisions that are read at once.
const DECISIONS_READ: usize = 100;

/// Asks one plane.
#[derive(Debug)]
pub(crate) struct Feed {
    client: Client,
    sums_at: Option<Instant>,
    agents_at: Option<Instant>,
    posts_at: Option<Instant>,
    places: Places,
    /// Up to which number the record was read, and since when the plane ran that said so.
    read: Option<(u64, String)>,
}

impl Feed {
    /// Asks the plane behind `client`.
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            sums_at: None,
            agents_at: None,
            posts_at: None,
            places: Places::new(),
            read: None,
        }
    }

    /// One round of questions, nearly all at once.
    pub(crate) async fn look(&mut self) -> Result<Picture, Failure> {
        // How many agents stand how decides which of them are asked for.
        let status: Status = self.client.get("/status", &[]).await?.read()?;
        let (keys, decisions, sums, agents, posts) = tokio::join!(
            self.client.get("/keys/status", &[]),
            self.decisions(),
            due(self.sums_at, SUMS, self.sums()),
            due(self.agents_at, agents_pause(&status), self.agents(&status)),
            due(self.posts_at, POSTS, async {
                Some(posts::read(&self.client, &self.places).await)
            }),
        );
        let keys: KeysStatus = keys?.read()?;
        let decisions = decisions.unwrap_or_default();
        let agents = match agents {
            Some(agents) => Some(self.with_busy(agents, &decisions, sums.as_ref()).await),
            None => None,
        };
        // Nothing counts as read before the last question: a round that ends there is not shown.
        self.sums_at = sums.as_ref().map(|_| Instant::now()).or(self.sums_at);
        self.agents_at = agents.as_ref().map(|_| Instant::now()).or(self.agents_at);
        let posts = posts.map(|posted| {
            self.posts_at = Some(Instant::now());
            self.places = posted.places;
            posted.rows
        });
        self.advance(&decisions, &status.started_at);
        let counts = &status.decisions;
        // Not by the numbers of the record: while the database takes nothing, what ends has none.
        let ended = counts.recorded.saturating_add(counts.lost);
        Ok(Picture {
            at_ms: millis(&keys.at).unwrap_or_default(),
            status,
            keys,
            ended: Some(ended).filter(|ended| *ended > 0),
            decisions: decisions.into_iter().map(DecisionRow::of).collect(),
            sums,
            agents,
            posts: posts.unwrap_or_default(),
        })
    }

    /// Decisions that were not read yet, newest first; nothing when they are not for us to see.
    async fn decisions(&self) -> Option<Vec<Decision>> {
        let mut query = vec![("limit", DECISIONS_READ.to_string())];
        if let Some((seq, _)) = &self.read {
            query.push(("after", seq.to_string()));
        }
        let answer = self.client.get("/decisions", &query).await.ok()?;
        let mut page: List<Decision> = answer.read().ok()?;
        if self.read.is_some() {
            page.items.reverse();
        }
        Some(page.items)
    }

    /// Remembers up to where the record was read.
    fn advance(&mut self, decisions: &[Decision], started_at: &str) {
        let newest = decisions.iter().find_map(|decision| decision.seq);
        // Another plane, or one that came back without its record, numbers anew.
        let before = self
            .read
            .take()
            .filter(|(_, started)| started == started_at);
        let before = before.map(|(seq, _)| seq);
        let Some(reached) = newest.or(before) else {
            return;
        };
        // A full page means that more was missed: the newest say more than what comes next.
        let full = decisions.len() >= DECISIONS_READ;
        if before.is_none() || !full {
            self.read = Some((reached, started_at.to_owned()));
        }
    }

    /// What was used today; nothing when it is not for us to see.
    async fn sums(&self) -> Option<Sums> {
        let query = [
            ("since", "0d".to_owned()),
            ("by", "agent".to_owned()),
            ("limit", AGENTS_SUMMED.to_string()),
        ];
        let answer = self.client.get("/usage", &query).await.ok()?;
        let report: UsageReport = answer.read().ok()?;
        let one = |sum: UsageSum| sum.agent.map(|agent| used(agent.name, &sum.counts));
        Some(Sums {
            total: used(String::new(), &report.total),
            agents: report.items.into_iter().filter_map(one).collect(),
        })
    }

    /// How agents stand; nothing when that is not for us to see. Of a large fleet first those that one looks for.
    async fn agents(&self, status: &Status) -> Option<Vec<Agent>> {
        let mut agents = Vec::new();
        if is_large(status) {
            for stand in LOOKED_AT_FIRST {
                if counted(&status.liveness, stand) > 0 {
                    let query = [("status", stand.as_str().to_owned())];
                    agents.extend(self.some_agents(&query, OF_EACH).await?);
                }
            }
        }
        let read = u32::try_from(agents.len()).unwrap_or(u32::MAX);
        let more = AGENTS_READ.saturating_sub(read);
        if more > 0 {
            // Those that were read come last, so that they are not doubled with an older word.
            let mut all = self.some_agents(&[], more).await?;
            all.append(&mut agents);
            agents = all;
        }
        Some(agents)
    }

    async fn some_agents(&self, query: &[(&str, String)], limit: u32) -> Option<Vec<Agent>> {
        let wanted = Wanted {
            limit: Some(limit),
            cursor: None,
        };
        let list = self.client.list("/agents", query, &wanted).await.ok()?;
        let agents = crate::commands::typed::<Agent>(list).ok()?;
        Some(agents.items)
    }

    /// The agents and those besides that asked for something, the newest first.
    async fn with_busy(
        &self,
        mut agents: Vec<Agent>,
        decisions: &[Decision],
        sums: Option<&Sums>,
    ) -> Vec<Agent> {
        let known: HashSet<&str> = agents.iter().map(|agent| agent.name.as_str()).collect();
        let lately = decisions.iter().filter_map(|one| one.agent.as_ref());
        let lately = lately.map(|agent| agent.name.as_str());
        let today = sums.into_iter().flat_map(|sums| &sums.agents);
        let mut seen = HashSet::new();
        let missing: Vec<String> = lately
            .chain(today.map(|sum| sum.name.as_str()))
            .filter(|name| !known.contains(name) && seen.insert(*name))
            .take(BY_NAME)
            .map(|name| format!("/agents/{}", escape(name)))
            .collect();
        let mut asked = FuturesUnordered::new();
        for path in missing {
            if asked.len() >= AT_ONCE {
                agents.extend(asked.next().await.flatten());
            }
            asked.push(self.agent(path));
        }
        while let Some(agent) = asked.next().await {
            agents.extend(agent);
        }
        agents
    }

    /// One that was deleted since is no agent any more.
    async fn agent(&self, path: String) -> Option<Agent> {
        self.client.get(&path, &[]).await.ok()?.read().ok()
    }

    /// Looks every `interval` until nobody listens.
    pub(crate) async fn run(
        mut self,
        interval: Duration,
        messages: mpsc::UnboundedSender<Message>,
    ) {
        loop {
            let began = Instant::now();
            let message = match tokio::time::timeout(PATIENCE, self.look()).await {
                Ok(Ok(picture)) => Message::Picture(Box::new(picture)),
                Ok(Err(failure)) => Message::Away(failure.to_string()),
                Err(_) => Message::Away(format!("no answer within {} s", PATIENCE.as_secs())),
            };
            if messages.send(message).is_err() {
                return;
            }
            tokio::time::sleep_until(began + interval).await;
        }
    }
}

/// Whether there are more agents than are read at once.
fn is_large(status: &Status) -> bool {
    status.agents > u64::from(AGENTS_READ)
}

fn agents_pause(status: &Status) -> Duration {
    if is_large(status) {
        AGENTS_OF_MANY
    } else {
        AGENTS
    }
}

/// How many agents stand so.
const fn counted(counts: &AgentCounts, stand: AgentStatus) -> u64 {
    match stand {
        AgentStatus::Provisioning => counts.provisioning,
        AgentStatus::Online => counts.online,
        AgentStatus::Late => counts.late,
        AgentStatus::Offline => counts.offline,
        AgentStatus::Paused => counts.paused,
        AgentStatus::Unmonitored => counts.unmonitored,
    }
}

/// Asks when the last answer is old enough.
async fn due<T>(
    last: Option<Instant>,
    pause: Duration,
    ask: impl Future<Output = Option<T>>,
) -> Option<T> {
    if last.is_none_or(|at| at.elapsed() >= pause) {
        ask.await
    } else {
        None
    }
}

fn used(name: String, counts: &UsageCounts) -> AgentSum {
    AgentSum {
        name,
        requests: counts.requests,
        failed: counts.failed,
        tokens: counts.tokens(),
        cost_nanos: counts.cost_nanos,
    }
}
