//! `portunus keys list`: every key in a line, with the window that is spent most and what to do.

use super::{Plane, name, remedy};
use crate::args::PageArgs;
use crate::client;
use crate::failure::Failure;
use crate::output::{Table, Tone, gauge};
use portunus_api::keys::{Key, KeyStatus, KeysStatus, Window};
use portunus_core::name::Slug;
use std::collections::HashMap;

/// Lists keys.
pub(super) async fn run(plane: &Plane, pool: Option<Slug>, page: PageArgs) -> Result<(), Failure> {
    let query: Vec<_> = pool
        .map(|pool| ("pool", pool.to_string()))
        .into_iter()
        .collect();
    let wanted = client::Wanted {
        limit: page.limit,
        cursor: page.cursor,
    };
    let live = if plane.is_for_people() {
        let status: KeysStatus = plane.get("/keys/status", &query).await?.read()?;
        status
            .pools
            .into_iter()
            .flat_map(|pool| pool.keys)
            .map(|key| (key.id.clone(), key))
            .collect()
    } else {
        HashMap::new()
    };
    plane
        .show_list("/keys", &query, &wanted, |keys: &[Key]| words(keys, &live))
        .await
}

fn words(keys: &[Key], live: &HashMap<String, KeyStatus>) -> String {
    if keys.is_empty() {
        return "There are no keys. Add one: printf %s \"$KEY\" | portunus keys add --pool POOL --label LABEL\n"
            .to_owned();
    }
    let mut table = Table::new(&[
        "KEY",
        "PRIORITY",
        "CONDITION",
        "MOST SPENT",
        "WINDOW",
        "FINGERPRINT",
    ]);
    let mut remedies = String::new();
    let mut keys: Vec<&Key> = keys.iter().collect();
    keys.sort_by_key(|key| key.pool.as_str());
    for key in keys {
        let name = name(key);
        let live = live.get(&key.id);
        let (condition, tone) = live.map_or_else(
            || ("unknown".to_owned(), Tone::Faint),
            super::status::condition,
        );
        let tightest = live.and_then(tightest);
        let used = tightest.and_then(|window| window.utilization);
        let bar = used.map_or_else(|| "-".to_owned(), |used| gauge::bar(Some(used)));
        let window = tightest.map_or_else(
            || "-".to_owned(),
            |window| super::status::window_name(&window.kind, window.family.as_deref()),
        );
        table.row([
            (name.as_str(), Tone::Plain),
            (&key.priority.to_string(), Tone::Plain),
            (&condition, tone),
            (&bar, gauge::tone(used)),
            (&window, Tone::Plain),
            (&key.fingerprint, Tone::Faint),
        ]);
        if let Some(remedy) = remedy::remedy(key.quarantine, &name) {
            remedies.push_str(&format!("\n{remedy}\n"));
        }
    }
    table.render() + &remedies
}

fn tightest(key: &KeyStatus) -> Option<&Window> {
    let spent = |window: &&Window| window.utilization.is_some();
    key.windows.iter().filter(spent).max_by(|a, b| {
        let (a, b) = (a.utilization.unwrap_or(0.0), b.utilization.unwrap_or(0.0));
        a.total_cmp(&b)
    })
}
