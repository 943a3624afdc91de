//! The report as comma-separated values (RFC 4180): every column whatever is told apart, money exact.

use crate::output::one_line;
use portunus_api::usage::{UsageReport, UsageSum};

/// Columns are added at the end and never move.
const COLUMNS: [&str; 18] = [
    "day",
    "agent",
    "agent_id",
    "key",
    "key_id",
    "pool",
    "model",
    "requests",
    "failed",
    "input",
    "cache_read",
    "cache_write",
    "output",
    "reasoning",
    "estimated",
    "cost_usd",
    "unpriced",
    "agent_display_name",
];

/// A heading, then a line for each sum; what is not told apart is empty.
pub(super) fn lines(report: &UsageReport) -> String {
    let mut text = COLUMNS.join(",") + "\r\n";
    for sum in &report.items {
        let cells: Vec<String> = cells(sum).iter().map(|cell| quoted(cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn cells(sum: &UsageSum) -> [String; COLUMNS.len()] {
    let agent = sum.agent.as_ref();
    let key = sum.key.as_ref();
    let counts = &sum.counts;
    let pool = sum.pool.clone().or_else(|| key.map(|key| key.pool.clone()));
    [
        sum.day.clone().unwrap_or_default(),
        agent.map(|agent| agent.name.clone()).unwrap_or_default(),
        agent.map(|agent| agent.id.clone()).unwrap_or_default(),
        key.map(|key| key.label.clone()).unwrap_or_default(),
        key.and_then(|key| key.id.clone()).unwrap_or_default(),
        pool.unwrap_or_default(),
        sum.model.clone().unwrap_or_default(),
        counts.requests.to_string(),
        counts.failed.to_string(),
        counts.input.to_string(),
        counts.cache_read.to_string(),
        counts.cache_write.to_string(),
        counts.output.to_string(),
        counts.reasoning.to_string(),
        counts.estimated.to_string(),
        dollars(counts.cost_nanos),
        counts.unpriced.to_string(),
        agent
            .and_then(|agent| agent.display_name.clone())
            .unwrap_or_default(),
    ]
}

/// US dollars with nine decimals: exact.
fn dollars(nanos: u64) -> String {
    format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
}

/// A cell, quoted where it has to be. Models are named by clients: what a spreadsheet would take for a formula gets
/// an apostrophe in front, and what a terminal would obey is spelled out.
fn quoted(cell: &str) -> String {
    let is_formula = cell.len() > 1 && cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = one_line(cell);
    let cell = if is_formula { format!("'{cell}") } else { cell };
    if cell.contains(['"', ',']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{counts, report, sum};
    use super::*;

    #[test]
    fn columns_stay_and_money_is_exact() {
        let mut odd = sum("scout", "2026-11-02", counts(2, 7, 1));
        odd.model = Some("a \"b\",c\nd".to_owned());
        odd.key = None;
        let counted = counts(1_200, 1_234_567, 12_345_000_001);
        let mut called = sum("mayor", "2026-11-01", counted);
        if let Some(agent) = &mut called.agent {
            agent.display_name = Some("The Mayor".to_owned());
        }
        let items = vec![called, odd];
        assert_eq!(
            lines(&report(items)),
            "day,agent,agent_id,key,key_id,pool,model,requests,failed,input,cache_read,cache_write,output,reasoning,estimated,cost_usd,unpriced,agent_display_name\r\n\
             2026-11-01,mayor,agt_mayor,main,key_1,anthropic,claude-sonnet-4-5,1200,1,1234567,20,3,40,5,0,12.345000001,0,The Mayor\r\n\
             2026-11-02,scout,agt_scout,,,,\"a \"\"b\"\",c\\nd\",2,1,7,20,3,40,5,0,0.000000001,0,\r\n"
        );
    }

    #[test]
    fn a_model_is_no_formula() {
        assert_eq!(quoted("=1+1"), "'=1+1");
        assert_eq!(quoted("@x,y"), "\"'@x,y\"");
        assert_eq!(quoted("-"), "-");
        assert_eq!(quoted("a\u{9b}31m\r"), "a\\u{9b}31m\\r");
        assert_eq!(quoted("gpt-5"), "gpt-5");
    }
}
