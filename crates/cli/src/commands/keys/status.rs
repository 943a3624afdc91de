//! `portunus keys status`: every window of every key with its countdown, and who waits.

use super::{Plane, out_of_reach, remedy};
use crate::failure::{Failure, Kind};
use crate::output::{self, Table, Tone, gauge, moment};
use portunus_api::keys::{KeyCondition, KeyStatus, KeysStatus, PoolStatus, Rest};
use portunus_core::name::Slug;
use std::io::IsTerminal;
use std::time::Duration;

/// Shows it once.
pub(super) async fn once(plane: &Plane, pool: Option<Slug>) -> Result<(), Failure> {
    let answer = plane.get("/keys/status", &query(pool.as_ref())).await?;
    plane.show(&answer, |status: KeysStatus| words(&status))
}

/// Shows it every second, in place, until interrupted.
pub(super) async fn watch(plane: &Plane, pool: Option<Slug>) -> Result<(), Failure> {
    if !std::io::stdout().is_terminal() {
        return Err(Failure::new(Kind::Usage, "--watch needs a terminal")
            .fix("leave --watch out, or read --json in a loop"));
    }
    loop {
        let answer = plane.get("/keys/status", &query(pool.as_ref())).await?;
        let status: KeysStatus = answer.read()?;
        // Home, write, clear the rest: no flicker, because nothing is blank in between.
        let lines = words(&status).replace('\n', "\u{1b}[K\n");
        output::print(&format!("\u{1b}[H{lines}\u{1b}[J"))?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn query(pool: Option<&Slug>) -> Vec<(&'static str, String)> {
    pool.map(|pool| ("pool", pool.to_string()))
        .into_iter()
        .collect()
}

fn words(status: &KeysStatus) -> String {
    let pools = status.pools.iter().map(|pool| pool_words(pool, &status.at));
    pools.collect::<Vec<_>>().join("\n")
}

fn pool_words(pool: &PoolStatus, now: &str) -> String {
    let queue = match pool.waiting {
        0 => "nobody waits".to_owned(),
        1 => format!("1 request waits, for {}", moment::span(pool.oldest_wait_ms)),
        count => format!(
            "{count} requests wait, the oldest for {}",
            moment::span(pool.oldest_wait_ms)
        ),
    };
    let name = output::plain(&pool.pool);
    if pool.keys.is_empty() {
        return format!("{name}: no keys yet, {queue}\n");
    }
    let mut table = Table::new(&[
        "KEY",
        "CONDITION",
        "IN FLIGHT",
        "WINDOW",
        "SPENT",
        "FULL AGAIN",
    ])
    .giving_way(&["IN FLIGHT", "SPENT"]);
    let mut remedies = String::new();
    for key in &pool.keys {
        key_rows(&mut table, key, now);
        let full_name = format!("{name}:{}", key.label);
        if let Some(remedy) = remedy::remedy(key.quarantine, &full_name) {
            remedies.push_str(&format!("\n{remedy}\n"));
        }
    }
    let keys = pool.keys.iter();
    let missed = out_of_reach::words(keys.filter_map(|key| key.unreachable.as_ref()));
    format!("{name}: {queue}\n{}{remedies}{missed}", table.render())
}

/// One row per window; key, condition and load stand in the first of them.
fn key_rows(table: &mut Table, key: &KeyStatus, now: &str) {
    let (condition, tone) = condition(key);
    let in_flight = key.in_flight.to_string();
    let mut head = Some((key.label.as_str(), condition.as_str(), in_flight.as_str()));
    let mut row = |window: &str, used: Option<f64>, full_again: &str, resting: Tone| {
        let (label, condition, in_flight) = head.take().unwrap_or(("", "", ""));
        table.row([
            (label, Tone::Plain),
            (condition, tone),
            (in_flight, Tone::Plain),
            (window, Tone::Plain),
            (&gauge::bar(used), gauge::tone(used)),
            (full_again, resting),
        ]);
    };
    for window in &key.windows {
        let rest = key
            .rests
            .iter()
            .find(|rest| rest.kind == window.kind && rest.family == window.family);
        let (full_again, tone) = match (rest, &window.reset_at) {
            (Some(rest), _) => (rest_words(rest), Tone::Warn),
            (None, Some(at)) => (moment::countdown(now, at), Tone::Plain),
            (None, None) => ("-".to_owned(), Tone::Plain),
        };
        let name = window_name(&window.kind, window.family.as_deref());
        row(&name, window.utilization, &full_again, tone);
    }
    for rest in &key.rests {
        let shown = |window: &portunus_api::keys::Window| {
            rest.kind == window.kind && rest.family == window.family
        };
        if !key.windows.iter().any(shown) {
            let name = window_name(&rest.kind, rest.family.as_deref());
            row(&name, None, &rest_words(rest), Tone::Warn);
        }
    }
    if key.windows.is_empty() && key.rests.is_empty() {
        row("-", None, "-", Tone::Faint);
    }
}

fn rest_words(rest: &Rest) -> String {
    let left = moment::span(rest.remaining_ms);
    match rest.reason.as_str() {
        "money" => format!("no money left, tried again in {left}"),
        "unstated" => format!("limited without a reset, tried again in {left}"),
        _ => format!("rests, back in {left}"),
    }
}

/// `5h` or, bound to a model family, `tokens of sonnet`.
pub(super) fn window_name(kind: &str, family: Option<&str>) -> String {
    match family {
        Some(family) => format!("{kind} of {family}"),
        None => kind.to_owned(),
    }
}

/// What a key can do right now, in words.
pub(super) fn condition(key: &KeyStatus) -> (String, Tone) {
    let (condition, tone) = own_condition(key);
    match key.unreachable {
        Some(_) if tone != Tone::Faint => (format!("{condition}, out of reach"), Tone::Bad),
        _ => (condition, tone),
    }
}

/// The same, wherever its upstream is.
fn own_condition(key: &KeyStatus) -> (String, Tone) {
    let longest = key.rests.iter().map(|rest| rest.remaining_ms).max();
    let soonest = key.rests.iter().map(|rest| rest.remaining_ms).min();
    match key.condition {
        KeyCondition::Ready => ("ready".to_owned(), Tone::Good),
        KeyCondition::Ramping => {
            let at_once = key.ramp.unwrap_or(1);
            (format!("coming back, {at_once} at once"), Tone::Good)
        }
        KeyCondition::Spent => (
            "spent, used only when nothing else is left".to_owned(),
            Tone::Warn,
        ),
        KeyCondition::PartlyResting => {
            let back = moment::span(soonest.unwrap_or(0));
            (format!("rests in part, more in {back}"), Tone::Warn)
        }
        KeyCondition::Resting => {
            let back = moment::span(longest.unwrap_or(0));
            (format!("rests, back in {back}"), Tone::Warn)
        }
        KeyCondition::Quarantined => ("quarantined, see below".to_owned(), Tone::Bad),
        KeyCondition::Disabled => ("disabled".to_owned(), Tone::Faint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_api::keys::{Quarantine, Unreachable, Window};

    fn key(label: &str, condition: KeyCondition) -> KeyStatus {
        KeyStatus {
            id: "key_x".into(),
            label: label.into(),
            priority: 0,
            condition,
            quarantine: None,
            unreachable: None,
            rests: Vec::new(),
            windows: Vec::new(),
            in_flight: 0,
            ramp: None,
            last_used_at: None,
        }
    }

    fn window(kind: &str, utilization: f64, reset: &str) -> Window {
        Window {
            family: None,
            kind: kind.into(),
            utilization: Some(utilization),
            remaining: None,
            reset_at: Some(reset.into()),
        }
    }

    #[test]
    fn windows_count_down_and_quarantine_says_what_to_do() {
        let resting = KeyStatus {
            rests: vec![Rest {
                family: None,
                kind: "5h".into(),
                until: "2026-11-03T12:00:00Z".into(),
                remaining_ms: 7_200_000,
                reason: "rejected".into(),
            }],
            windows: vec![
                window("5h", 1.0, "2026-11-03T12:00:00Z"),
                window("7d", 0.42, "2026-11-05T14:00:00Z"),
            ],
            in_flight: 1,
            ..key("a", KeyCondition::Resting)
        };
        let dead = KeyStatus {
            quarantine: Some(Quarantine::CredentialDead),
            ..key("b", KeyCondition::Quarantined)
        };
        let status = KeysStatus {
            at: "2026-11-03T10:00:00Z".into(),
            pools: vec![PoolStatus {
                pool: "anthropic".into(),
                waiting: 2,
                oldest_wait_ms: 4000,
                keys: vec![resting, dead],
            }],
        };
        insta::assert_snapshot!(words(&status), @r#"
        anthropic: 2 requests wait, the oldest for 4s
         KEY  CONDITION               IN FLIGHT  WINDOW  SPENT            FULL AGAIN
         a    rests, back in 2h       1          5h      ██████████ 100%  rests, back in 2h
                                                 7d      ████░░░░░░  42%  in 2d 4h
         b    quarantined, see below  0          -       not stated       -

        anthropic:b: the provider refuses this secret. Give a new one: portunus keys set anthropic:b --secret
          or, if the account is well again, try it once more: portunus keys clear anthropic:b
        "#);
    }

    #[test]
    fn an_upstream_that_is_not_there_is_told_once_and_of_no_key() {
        let missed = Unreachable {
            base_url: "https://models.example".into(),
            since: "2026-11-03T09:55:00.000Z".into(),
            tried_at: "2026-11-03T09:59:57.120Z".into(),
            why: "the connection was refused".into(),
        };
        let away = |label| KeyStatus {
            unreachable: Some(missed.clone()),
            ..key(label, KeyCondition::Ready)
        };
        let status = KeysStatus {
            at: "2026-11-03T10:00:00Z".into(),
            pools: vec![PoolStatus {
                pool: "anthropic".into(),
                waiting: 0,
                oldest_wait_ms: 0,
                keys: vec![away("a"), away("b"), key("c", KeyCondition::Ready)],
            }],
        };
        insta::assert_snapshot!(words(&status), @r#"
        anthropic: nobody waits
         KEY  CONDITION            IN FLIGHT  WINDOW  SPENT       FULL AGAIN
         a    ready, out of reach  0          -       not stated  -
         b    ready, out of reach  0          -       not stated  -
         c    ready                0          -       not stated  -

        https://models.example cannot be reached since 2026-11-03 09:55:00Z: the connection was refused.
          Last tried 2026-11-03 09:59:57Z. Nothing is known to be wrong with its keys.
        "#);
    }
}
