//! `portunus decisions --follow`: each request as it ends, none missed and none twice, also across a restart.
//!
//! The place in the record is a number that the database gives, so it outlives the plane that told it.

use super::{cells, words};
use crate::client::Wanted;
use crate::commands::following;
use crate::commands::plane::{Plane, typed};
use crate::failure::Failure;
use crate::output::paint::Paint;
use crate::output::{self, Audience, Colour};
use portunus_api::List;
use portunus_api::decisions::Decision;
use serde_json::value::RawValue;
use std::time::Duration;

/// How many are shown to begin with when nobody says.
const SHOWN_FIRST: u32 = 10;

/// How often the record is read while nothing comes.
const READ_EVERY: Duration = Duration::from_millis(500);

/// How many are read at once.
const PAGE: usize = 500;

type Query = Vec<(&'static str, String)>;

/// Shows them until interrupted, or until nobody reads any more.
pub(super) async fn follow(
    plane: &Plane,
    filter: Query,
    first: Option<u32>,
) -> Result<(), Failure> {
    let follower = Follower { plane, filter };
    let (newest, shown_first) = follower.begin(first.unwrap_or(SHOWN_FIRST)).await?;
    if follower.show(shown_first)? == Audience::Gone {
        return Ok(());
    }
    let mut place = ("after", newest.to_string());
    loop {
        let page = follower.patiently(&place).await?;
        let is_full = page.items.len() >= PAGE;
        if follower.show(page.items)? == Audience::Gone {
            return Ok(());
        }
        // Oldest first there is always a next place; without one, what was asked is asked again.
        if let Some(cursor) = page.next_cursor {
            place = ("cursor", cursor);
        }
        if !is_full {
            tokio::time::sleep(READ_EVERY).await;
        }
    }
}

struct Follower<'a> {
    plane: &'a Plane,
    filter: Query,
}

impl Follower<'_> {
    /// The newest number of the record, and the last decisions up to it that the filter admits, oldest first.
    async fn begin(&self, limit: u32) -> Result<(u64, Vec<Box<RawValue>>), Failure> {
        let newest = |limit| Wanted {
            limit: Some(limit),
            cursor: None,
        };
        let last = self.plane.list("/decisions", &[], &newest(1)).await?;
        let last = typed::<Decision>(last)?.items;
        let last = last.first().and_then(|decision| decision.seq).unwrap_or(0);
        let list = self
            .plane
            .list("/decisions", &self.filter, &newest(limit))
            .await?;
        let mut items = list.items;
        items.retain(|item| seq(item).is_some_and(|seq| seq <= last));
        items.reverse();
        Ok((last, items))
    }

    /// The next page, however long the plane is away.
    async fn patiently(
        &self,
        place: &(&'static str, String),
    ) -> Result<List<Box<RawValue>>, Failure> {
        let mut query = self.filter.clone();
        query.extend([place.clone(), ("limit", PAGE.to_string())]);
        following::get(self.plane, "/decisions", &query)
            .await?
            .read()
    }

    fn show(&self, items: Vec<Box<RawValue>>) -> Result<Audience, Failure> {
        if !self.plane.is_for_people() {
            return output::print_items(&items);
        }
        let paint = Paint(Colour::of(&std::io::stdout()));
        let list = List {
            items,
            next_cursor: None,
        };
        let lines = typed(list)?.items;
        let lines = lines.iter().map(|decision| line(decision, paint));
        output::print_to(&lines.collect::<String>())
    }
}

fn seq(item: &RawValue) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Seq {
        seq: Option<u64>,
    }
    serde_json::from_str::<Seq>(item.get()).ok()?.seq
}

/// One decision in one line, in columns that need not know what comes next.
fn line(decision: &Decision, paint: Paint) -> String {
    let (cells, tone) = cells(decision);
    let [
        _,
        agent,
        asked_for,
        key,
        tries,
        waited,
        took,
        ended,
        tokens,
        cost,
        id,
    ] = &cells;
    let when = words::clock(&decision.at);
    let ended = paint.text(&format!("{ended:20}"), tone);
    let mut facts = vec![took.clone()];
    for (fact, words) in [(waited, "waited "), (cost, "")] {
        if fact != "-" {
            facts.push(format!("{words}{fact}"));
        }
    }
    if tokens != "-" {
        facts.push(format!("{tokens} tokens"));
    }
    if tries.parse().is_ok_and(|tries: u64| tries > 1) {
        facts.push(format!("{tries} tries"));
    }
    let rest = format!("{agent:16} {asked_for:28} {key:22} {}", facts.join(", "));
    let rest = output::one_line(&rest);
    let id = paint.text(id, output::Tone::Faint);
    format!("{when} {ended} {rest}  {id}\n")
}
