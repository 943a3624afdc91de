//! `portunus notifications list --follow`: each notification as it is sent, none missed and none twice.

use super::super::following;
use super::{Query, words};
use crate::client::Wanted;
use crate::commands::plane::{Plane, typed};
use crate::failure::Failure;
use crate::output::{self, Audience};
use portunus_api::List;
use portunus_api::notifications::Notification;
use serde_json::value::RawValue;
use std::time::Duration;

/// How often the plane is asked while nothing comes.
const READ_EVERY: Duration = Duration::from_millis(500);
/// How many are read at once.
const PAGE: usize = 100;

/// Shows them until interrupted, or until nobody reads any more. Numbers outlive the plane that told them.
pub(super) async fn follow(plane: &Plane, filter: &Query, first: &Wanted) -> Result<(), Failure> {
    let mut last = begin(plane, filter, first).await?;
    loop {
        let mut query = filter.clone();
        query.extend([("after", last.to_string()), ("limit", PAGE.to_string())]);
        let page = following::get(plane, "/notifications", &query).await?;
        let page: List<Box<RawValue>> = page.read()?;
        last = page
            .items
            .last()
            .and_then(|item| number(item))
            .unwrap_or(last);
        let there_is_more = page.items.len() >= PAGE;
        if show(plane, page.items)? == Audience::Gone {
            return Ok(());
        }
        if !there_is_more {
            tokio::time::sleep(READ_EVERY).await;
        }
    }
}

/// Shows the newest, oldest first, and says which number comes before those that are sent from now on.
async fn begin(plane: &Plane, filter: &Query, first: &Wanted) -> Result<u64, Failure> {
    let newest = Wanted {
        limit: Some(1),
        cursor: None,
    };
    let newest = plane.list("/notifications", &[], &newest).await?;
    let last = newest
        .items
        .first()
        .and_then(|item| number(item))
        .unwrap_or(0);
    let mut items = plane.list("/notifications", filter, first).await?.items;
    items.retain(|item| number(item).is_some_and(|number| number <= last));
    items.reverse();
    show(plane, items)?;
    Ok(last)
}

fn show(plane: &Plane, items: Vec<Box<RawValue>>) -> Result<Audience, Failure> {
    if !plane.is_for_people() {
        return output::print_items(&items);
    }
    let list = List {
        items,
        next_cursor: None,
    };
    let all = typed::<Notification>(list)?.items;
    output::print_to(&all.iter().map(words::whole).collect::<String>())
}

fn number(item: &RawValue) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Number {
        number: u64,
    }
    Some(serde_json::from_str::<Number>(item.get()).ok()?.number)
}
