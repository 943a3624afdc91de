//! The picture without a screen: as lines for people and pipes, as JSON for programs.

use super::feed::Feed;
use super::model::{Message, Model};
use super::rows::{AgentRow, DecisionRow, KeyRow, PostRow, QueueRow};
use super::view::{ago, count, state_words, took, until};
use crate::commands::Plane;
use crate::failure::Failure;
use crate::output::{Table, Tone, gauge, moment};
use portunus_api::liveness::AgentStatus;
use portunus_core::usage::Money;
use serde::Serialize;
use std::time::Duration;

/// Decisions and agents that are printed.
const ROWS: usize = 20;

/// What programs read.
#[derive(Debug, Serialize)]
struct Printed<'a> {
    url: &'a str,
    version: &'a str,
    at_ms: i64,
    uptime_ms: u64,
    warnings: &'a [String],
    requests_per_second: Option<f64>,
    agents_total: u64,
    agents_offline: u64,
    queues: &'a [QueueRow],
    keys: Vec<&'a KeyRow>,
    agents: Vec<&'a AgentRow>,
    decisions: Vec<&'a DecisionRow>,
    messages: Vec<&'a PostRow>,
}

/// Looks twice, an interval apart, because rates are differences; prints what is then known.
pub(super) async fn run(plane: Plane, interval: Duration) -> Result<(), Failure> {
    let for_people = plane.is_for_people();
    let mut model = Model::new(plane.url().to_string());
    let mut feed = Feed::new(plane.into_client());
    let first = feed.look().await?;
    model.update(Message::Picture(Box::new(first)));
    tokio::time::sleep(interval.max(Duration::from_secs(1))).await;
    let second = feed.look().await?;
    model.update(Message::Picture(Box::new(second)));
    if for_people {
        return crate::output::print(&words(&model));
    }
    let json = serde_json::to_vec(&printed(&model)).map_err(anyhow::Error::new)?;
    crate::output::print_json(&json)
}

fn printed(model: &Model) -> Printed<'_> {
    let tenths = model
        .requests
        .now()
        .and_then(|tenths| u32::try_from(tenths).ok());
    Printed {
        url: &model.face.url,
        version: &model.face.version,
        at_ms: model.now_ms(),
        uptime_ms: model.face.uptime_ms,
        warnings: &model.face.warnings,
        requests_per_second: tenths.map(|tenths| f64::from(tenths) / 10.0),
        agents_total: model.face.agents,
        agents_offline: model.face.offline,
        queues: &model.queues,
        keys: model.shown_keys(),
        agents: model.shown_agents(),
        decisions: model.shown_decisions(),
        messages: model.shown_posts(),
    }
}

fn words(model: &Model) -> String {
    let (failed, tokens) = model.minute();
    let rate = model.requests.now().unwrap_or(0);
    let mut text = format!(
        "Portunus {} at {}, up {}\n{}.{} requests/s, {} failed/min, {} tokens/min, {} agents, {} offline\n",
        model.face.version,
        model.face.url,
        moment::span(model.face.uptime_ms),
        rate / 10,
        rate % 10,
        failed,
        tokens,
        model.face.agents,
        model.face.offline,
    );
    for warning in &model.face.warnings {
        text.push_str(&format!("WARNING: {warning}\n"));
    }
    let tables = [
        queues(model).render(),
        keys(model).render(),
        agents(model),
        decisions(model).render(),
        posts(model).render(),
    ];
    for table in tables {
        text.push('\n');
        text.push_str(&table);
    }
    text
}

fn queues(model: &Model) -> Table {
    let mut table = Table::new(&["POOL", "READY", "WAITING", "OLDEST", "NEXT KEY"]);
    for pool in &model.queues {
        let ready = format!("{}/{}", pool.ready, pool.keys);
        let oldest = pool.oldest_ms.map(|since| until(since, model.now_ms()));
        let next = pool.ready_ms.filter(|_| pool.ready == 0);
        let next = next.map(|then| until(model.now_ms(), then));
        table.plain_row([
            pool.pool.as_str(),
            &ready,
            &pool.waiting.to_string(),
            &oldest.unwrap_or_else(|| "-".to_owned()),
            &next.unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    table
}

fn keys(model: &Model) -> Table {
    let mut table = Table::new(&["KEY", "STATE", "RUNS", "WINDOW", "SPENT", "FULL AGAIN"]);
    for key in model.shown_keys() {
        let (state, tone) = state_words(key, model.now_ms());
        let runs = key.in_flight.to_string();
        let mut head = Some((key.name.as_str(), state.as_str(), runs.as_str()));
        let mut row = |window: &str, spent: Option<f64>, back: &str| {
            let (name, state, runs) = head.take().unwrap_or(("", "", ""));
            table.row([
                (name, Tone::Plain),
                (state, tone),
                (runs, Tone::Plain),
                (window, Tone::Plain),
                (&gauge::bar(spent), gauge::tone(spent)),
                (back, Tone::Plain),
            ]);
        };
        for window in &key.windows {
            let back = window.back_ms.map(|then| until(model.now_ms(), then));
            row(
                &window.name(),
                window.utilization,
                back.as_deref().unwrap_or("-"),
            );
        }
        if key.windows.is_empty() {
            row("-", None, "-");
        }
    }
    table
}

/// The agents that need a look, then those that ask most; and how many there are besides.
fn agents(model: &Model) -> String {
    let mut table = Table::new(&[
        "AGENT", "STATUS", "EVERY", "SEEN", "/MIN", "FAILED", "TOKENS", "COST", "FIRST", "LAST",
    ]);
    let dash = || "-".to_owned();
    let mut shown = model.shown_agents();
    shown.sort_by_key(|agent| std::cmp::Reverse(agent.needs_a_look()));
    shown.truncate(ROWS);
    for agent in &shown {
        let seen = agent.seen_ms.map(|then| ago(model.now_ms(), then));
        let last = agent.last_ms.zip(agent.last);
        let last =
            last.map(|(then, ending)| format!("{} {}", ago(model.now_ms(), then), ending.word()));
        table.plain_row([
            agent.called(),
            agent.status.map_or("-", AgentStatus::as_str),
            agent.cadence.as_deref().unwrap_or("-"),
            &seen.unwrap_or_else(dash),
            &agent.per_minute.to_string(),
            &agent.failed.to_string(),
            &count(agent.tokens),
            &Money::from_nanos(agent.cost_nanos).to_string(),
            &agent.median_us.map_or_else(dash, took),
            &last.unwrap_or_else(|| "silent".to_owned()),
        ]);
    }
    let mut text = table.render();
    if shown.len() < model.all_agents() {
        text.push_str(&format!(
            "{} of {} agents; all of them: portunus agents list\n",
            shown.len(),
            model.all_agents()
        ));
    }
    text
}

fn posts(model: &Model) -> Table {
    let mut table = Table::new(&["WRITTEN", "FROM", "WHERE", "TEXT"]);
    for row in model.shown_posts().into_iter().take(ROWS) {
        let line = row.text.lines().find(|line| !line.trim().is_empty());
        table.plain_row([
            ago(model.now_ms(), row.at_ms).as_str(),
            &row.from,
            &row.place(),
            line.unwrap_or_default(),
        ]);
    }
    table
}

fn decisions(model: &Model) -> Table {
    let mut table = Table::new(&[
        "REQUEST",
        "AGENT",
        "MODEL",
        "KEYS TRIED",
        "ENDED",
        "WAIT",
        "TOOK",
    ]);
    for row in model.shown_decisions().into_iter().take(ROWS) {
        let ended = format!("{} {}", row.status, row.ending.word());
        table.plain_row([
            row.id.as_str(),
            row.called(),
            &row.model,
            &row.keys.join(" > "),
            &ended,
            &took(row.waited_us),
            &took(row.total_us),
        ]);
    }
    table
}
