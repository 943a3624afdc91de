//! `portunus decisions` and `portunus explain`.

pub(super) mod explain;
mod follow;
mod story;
mod words;

pub(crate) use story::story;
pub(crate) use words::nanos;

use super::plane::Plane;
use crate::args::decisions::DecisionsArgs;
use crate::client::Wanted;
use crate::failure::Failure;
use crate::output::{Table, Tone, moment};
use jiff::Timestamp;
use portunus_api::decisions::Decision;

/// How many are listed when nobody says.
const LISTED: u32 = 50;

/// Lists, or follows.
pub(super) async fn run(args: DecisionsArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    let query = args.filter.query(Timestamp::now());
    if args.follow {
        return follow::follow(&plane, query, args.limit).await;
    }
    let wanted = Wanted {
        limit: Some(args.limit.unwrap_or(LISTED)),
        cursor: args.cursor,
    };
    plane
        .show_list("/decisions", &query, &wanted, |decisions: &[Decision]| {
            table(decisions)
        })
        .await
}

const HEADINGS: [&str; 11] = [
    "WHEN",
    "AGENT",
    "ASKED FOR",
    "KEY",
    "TRIES",
    "WAITED",
    "TOOK",
    "ENDED",
    "TOKENS",
    "COST",
    "REQUEST",
];

fn table(decisions: &[Decision]) -> String {
    if decisions.is_empty() {
        return "No request of the kind is on record.\n".to_owned();
    }
    let mut table = Table::new(&HEADINGS).wrapping("AGENT").giving_way(&[
        "TOKENS",
        "WAITED",
        "TRIES",
        "COST",
        "ASKED FOR",
        "KEY",
        "TOOK",
        "WHEN",
    ]);
    for decision in decisions {
        let (cells, tone) = cells(decision);
        let tones = std::iter::repeat_n(Tone::Plain, 7).chain([tone]);
        let tones = tones.chain(std::iter::repeat(Tone::Plain));
        table.row(cells.iter().map(String::as_str).zip(tones));
    }
    table.render()
}

/// What is shown of one decision, and the tone of its end.
fn cells(decision: &Decision) -> ([String; 11], Tone) {
    let dash = || "-".to_owned();
    let (outcome, tone) = words::outcome(decision.outcome);
    let status = decision.status.map(|status| format!(" ({status})"));
    let agent = decision.agent.as_ref();
    let asked_for = decision.model.as_ref().unwrap_or(&decision.endpoint);
    let waited = Some(decision.waited_us).filter(|waited| *waited > 0);
    let cells = [
        moment::stamp(&decision.at),
        agent.map_or_else(dash, |agent| agent.called().to_owned()),
        asked_for.clone(),
        words::last_key(decision).unwrap_or_else(dash),
        words::attempts(decision).count().to_string(),
        waited.map_or_else(dash, words::span_us),
        words::span_us(decision.total_us),
        format!("{outcome}{}", status.unwrap_or_default()),
        decision
            .usage
            .as_ref()
            .map_or_else(dash, |used| words::number(words::tokens(used))),
        decision.cost_usd.map_or_else(dash, words::dollars),
        decision.id.clone(),
    ];
    (cells, tone)
}
