//! `portunus keys list`: every key in a line, with the window that is spent most and what to do.

use super::{Plane, name, out_of_reach, remedy};
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
    let mut headings = vec![
        "KEY",
        "PRIORITY",
        "CONDITION",
        "MOST SPENT",
        "WINDOW",
        "FINGERPRINT",
    ];
    // Most keys go where their pool goes.
    let some_go_elsewhere = keys.iter().any(|key| key.base_url.is_some());
    headings.extend(some_go_elsewhere.then_some("BASE URL"));
    let mut table = Table::new(&headings).giving_way(&[
        "FINGERPRINT",
        "PRIORITY",
        "BASE URL",
        "WINDOW",
        "MOST SPENT",
    ]);
    let mut remedies = String::new();
    let mut keys: Vec<&Key> = keys.iter().collect();
    keys.sort_by_key(|key| key.pool.as_str());
    for key in &keys {
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
        let priority = key.priority.to_string();
        let own_base_url = key.base_url.as_deref().unwrap_or("its pool's");
        let cells = [
            (name.as_str(), Tone::Plain),
            (&priority, Tone::Plain),
            (&condition, tone),
            (&bar, gauge::tone(used)),
            (&window, Tone::Plain),
            (&key.fingerprint, Tone::Faint),
            (own_base_url, Tone::Plain),
        ];
        table.row(cells.into_iter().take(headings.len()));
        if let Some(remedy) = remedy::remedy(key.quarantine, &name) {
            remedies.push_str(&format!("\n{remedy}\n"));
        }
    }
    let missed = keys.iter().filter_map(|key| key.unreachable.as_ref());
    table.render() + &remedies + &out_of_reach::words(missed)
}

fn tightest(key: &KeyStatus) -> Option<&Window> {
    let spent = |window: &&Window| window.utilization.is_some();
    key.windows.iter().filter(spent).max_by(|a, b| {
        let (a, b) = (a.utilization.unwrap_or(0.0), b.utilization.unwrap_or(0.0));
        a.total_cmp(&b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(label: &str, base_url: Option<&str>) -> Key {
        serde_json::from_value(json!({
            "id": "key_1", "pool": "anthropic", "label": label, "priority": 0, "base_url": base_url,
            "fingerprint": "f00d", "enabled": true, "quarantine": null, "created_at": "2026-11-22T09:00:00Z",
        }))
        .unwrap()
    }

    #[test]
    fn a_key_that_goes_elsewhere_is_listed_with_its_base_url() {
        let live = HashMap::new();
        let usual = words(&[key("a", None)], &live);
        assert!(!usual.contains("BASE URL"), "{usual}");
        let keys = [key("a", None), key("b", Some("https://models.example/v1"))];
        let listed = words(&keys, &live);
        let line = |label: &str| listed.lines().find(|line| line.contains(label)).unwrap();
        assert!(line("anthropic:a").ends_with("its pool's"), "{listed}");
        assert!(
            line("anthropic:b").ends_with("https://models.example/v1"),
            "{listed}"
        );
    }
}
