//! `portunus import`: agents with hashes of the tokens that they have, and provider keys, out of one file.

mod elsewhere;

use super::plane::Plane;
use crate::args::import::ImportArgs;
use crate::config::ProcessEnvironment;
use crate::failure::{Failure, Kind};
use crate::output::{self, Table, Tone};
use elsewhere::Elsewhere;
use indicatif::{ProgressBar, ProgressStyle};
use portunus_api::import::{Import, ImportLine, ImportReport, LineOutcome};
use std::io::Read;
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

/// Reads the file, asks what would become of it and, if nothing stands against it, imports it.
pub(super) async fn run(args: ImportArgs) -> Result<(), Failure> {
    let lines = read(&args.from)?;
    let plane = Plane::reach(&args.reach)?;
    let numbers: Vec<usize> = lines.iter().map(|(number, _)| *number).collect();
    let mut body = Import {
        dry_run: Some(true),
        lines: lines.into_iter().map(|(_, line)| line).collect(),
    };
    let bar = progress(numbers.len(), args.dry_run);
    let looked = send(&plane, &body, &bar, "looking at lines").await?;
    let report: ImportReport = looked.read()?;
    if args.dry_run || report.conflicts > 0 {
        plane.show(&looked, |report: ImportReport| words(&report, &numbers))?;
        return match report.conflicts {
            0 => Ok(()),
            count => Err(Failure::new(
                Kind::Conflict,
                format!(
                    "{count} of {} lines cannot be imported, so none was",
                    numbers.len()
                ),
            )
            .fix("mend them as the last column says, and import the file again")),
        };
    }
    body.dry_run = None;
    let imported = send(&plane, &body, &bar, "importing lines").await?;
    plane.show(&imported, |report: ImportReport| words(&report, &numbers))
}

/// A bar on standard error over the lines: each is looked at and, unless this is only a look, imported. It hides itself when
/// standard error is no terminal.
fn progress(lines: usize, is_look: bool) -> ProgressBar {
    let turns = if is_look { 1 } else { 2 };
    let bar = ProgressBar::new(u64::try_from(lines * turns).unwrap_or(0));
    let style = ProgressStyle::with_template("{spinner} {msg} {bar:30} {percent}% {elapsed}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

async fn send(
    plane: &Plane,
    body: &Import,
    bar: &ProgressBar,
    doing: &'static str,
) -> Result<crate::client::Answer, Failure> {
    bar.set_message(doing);
    bar.enable_steady_tick(Duration::from_millis(100));
    let answer = plane.post("/import", body).await;
    bar.disable_steady_tick();
    bar.inc(u64::try_from(body.lines.len()).unwrap_or(0));
    let is_over = answer.is_err() || Some(bar.position()) == bar.length();
    if is_over {
        bar.finish_and_clear();
    }
    answer
}

/// The lines of a file with their numbers. All mistakes are told at once, and never with what a line holds.
fn read(path: &Path) -> Result<Vec<(usize, ImportLine)>, Failure> {
    let mut text = Zeroizing::new(String::new());
    let read = if path == Path::new("-") {
        std::io::stdin().lock().read_to_string(&mut text)
    } else {
        warn_of_readers(path);
        std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text))
    };
    let name = path.display();
    read.map_err(|error| Failure::new(Kind::Usage, format!("cannot read {name}: {error}")))?;
    let beside = path.parent().unwrap_or(Path::new(""));
    let elsewhere = Elsewhere::new(beside, &ProcessEnvironment);
    parse(&text, &name.to_string(), &elsewhere)
}

/// Keys may stand in the file in the clear.
fn warn_of_readers(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let open = std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0);
    if open {
        output::remark("Others may read this file; if it has provider keys, chmod 600 it.");
    }
}

fn parse(
    text: &str,
    file: &str,
    elsewhere: &Elsewhere<'_>,
) -> Result<Vec<(usize, ImportLine)>, Failure> {
    let is_array = text.trim_start().starts_with('[');
    let parts: Vec<(usize, Zeroizing<String>)> = if is_array {
        let items: Vec<&serde_json::value::RawValue> =
            serde_json::from_str(text).map_err(|error| {
                let place = format!("line {}, column {}", error.line(), error.column());
                Failure::new(Kind::Usage, format!("{file} stops being JSON at {place}"))
            })?;
        let numbered = (1..).zip(items);
        numbered
            .map(|(at, item)| (at, Zeroizing::new(item.get().to_owned())))
            .collect()
    } else {
        let lines = (1..).zip(text.lines().map(str::trim));
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        lines
            .map(|(at, line)| (at, Zeroizing::new(line.to_owned())))
            .collect()
    };
    let (mut lines, mut mistakes) = (Vec::new(), String::new());
    for (number, part) in parts {
        let whole = elsewhere.filled_in(part);
        let line =
            whole.and_then(|whole| serde_json::from_str(&whole).map_err(|error| why(&error)));
        match line {
            Ok(line) => lines.push((number, line)),
            Err(why) => mistakes.push_str(&format!("\n  {file}:{number}: {why}")),
        }
    }
    let fix = "write each as {\"kind\": \"agent\", \"name\": ..., \"token_sha256\": ...} or {\"kind\": \"key\", \"pool\": ..., \"label\": ..., \"secret\": ...}";
    if !mistakes.is_empty() {
        let detail = format!("nothing was imported{mistakes}");
        return Err(Failure::new(Kind::Usage, detail).fix(fix));
    }
    if lines.is_empty() {
        return Err(Failure::new(Kind::Usage, format!("{file} has no lines")).fix(fix));
    }
    Ok(lines)
}

/// What is wrong, without values: only names of fields that are ours are passed on.
fn why(error: &serde_json::Error) -> String {
    let said = error.to_string();
    if let Some(rest) = said.strip_prefix("missing field `") {
        let name = rest.split('`').next().unwrap_or_default();
        return format!("the field {name} is missing");
    }
    if said.starts_with("unknown field") {
        return "it has a field that no line has".to_owned();
    }
    if said.starts_with("unknown variant") {
        return "its kind is neither agent nor key".to_owned();
    }
    if error.is_data() {
        return "a field has another type than it must have".to_owned();
    }
    format!("it stops being JSON at column {}", error.column())
}

fn words(report: &ImportReport, numbers: &[usize]) -> String {
    let mut table = Table::new(&["LINE", "WHAT", "OUTCOME", "WHY", "FIX"])
        .wrapping("WHY")
        .wrapping("FIX");
    for line in &report.lines {
        let number = line.number.checked_sub(1).and_then(|at| numbers.get(at));
        let number = number.map_or_else(String::new, ToString::to_string);
        let (outcome, tone) = match (line.outcome, report.applied) {
            (LineOutcome::Created, true) => ("created", Tone::Good),
            (LineOutcome::Created, false) => ("would be created", Tone::Good),
            (LineOutcome::Unchanged, _) => ("unchanged", Tone::Faint),
            (LineOutcome::Conflict, _) => ("conflict", Tone::Bad),
        };
        table.row([
            (number.as_str(), Tone::Plain),
            (&line.name, Tone::Plain),
            (outcome, tone),
            (line.why.as_deref().unwrap_or_default(), Tone::Plain),
            (line.fix.as_deref().unwrap_or_default(), Tone::Plain),
        ]);
    }
    let sum = match report.applied {
        true => format!(
            "Imported {}, unchanged {}.\n",
            report.created, report.unchanged
        ),
        false => format!(
            "Nothing was changed: {} new, {} unchanged, {} in conflict.\n",
            report.created, report.unchanged, report.conflicts
        ),
    };
    format!("{}\n{sum}", table.render())
}
