//! Every key of the configuration that any part of the program tells people to set is one that the file may have, in the
//! table that is named beside it: fixes of the control API, refusals of the model door, the log, the command line's own
//! advice.

use super::schema::{self, KEYS, PRICES};
use crate::args::advice_tests::{CRATES, lines, sources};
use std::collections::BTreeSet;

/// A key that some text names, and the table that the text puts it into.
#[derive(Debug, PartialEq, Eq)]
struct Shown<'a> {
    name: &'a str,
    section: Option<&'a str>,
}

#[test]
fn every_key_that_is_advised_can_be_set() {
    let (mut met, mut wrong) = (0, Vec::new());
    for file in CRATES.iter().flat_map(|name| sources(name)) {
        // The table of the keys itself, and examples that are whole files.
        if file.ends_with("config/schema.rs") {
            continue;
        }
        for (place, line) in lines(&file) {
            for shown in shown(&line) {
                met += 1;
                let is_of_a_price = place.contains("/prices/") && is_read_of_a_price(shown.name);
                if !exists(&shown) && !is_of_a_price {
                    wrong.push(format!("{place}: {shown:?} in {line}"));
                }
            }
            for section in sections(&line).filter(|name| !schema::is_section(name)) {
                if section != PRICES {
                    wrong.push(format!("{place}: there is no table [{section}]: {line}"));
                }
            }
        }
    }
    assert!(met >= 5, "only {met} keys were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn exists(shown: &Shown<'_>) -> bool {
    match shown.section {
        Some(section) => schema::find(section, shown.name).is_some(),
        None => KEYS.iter().any(|key| key.name == shown.name),
    }
}

/// Whether the reader of the list of prices, which is no part of the table of keys, knows a field of this name.
fn is_read_of_a_price(name: &str) -> bool {
    let reader = include_str!("../../../app/src/prices/list.rs");
    reader.contains(&format!("\"{name}\" => "))
}

/// The keys in a line of code: lines of a configuration between backticks, `trusted_proxies = [...]`, with the one table
/// that is named, and keys with their tables, `decisions.keep_days`.
fn shown(line: &str) -> Vec<Shown<'_>> {
    let texts = line.split('"').skip(1).step_by(2);
    let words =
        texts.flat_map(|text| text.split(|letter: char| letter != '.' && !is_of_a_name(letter)));
    let dotted = words.filter_map(|word| word.trim_matches('.').split_once('.'));
    // Scopes look like that too, but have no such names.
    let keys = dotted.filter(|(section, name)| schema::is_section(section) && name.contains('_'));
    let dotted = keys.map(|(section, name)| Shown {
        name,
        section: Some(section),
    });
    marked(line).chain(dotted).collect()
}

fn marked(line: &str) -> impl Iterator<Item = Shown<'_>> {
    let section = sections(line).next();
    let marked = line.split('`').skip(1).step_by(2);
    // What stands for any line.
    let marked = marked.filter(|text| *text != "key = value");
    let named = marked.filter_map(|text| text.split_once(" = "));
    let named = named.map(|(name, _)| name.trim());
    named
        .filter(|name| !name.is_empty() && name.chars().all(is_of_a_name))
        .map(move |name| Shown { name, section })
}

/// The tables that a line of code names: `[upstream]` behind one of the words that lead to it.
fn sections(line: &str) -> impl Iterator<Item = &str> {
    let leads = [
        "under [", "under `[", "in [", "in `[", "table [", "table `[",
    ];
    leads.into_iter().flat_map(|lead| {
        let named = line.split(lead).skip(1);
        let named = named.filter_map(|rest| rest.split(']').next());
        named.filter(|name| !name.is_empty() && name.chars().all(is_of_a_name))
    })
}

const fn is_of_a_name(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_'
}

/// Names that stand in sentences and that others read: providers and their clients, checkpoints, Linux. The last is the name of a
/// scope of budgets, which serde makes of a variant's.
const READ_ELSEWHERE: [&str; 5] = [
    "message_stop",
    "previous_response_id",
    "time_ms",
    "pidfd_open",
    "every_agent",
];

#[test]
fn every_name_in_a_sentence_is_one_that_something_reads() {
    let fields = fields_of_the_api();
    let is_read = |name: &str| {
        KEYS.iter().any(|key| key.name == name)
            || fields.contains(name)
            || READ_ELSEWHERE.contains(&name)
    };
    let (mut met, mut wrong) = (0, Vec::new());
    for file in CRATES.iter().flat_map(|name| sources(name)) {
        for (place, line) in lines(&file) {
            for name in names_in_sentences(&line) {
                met += 1;
                if !is_read(name) && !is_read_of_a_price(name) {
                    wrong.push(format!("{place}: nothing reads {name}: {line}"));
                }
            }
        }
    }
    assert!(met >= 50, "only {met} names were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What bodies and queries of the API may have, and OAuth's words, which stand where they are read.
fn fields_of_the_api() -> BTreeSet<String> {
    let mut fields = BTreeSet::new();
    for file in ["api", "http"].iter().flat_map(|name| sources(name)) {
        for (_, line) in lines(&file) {
            let field = line.trim_start().strip_prefix("pub ");
            let field = field.and_then(|rest| rest.split_once(':'));
            fields.extend(field.map(|(name, _)| name.to_owned()));
            let texts = line.split('"').skip(1).step_by(2);
            fields.extend(texts.map(str::to_owned));
        }
    }
    fields
}

/// The names of several words that stand in the sentences of a line of code: `raise keep_days`.
fn names_in_sentences(line: &str) -> impl Iterator<Item = &str> {
    // A quotation mark as a letter would turn what is a text and what is none around.
    let line = Some(line).filter(|line| !line.contains("'\"'"));
    let texts = line
        .into_iter()
        .flat_map(|line| line.split('"').skip(1).step_by(2));
    let sentences = texts.filter(|text| text.contains(' '));
    let between = |letter: char| letter.is_whitespace() || ",;'`!?[]()\\".contains(letter);
    let words = sentences.flat_map(move |text| text.split(between));
    let words = words.map(|word| word.trim_end_matches(['.', ':']));
    words.filter(|word| {
        let begins = word.starts_with(|letter: char| letter.is_ascii_lowercase());
        // How tokens and ids begin: `ptna_`.
        let goes_on = !word.ends_with('_');
        begins && goes_on && word.contains('_') && word.chars().all(is_of_a_name)
    })
}

#[test]
fn names_are_found_in_sentences_and_not_elsewhere() {
    let found = |line: &'static str| names_in_sentences(line).collect::<Vec<_>>();
    let line = "\"raise keep_days, or `keep_mib`; no_such_key.\"";
    assert_eq!(found(line), ["keep_days", "keep_mib", "no_such_key"]);
    assert!(found("let keep_days = \"keep_days\";").is_empty());
    assert!(found("\"it begins with ptna_, as tokens do\"").is_empty());
    assert!(found("b'\"' if is_escaped => quoted = \"a b\", \"begins with ptna_\"").is_empty());
    assert!(found("\"{keep_days} days, portunus_up, --keep_days=1 of a/keep_mib\"").len() == 1);
}

#[test]
fn what_stands_between_backticks_is_found_with_its_table() {
    let line = "set `allow_private = true` under `[upstream]` and start the plane again";
    let expected = Shown {
        name: "allow_private",
        section: Some("upstream"),
    };
    assert_eq!(shown(line), [expected]);
    assert!(exists(&shown(line)[0]));
    assert!(!exists(
        &shown("set `allow_private = true` under [door]")[0]
    ));
    assert!(!exists(&shown("set `allow_privat = true`")[0]));
    assert!(shown("`portunus keys list` and a = b").is_empty());
    assert!(exists(&shown("\"older than decisions.keep_days \\")[0]));
    assert!(!exists(&shown("\"older than decisions.kept_days\"")[0]));
}
