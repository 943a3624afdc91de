//! `portunus status`.

use super::plane::Plane;
use crate::args::session::StatusArgs;
use crate::failure::Failure;
use crate::output::{Table, Tone, moment};
use portunus_api::liveness::AgentCounts;
use portunus_api::status::{DecisionCounts, PoolSummary, Status, StoreCondition};

/// Shows the plane at a glance.
pub(super) async fn run(args: StatusArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    let answer = plane.get("/status", &[]).await?;
    let url = plane.url().to_string();
    plane.show(&answer, |status: Status| words(&status, &url))
}

fn words(status: &Status, url: &str) -> String {
    let store = match status.store {
        StoreCondition::Available => "answers",
        StoreCondition::Unavailable => {
            "DOES NOT ANSWER: agents are served from memory, changes are refused"
        }
    };
    let credentials = &status.authentication;
    let mut text = format!(
        "Portunus {} at {url}, up {}\n\n\
         agents       {}{}\n\
         database     {store}\n\
         credentials  {} accepted, {} missing, {} rejected\n",
        status.version,
        moment::span(status.uptime_ms),
        status.agents,
        standing(&status.liveness),
        credentials.accepted,
        credentials.missing,
        credentials.rejected,
    );
    if status.liveness.observer_suspect {
        text.push_str("observer     SUSPECT: most agents fell silent together; is the plane cut off from them?\n");
    }
    if status.draining {
        text.push_str("draining     finishes what runs, takes no new work, then ends\n");
    }
    if status.lost_writes > 0 {
        text.push_str(&format!(
            "lost         {} pool events could not be written\n",
            status.lost_writes
        ));
    }
    text.push_str(&decisions(&status.decisions));
    text.push('\n');
    text.push_str(&pools(status));
    for offer in &status.import_offers {
        text.push_str(&format!(
            "\nThe plane was started with {}. Add it to the pool {}: portunus keys import-env\n",
            offer.variable, offer.pool
        ));
    }
    text
}

/// How many agents stand how, in brackets; nobody stands in no status.
fn standing(counts: &AgentCounts) -> String {
    let counts = [
        (counts.online, "online"),
        (counts.late, "late"),
        (counts.offline, "OFFLINE"),
        (counts.paused, "paused"),
        (counts.unmonitored, "unmonitored"),
        (counts.provisioning, "provisioning"),
    ];
    let some = counts.iter().filter(|(count, _)| *count > 0);
    let words: Vec<String> = some
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if words.is_empty() {
        return String::new();
    }
    format!(" ({})", words.join(", "))
}

/// What became of decisions, and what a person should know of them.
fn decisions(counts: &DecisionCounts) -> String {
    let mut text = format!("decisions    {} recorded", counts.recorded);
    for (count, what) in [
        (counts.waiting, "wait for the database"),
        (counts.lost, "LOST"),
        (counts.usage_lost, "MISSING in the usage"),
        (counts.unproven_skipped, "without a credential left out"),
        (counts.unreadable, "not readable by this release"),
    ] {
        if count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    text.push('\n');
    text
}

fn pools(status: &Status) -> String {
    let headings = [
        "POOL",
        "KEYS",
        "READY",
        "RESTING",
        "QUARANTINED",
        "DISABLED",
        "WAITING",
        "",
    ];
    let mut table =
        Table::new(&headings).giving_way(&["DISABLED", "KEYS", "QUARANTINED", "RESTING"]);
    for pool in &status.pools {
        let counts = [
            pool.keys,
            pool.ready,
            pool.resting,
            pool.quarantined,
            pool.disabled,
            pool.waiting,
        ]
        .map(|count| count.to_string());
        let [keys, ready, resting, quarantined, disabled, waiting] = &counts;
        let (note, tone) = note(pool, &status.started_at, status.uptime_ms);
        table.row([
            (pool.pool.as_str(), Tone::Plain),
            (keys, Tone::Plain),
            (
                ready,
                if pool.ready > 0 {
                    Tone::Good
                } else {
                    Tone::Plain
                },
            ),
            (
                resting,
                if pool.resting > 0 {
                    Tone::Warn
                } else {
                    Tone::Plain
                },
            ),
            (
                quarantined,
                if pool.quarantined > 0 {
                    Tone::Bad
                } else {
                    Tone::Plain
                },
            ),
            (disabled, Tone::Plain),
            (
                waiting,
                if pool.waiting > 0 {
                    Tone::Warn
                } else {
                    Tone::Plain
                },
            ),
            (&note, tone),
        ]);
    }
    table.render()
}

/// What a person should know or do about a pool.
fn note(pool: &PoolSummary, started_at: &str, uptime_ms: u64) -> (String, Tone) {
    if pool.keys == 0 {
        return ("no keys yet: portunus keys add".to_owned(), Tone::Faint);
    }
    if pool.unreachable > 0 {
        let words = format!("{} out of reach: portunus keys status", pool.unreachable);
        return (words, Tone::Bad);
    }
    if pool.ready > 0 {
        return (String::new(), Tone::Plain);
    }
    match &pool.ready_at {
        Some(at) => {
            // The plane's own now is its start plus its uptime.
            let left = moment::millis_between(started_at, at).map_or_else(
                || at.clone(),
                |ms| moment::span(ms.saturating_sub(uptime_ms)),
            );
            (format!("next key ready in {left}"), Tone::Warn)
        }
        None => (
            "nothing can serve: portunus keys status".to_owned(),
            Tone::Bad,
        ),
    }
}
