//! Asks the plane again and again, over its ordinary API, and sends each answer as a message.

use super::fold::millis;
use super::model::Message;
use super::picture::Picture;
use crate::client::{Client, Wanted};
use crate::failure::Failure;
use portunus_api::agents::Agent;
use portunus_api::keys::KeysStatus;
use portunus_api::status::Status;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Longest that one round of questions may take before the plane counts as away.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often the names of agents are read anew.
const NAMES: Duration = Duration::from_secs(10);

/// Most names of agents that are read.
const NAMES_READ: u32 = 500;

/// Asks one plane.
#[derive(Debug)]
pub(crate) struct Feed {
    client: Client,
    names_at: Option<Instant>,
}

impl Feed {
    /// Asks the plane behind `client`.
    pub(crate) const fn new(client: Client) -> Self {
        Self {
            client,
            names_at: None,
        }
    }

    /// One round of questions, all at once.
    pub(crate) async fn look(&mut self) -> Result<Picture, Failure> {
        let names_due = self.names_at.is_none_or(|at| at.elapsed() >= NAMES);
        let (status, keys, names) = tokio::join!(
            self.client.get("/status", &[]),
            self.client.get("/keys/status", &[]),
            async { if names_due { self.names().await } else { None } },
        );
        let status: Status = status?.read()?;
        let keys: KeysStatus = keys?.read()?;
        if names.is_some() {
            self.names_at = Some(Instant::now());
        }
        Ok(Picture {
            at_ms: millis(&keys.at).unwrap_or_default(),
            status,
            keys,
            decisions: Vec::new(),
            sums: None,
            names,
        })
    }

    /// Names of agents; nothing when they are not for us to see.
    async fn names(&self) -> Option<Vec<String>> {
        let wanted = Wanted {
            limit: Some(NAMES_READ),
            cursor: None,
        };
        let list = self.client.list("/agents", &[], &wanted).await.ok()?;
        let agents = crate::commands::typed::<Agent>(list).ok()?;
        Some(agents.items.into_iter().map(|agent| agent.name).collect())
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
