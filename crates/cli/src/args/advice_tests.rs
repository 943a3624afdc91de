//! Every command that any part of the program tells people to type is one that this command line reads: fixes of the
//! control API, refusals of the model door, the command line's own advice.

use super::Cli;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use std::path::{Path, PathBuf};

pub(crate) const CRATES: [&str; 5] = ["core", "app", "proxy", "http", "cli"];

/// What is said somewhere, with its place.
struct Said {
    place: String,
    command: String,
}

#[test]
fn every_command_that_is_advised_can_be_typed() {
    let said = everything_said();
    assert!(said.len() > 25, "only {} commands were found", said.len());
    let names: Vec<String> = Cli::command()
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect();
    let mut wrong = Vec::new();
    for Said { place, command } in &said {
        let words: Vec<&str> = command.split_whitespace().collect();
        // "Portunus serves" is no command.
        if words
            .get(1)
            .is_none_or(|word| !names.iter().any(|name| name == word))
        {
            continue;
        }
        if let Err(error) = Cli::try_parse_from(&words)
            && error.use_stderr()
            && !(place.contains("/cli/src/") && stops_short(&error))
        {
            wrong.push(format!("{place}: {command}\n{error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The command line may name a command and leave the rest to its help, to somebody who sits at it.
fn stops_short(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::MissingRequiredArgument
            | ErrorKind::MissingSubcommand
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

#[test]
fn fixes_of_the_control_api_mark_their_commands() {
    let names = Cli::command();
    let names: Vec<String> = names
        .get_subcommands()
        .map(|command| format!("portunus {}", command.get_name()))
        .collect();
    let mut bare = Vec::new();
    for file in sources("http") {
        for (place, line) in lines(&file) {
            let unmarked: String = line.split('`').step_by(2).collect();
            if names.iter().any(|name| unmarked.contains(name)) {
                bare.push(format!("{place}: {line}"));
            }
        }
    }
    assert!(
        bare.is_empty(),
        "put what can be typed between backticks: {bare:#?}"
    );
}

fn everything_said() -> Vec<Said> {
    let files = CRATES.iter().flat_map(|name| sources(name));
    // Examples there are whole lines of a shell.
    let files = files.filter(|file| !file.to_string_lossy().contains("/cli/src/args/"));
    files
        .flat_map(|file| lines(&file))
        .flat_map(|(place, line)| {
            let commands = commands(&line);
            commands.into_iter().map(move |command| Said {
                place: place.clone(),
                command,
            })
        })
        .collect()
}

/// The commands in a line of code: between backticks, or to the end of the sentence.
fn commands(line: &str) -> Vec<String> {
    // What keys are derived under is no advice.
    let line = line.replace("b\"portunus ", "");
    let marked = line.split('`').skip(1).step_by(2);
    let marked = marked.filter(|text| text.starts_with("portunus "));
    let bare = line.split("portunus ").skip(1).filter_map(|rest| {
        // Between backticks it was found already.
        let end = rest.find([';', ',', '"', '\'', '`', '(', ')', '|', '<', '\\'])?;
        let is_marked = rest[end..].starts_with('`');
        let sentence = rest[..end].split(". ").next()?.split("  ").next()?;
        let sentence = sentence.trim_end_matches('.');
        (!is_marked).then(|| format!("portunus {sentence}"))
    });
    marked
        .map(str::to_owned)
        .chain(bare)
        .filter(|command| !command.contains("--{"))
        .map(|command| filled_in(&command))
        .collect()
}

/// A command with values in the place of what stands for them: `{pool}`, `POOL`.
fn filled_in(command: &str) -> String {
    let mut filled = String::new();
    let mut rest = command;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        filled.push_str(before);
        match name {
            "pin" => filled.push_str(&format!("sha256:{}", "ab".repeat(32))),
            _ => filled.push_str("anthropic"),
        }
        rest = after;
    }
    filled.push_str(rest);
    let words = filled.split(' ').map(|word| match word {
        "LIMIT" => "5".to_owned(),
        word if word.chars().any(|c| c.is_ascii_lowercase()) => word.to_owned(),
        word => word.to_ascii_lowercase(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Lines of a file that are no comments and no tests, with their places.
pub(crate) fn lines(file: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let code = code.lines().enumerate();
    code.filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(at, line)| (format!("{}:{}", file.display(), at + 1), line.to_owned()))
        .collect()
}

/// The files of one crate that are no tests.
pub(crate) fn sources(name: &str) -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../{name}/src"))];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") && !stem.ends_with("tests") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
