//! Whom a text names: `@mayor`, `@all`.
//!
//! A mention is an `@` and a name of an agent in upper or lower case. It counts where people mean somebody by it:
//!
//! - before the `@` stands nothing, or a character that is no letter and no digit and none of `._%+-/\@:#&=`, so that the addresses
//!   `mayor@example.org` and `https://example.org/@mayor` and the escaped `\@mayor` name nobody;
//! - the name ends where letters, digits and hyphens end, hyphens at its end left out. If it goes on as an address, a path
//!   or another kind of name would (`@example.org`, `@scope/package`, `@some_name`, `@héloïse`), it names nobody; a full
//!   stop at the end of a sentence is none of that, and a mark that combines with the last letter makes another letter of it;
//! - code names nobody: what stands between runs of equally many backticks, also over several lines. A run that is not
//!   closed is text.

use crate::name::Slug;
use unicode_segmentation::UnicodeSegmentation as _;

/// The name that means everybody.
pub const ALL: &str = "all";

/// Most agents that one text may name.
pub const MAX_MENTIONS: usize = 64;

/// Whom a text names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Agents by their names, in the order of the text, each once.
    pub names: Vec<Slug>,
    /// Whether everybody is meant.
    pub everyone: Everyone,
}

/// Whether a text names everybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Everyone {
    /// No.
    #[default]
    NotMeant,
    /// By `@all`.
    Meant,
}

/// A text names too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("names more than {MAX_MENTIONS} agents; @all names everybody")]
pub struct TooManyMentions;

impl Mentions {
    /// Finds them.
    pub fn find(text: &str) -> Result<Self, TooManyMentions> {
        let mut mentions = Self::default();
        for prose in prose(text) {
            for name in names(prose) {
                if name.as_str() == ALL {
                    mentions.everyone = Everyone::Meant;
                } else if !mentions.names.contains(&name) {
                    mentions.names.push(name);
                }
                if mentions.names.len() > MAX_MENTIONS {
                    return Err(TooManyMentions);
                }
            }
        }
        Ok(mentions)
    }
}

/// The pieces of a text that are no code.
fn prose(text: &str) -> Vec<&str> {
    let runs = runs(text);
    let mut last = std::collections::HashMap::new();
    for (at, run) in runs.iter().enumerate() {
        last.insert(run.1 - run.0, at);
    }
    let (mut pieces, mut from, mut open) = (Vec::new(), 0, 0);
    while let Some((start, end)) = runs.get(open) {
        let length = end - start;
        // Whether any run closes it is known at once, so hostile text costs no more than other text.
        let closes = last.get(&length).is_some_and(|at| *at > open);
        if !closes {
            open += 1;
            continue;
        }
        let rest = runs.iter().enumerate().skip(open + 1);
        let Some((at, closing)) = { rest }.find(|(_, run)| run.1 - run.0 == length) else {
            break;
        };
        pieces.extend(text.get(from..*start));
        from = closing.1;
        open = at + 1;
    }
    pieces.extend(text.get(from..));
    pieces
}

/// Where runs of backticks begin and end.
fn runs(text: &str) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, _) in text.match_indices('`') {
        match runs.last_mut() {
            Some((_, end)) if *end == at => *end += 1,
            _ => runs.push((at, at + 1)),
        }
    }
    runs
}

/// The names that a piece of prose mentions.
fn names(prose: &str) -> impl Iterator<Item = Slug> {
    prose.match_indices('@').filter_map(|(at, _)| {
        let before = prose.get(..at)?.graphemes(true).next_back();
        let after = prose.get(at + 1..)?;
        if before.is_some_and(|sign| sign.contains(binds_to_what_follows)) {
            return None;
        }
        let run = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        let run = after.get(..run.unwrap_or(after.len()))?;
        // What people see as one sign is not cut in two (Unicode Standard Annex 29).
        let last = after.get(run.len().checked_sub(1)?..)?;
        let is_whole = last.graphemes(true).next()?.len() == 1;
        if !is_whole || goes_on(after.get(run.len()..)?) {
            return None;
        }
        let name = run.trim_end_matches('-').to_ascii_lowercase();
        name.parse().ok()
    })
}

/// Whether an `@` after this character is part of something else.
fn binds_to_what_follows(before: char) -> bool {
    before.is_alphanumeric() || "._%+-/\\@:#&=".contains(before)
}

/// Whether what follows makes the name part of something else.
fn goes_on(rest: &str) -> bool {
    let mut chars = rest.chars();
    match (chars.next(), chars.next()) {
        (Some('_' | '@'), _) => true,
        (Some('.' | '/' | ':'), Some(next)) => next.is_alphanumeric(),
        (Some(next), _) => next.is_alphanumeric(),
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn named(text: &str) -> Vec<String> {
        let found = Mentions::find(text).unwrap();
        let names = found.names.iter().map(ToString::to_string);
        let all = (found.everyone == Everyone::Meant).then(|| "*".to_owned());
        names.chain(all).collect()
    }

    #[test]
    fn people_are_named_where_they_are_meant() {
        for (text, expected) in [
            ("@mayor", &["mayor"][..]),
            ("Thanks, @mayor. Please look", &["mayor"]),
            ("(@mayor, @clerk-2)!", &["mayor", "clerk-2"]),
            ("@Mayor and @MAYOR", &["mayor"]),
            ("@mayor's turn", &["mayor"]),
            ("@mayor- @mayor--", &["mayor"]),
            ("über @mayor; \"@clerk\"", &["mayor", "clerk"]),
            ("@all hands, @mayor too", &["mayor", "*"]),
            ("a\n@mayor:\nplease", &["mayor"]),
            ("@mayor/@clerk", &["mayor"]),
            ("@mayor\u{1f3db}\u{fe0f}", &["mayor"]),
            ("\u{1f3db}\u{fe0f}@mayor", &["mayor"]),
        ] {
            assert_eq!(named(text), expected, "{text}");
        }
    }

    #[test]
    fn addresses_paths_and_code_name_nobody() {
        for text in [
            "mail mayor@example.org",
            "mayor+x@all",
            "https://example.org/@mayor",
            "@example.org",
            "@scope/package",
            "@some_name",
            "@héloïse",
            "é@mayor",
            "\\@mayor",
            "@@mayor",
            "@",
            "@-",
            "@-mayor",
            "@ mayor",
            "`@mayor`",
            "``a ` @mayor``",
            "```\n@mayor\n@all\n```",
            "x `@a` y `@b`",
            "@mayor@example.org",
            "ssh://@mayor",
            "@host:22",
            "@mayor\u{301}",
            "@mayor\u{200d}x",
            "@mayor-\u{308}",
            "@ma\u{301}yor",
            "e\u{301}@mayor",
        ] {
            assert_eq!(named(text), Vec::<String>::new(), "{text}");
        }
        assert_eq!(named("`open @mayor"), ["mayor"]);
        assert_eq!(named("``x` @mayor"), ["mayor"]);
        assert_eq!(named("`a` @mayor `b`"), ["mayor"]);
    }

    #[test]
    fn nobody_names_the_whole_fleet_one_by_one() {
        let many = |count| (0..count).map(|n| format!("@a{n} ")).collect::<String>();
        assert_eq!(
            Mentions::find(&many(MAX_MENTIONS)).unwrap().names.len(),
            MAX_MENTIONS
        );
        assert_eq!(
            Mentions::find(&many(MAX_MENTIONS + 1)),
            Err(TooManyMentions)
        );
    }

    #[test]
    fn hostile_text_costs_no_more_than_other_text() {
        // Runs of ever other lengths, none of which closes another one.
        let mut text = String::new();
        for length in 1..350 {
            text.push_str(&"`".repeat(length));
            text.push_str(" @a ");
        }
        // The quickest look of a few: whatever else the machine does slows some of them down.
        let looks = (0..5).map(|_| {
            let begun = std::time::Instant::now();
            assert_eq!(named(&text), ["a"]);
            assert_eq!(named(&"` ".repeat(32_000)), Vec::<String>::new());
            begun.elapsed().as_millis()
        });
        assert!(looks.min().unwrap() < 2_000);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "[-@`a-zA-Z0-9._/\\\\ é\n]{0,80}") {
            let Ok(found) = Mentions::find(&text) else { return Ok(()) };
            for name in &found.names {
                let written = format!("@{name}");
                prop_assert!(text.to_ascii_lowercase().contains(&written));
            }
        }

        #[test]
        fn a_name_between_blanks_is_always_found(
            before in "[-@a-z._/ é\n]{0,20}", name in "[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?",
            after in "[-@a-z._/ é\n]{0,20}",
        ) {
            prop_assume!(name != ALL);
            let text = format!("{before} @{name} {after}");
            prop_assert!(named(&text).contains(&name), "{text}");
            let coded = format!("`` @{name} ``");
            prop_assert!(named(&coded).is_empty());
        }

        #[test]
        fn an_address_names_nobody(user in "[a-z0-9._+-]{1,9}", host in "[a-z]{1,9}(\\.[a-z]{2,3})?") {
            let address = format!("to {user}@{host} please");
            prop_assert!(named(&address).is_empty());
        }
    }
}
