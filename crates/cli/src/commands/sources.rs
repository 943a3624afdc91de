//! `portunus sources`.

use super::plane::Plane;
use crate::args::sources::{SourcesArgs, SourcesVerb};
use crate::client::{Wanted, escape};
use crate::failure::Failure;
use crate::output::{Table, Tone, moment};
use portunus_api::sources::{ClearSource, Source, SourceCleared};

/// Runs one verb.
pub(super) async fn run(args: SourcesArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    match args.verb {
        SourcesVerb::List { page } => {
            let wanted = Wanted {
                limit: page.limit,
                cursor: page.cursor,
            };
            plane
                .show_list("/sources", &[], &wanted, |sources: &[Source]| {
                    words(sources)
                })
                .await
        }
        SourcesVerb::Clear { source } => {
            let path = format!("/sources/{}/clear", escape(&source));
            let answer = plane.post(&path, &ClearSource {}).await?;
            plane.show(&answer, |cleared: SourceCleared| {
                let names = cleared.cleared.iter().map(|source| source.source.as_str());
                let names: Vec<&str> = names.collect();
                format!("Nothing is held against {} any more.\n", names.join(", "))
            })
        }
    }
}

fn words(sources: &[Source]) -> String {
    if sources.is_empty() {
        return "No credential has failed lately.\n".to_owned();
    }
    let mut table = Table::new(&["SOURCE", "FAILURES", "LAST", "PENALTY UNTIL"]);
    for source in sources {
        let until = source.penalised_until.as_deref().map(moment::stamp);
        let tone = if until.is_some() {
            Tone::Warn
        } else {
            Tone::Plain
        };
        table.row([
            (source.source.as_str(), Tone::Plain),
            (source.failures.to_string().as_str(), Tone::Plain),
            (moment::stamp(&source.last_failed_at).as_str(), Tone::Plain),
            (until.as_deref().unwrap_or("none"), tone),
        ]);
    }
    format!(
        "{}\nA penalty keeps passwords and imported tokens out. Valid tokens are served all the time.\n",
        table.render()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_penalty_is_shown_with_its_end() {
        let source = |source: &str, until: Option<&str>| Source {
            source: source.to_owned(),
            failures: 10,
            last_failed_at: "2026-11-03T10:00:00.000Z".to_owned(),
            penalised_until: until.map(str::to_owned),
        };
        let shown = words(&[
            source("203.0.113.7", Some("2026-11-03T10:05:00.000Z")),
            source("2001:db8:1:2::/64", None),
        ]);
        let rows: Vec<&str> = shown.lines().collect();
        assert!(
            rows[1].contains("203.0.113.7") && rows[1].contains("10:05:00"),
            "{shown}"
        );
        assert!(
            rows[2].contains("2001:db8:1:2::/64") && rows[2].contains("none"),
            "{shown}"
        );
        assert!(words(&[]).starts_with("No credential"));
    }
}
