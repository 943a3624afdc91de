//! `portunus import`: agents with hashes of the tokens that they have, and provider keys, out of one file.

mod elsewhere;

use super::plane::Plane;
use crate::args::import::ImportArgs;
use crate::config::ProcessEnvironment;
use crate::failure::{Failure, Kind};
use crate::output::{self, Table, Tone};
use elsewhere::Elsewhere;
use indicatif::{ProgressBar, ProgressStyle};
use portunus_api::import::{Import, ImportLine, ImportReport, LineOutcome, LineReport};
use std::io::Read;
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

const FORM: &str = "write each as {\"kind\": \"agent\", \"name\": ..., \"token_sha256\": ...} or {\"kind\": \"key\", \"pool\": ..., \"label\": ..., \"secret\": ...}";

/// Reads the file, asks what would become of it and, if nothing stands against it, imports it.
pub(super) async fn run(args: ImportArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach);
    let is_for_people = !args.reach.json;
    let file = read(&args.from, is_for_people)?;
    if file.lines.is_empty() {
        return Err(file.refused(None));
    }
    let plane = match plane {
        Err(_) if !file.mistakes.is_empty() => return Err(file.refused(None)),
        reached => reached?,
    };
    let File {
        name,
        lines,
        mistakes,
    } = file;
    let numbers: Vec<usize> = lines.iter().map(|(number, _)| *number).collect();
    let mut body = Import {
        dry_run: Some(true),
        lines: lines.into_iter().map(|(_, line)| line).collect(),
    };
    let told = |mistakes| File {
        name,
        lines: Vec::new(),
        mistakes,
    };
    let bar = progress(numbers.len(), args.dry_run);
    let looked = match send(&plane, &body, &bar, "looking at lines").await {
        Err(_) if !mistakes.is_empty() => return Err(told(mistakes).refused(None)),
        looked => looked?,
    };
    let report: ImportReport = looked.read()?;
    let stops = report.conflicts > 0 || !mistakes.is_empty();
    if mistakes.is_empty() && (args.dry_run || (stops && !is_for_people)) {
        plane.show(&looked, |report: ImportReport| words(&report, &numbers))?;
    }
    if stops {
        return Err(told(mistakes).refused(Some((&report, &numbers))));
    }
    if args.dry_run {
        return Ok(());
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

/// A file whose lines were read. What a line holds is never told.
struct File {
    name: String,
    lines: Vec<(usize, ImportLine)>,
    /// The lines that could not be read, and why.
    mistakes: Vec<(usize, String)>,
}

impl File {
    /// The refusal that tells every line which stands against the import: of those here, and of those that the plane found.
    fn refused(self, found: Option<(&ImportReport, &[usize])>) -> Failure {
        let file = &self.name;
        let (kind, fix) = match self.mistakes.is_empty() {
            true => (Kind::Conflict, "mend these lines and import the file again"),
            false => (Kind::Usage, FORM),
        };
        let mut lines = self.mistakes;
        if let Some((report, numbers)) = found {
            lines.extend(report.lines.iter().filter_map(|line| told(line, numbers)));
        }
        if lines.is_empty() {
            return Failure::new(Kind::Usage, format!("{file} has no lines")).fix(FORM);
        }
        lines.sort();
        let lines = lines.iter();
        let lines = lines.map(|(number, why)| format!("\n  {file}:{number}: {why}"));
        let detail = format!("nothing was imported{}", lines.collect::<String>());
        Failure::new(kind, detail).fix(fix)
    }
}

/// The number in the file of a line that cannot be, why not and what to do.
fn told(line: &LineReport, numbers: &[usize]) -> Option<(usize, String)> {
    if line.outcome != LineOutcome::Conflict {
        return None;
    }
    let number = number_of(line.number, numbers)?;
    let name = match line.name.as_str() {
        "" => String::new(),
        name => format!("{name}: "),
    };
    let why = why_not(line, numbers);
    let fix = line.fix.as_deref().unwrap_or_default();
    Some((number, format!("{name}{why}; {fix}")))
}

/// Where in the file the line stands that the plane counts so.
fn number_of(counted: usize, numbers: &[usize]) -> Option<usize> {
    numbers.get(counted.checked_sub(1)?).copied()
}

/// Why a line cannot be. Another line that it names is counted as in the file.
fn why_not(line: &LineReport, numbers: &[usize]) -> String {
    let why = line.why.as_deref().unwrap_or_default();
    let other = why.strip_prefix("line ").and_then(|rest| {
        let (counted, rest) = rest.split_once(' ')?;
        let number = number_of(counted.parse().ok()?, numbers)?;
        Some(format!("line {number} {rest}"))
    });
    other.unwrap_or_else(|| why.to_owned())
}

/// Reads the file. Its mistakes are kept, so that those which the plane finds can be told with them.
fn read(path: &Path, is_for_people: bool) -> Result<File, Failure> {
    let mut text = Zeroizing::new(String::new());
    let is_file = path != Path::new("-");
    let read = if is_file {
        std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text))
    } else {
        std::io::stdin().lock().read_to_string(&mut text)
    };
    let name = path.display();
    read.map_err(|error| {
        Failure::new(Kind::Usage, format!("cannot read {name}: {error}"))
            .fix("give --from a file that you may read, or - for standard input")
    })?;
    if is_file && is_for_people && text.contains("\"secret\"") {
        warn_of_readers(path);
    }
    let beside = path.parent().unwrap_or(Path::new(""));
    let elsewhere = Elsewhere::new(beside, &ProcessEnvironment);
    parse(&text, &name.to_string(), &elsewhere)
}

/// Keys stand in the file in the clear.
fn warn_of_readers(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let open = std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0);
    if open {
        let name = path.display();
        output::remark(&format!(
            "Others may read {name}, which has provider keys: chmod 600 {name}"
        ));
    }
}

/// The objects of a file with their numbers.
fn parts(text: &str, file: &str) -> Result<Vec<(usize, Zeroizing<String>)>, Failure> {
    if text.trim_start().starts_with('[') {
        let items: Vec<&serde_json::value::RawValue> =
            serde_json::from_str(text).map_err(|error| {
                let place = format!("line {}, column {}", error.line(), error.column());
                Failure::new(Kind::Usage, format!("{file} stops being JSON at {place}"))
            })?;
        let numbered = (1..).zip(items);
        return Ok(numbered
            .map(|(at, item)| (at, Zeroizing::new(item.get().to_owned())))
            .collect());
    }
    let lines = (1..).zip(text.lines().map(str::trim));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    Ok(lines
        .map(|(at, line)| (at, Zeroizing::new(line.to_owned())))
        .collect())
}

fn parse(text: &str, file: &str, elsewhere: &Elsewhere<'_>) -> Result<File, Failure> {
    let (mut lines, mut mistakes) = (Vec::new(), Vec::new());
    for (number, part) in parts(text, file)? {
        let whole = elsewhere.filled_in(part);
        let line =
            whole.and_then(|whole| serde_json::from_str(&whole).map_err(|error| why(&error)));
        match line {
            Ok(line) => lines.push((number, line)),
            Err(why) => mistakes.push((number, why)),
        }
    }
    Ok(File {
        name: file.to_owned(),
        lines,
        mistakes,
    })
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
        let number = number_of(line.number, numbers);
        let number = number.map_or_else(String::new, |number| number.to_string());
        let why = why_not(line, numbers);
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
            (&why, Tone::Plain),
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
