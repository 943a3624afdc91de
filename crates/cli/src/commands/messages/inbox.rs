//! `portunus inbox`: takes messages out of one's own inbox, waits for them, follows it.
//!
//! What was written to standard output is acknowledged afterwards and never before, so that a reader that dies loses nothing.

use super::super::following::{self, patiently};
use super::super::plane::Plane;
use super::{acknowledge, words};
use crate::args::messages::InboxArgs;
use crate::client::Answer;
use crate::failure::{Failure, Kind};
use crate::output::{self, Audience};
use portunus_api::List;
use portunus_api::messages::InboxItem;
use serde_json::value::RawValue;
use std::time::{Duration, Instant};

/// How long one request waits for a message.
const WAITS: Duration = Duration::from_secs(30);

/// Takes, waits or follows.
pub(in crate::commands) async fn run(args: InboxArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    let reader = Inbox { plane, args };
    if reader.args.follow {
        reader.follow().await
    } else {
        reader.take().await
    }
}

struct Inbox {
    plane: Plane,
    args: InboxArgs,
}

impl Inbox {
    fn query(&self, wait: Duration) -> Vec<(&'static str, String)> {
        let hide = self.args.hide;
        let given = [
            ("limit", self.args.limit.map(|limit| limit.to_string())),
            ("visibility_ms", hide.map(|span| span.millis.to_string())),
            ("wait_ms", Some(wait.as_millis().to_string())),
        ];
        let given = given.into_iter();
        given
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    async fn take(&self) -> Result<(), Failure> {
        let begun = Instant::now();
        let wait = self
            .args
            .wait
            .map_or(Duration::ZERO, |span| Duration::from_millis(span.millis));
        loop {
            let left = wait.saturating_sub(begun.elapsed());
            let answer = self
                .plane
                .get("/inbox", &self.query(left.min(WAITS)))
                .await?;
            let list: List<InboxItem> = answer.read()?;
            if list.items.is_empty() && begun.elapsed() < wait {
                continue;
            }
            return self.show_once(&answer, list).await;
        }
    }

    async fn show_once(&self, answer: &Answer, list: List<InboxItem>) -> Result<(), Failure> {
        self.plane.show(answer, |list: List<InboxItem>| {
            let text: String = list.items.iter().map(words::item).collect();
            if text.is_empty() {
                "No messages.\n".to_owned()
            } else {
                text
            }
        })?;
        self.acknowledge(&list.items).await
    }

    /// Shows each message until interrupted, or until nobody reads any more.
    async fn follow(&self) -> Result<(), Failure> {
        // A plane that was never there is told at once.
        let mut answer = self
            .plane
            .get("/inbox", &self.query(Duration::ZERO))
            .await?;
        loop {
            let list: List<Box<RawValue>> = answer.read()?;
            let items: List<InboxItem> = answer.read()?;
            let audience = if self.plane.is_for_people() {
                let text: String = items.items.iter().map(words::item).collect();
                output::print_to(&text)?
            } else {
                output::print_items(&list.items)?
            };
            if audience == Audience::Gone {
                return Ok(());
            }
            self.acknowledge_patiently(&items.items).await?;
            answer = following::get(&self.plane, "/inbox", &self.query(WAITS)).await?;
        }
    }

    /// What is to be acknowledged; nothing unless that is wanted.
    fn ids(&self, items: &[InboxItem]) -> Vec<String> {
        let wanted = items.iter().filter(|_| self.args.ack);
        wanted.map(|item| item.message.id.clone()).collect()
    }

    async fn acknowledge(&self, items: &[InboxItem]) -> Result<(), Failure> {
        match self.ids(items) {
            ids if ids.is_empty() => Ok(()),
            ids => acknowledge(&self.plane, ids).await.map(drop),
        }
    }

    /// One by one where not all can be: a message that failed meanwhile keeps no other one unread.
    async fn acknowledge_patiently(&self, items: &[InboxItem]) -> Result<(), Failure> {
        let ids = self.ids(items);
        if ids.is_empty() {
            return Ok(());
        }
        let together = patiently(async || acknowledge(&self.plane, ids.clone()).await).await;
        match together {
            Err(refused) if cannot_be_read(&refused) => {}
            other => return other.map(drop),
        }
        for id in ids {
            let one = patiently(async || acknowledge(&self.plane, vec![id.clone()]).await);
            match one.await {
                Err(refused) if cannot_be_read(&refused) => output::remark(refused.detail()),
                other => drop(other?),
            }
        }
        Ok(())
    }
}

/// Whether a message failed before it could be acknowledged, or is forgotten.
const fn cannot_be_read(refused: &Failure) -> bool {
    matches!(refused.kind(), Kind::Conflict | Kind::NotFound)
}
