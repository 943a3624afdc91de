//! The file of `keys add --from`: `label secret` on each line, `#` begins a comment, empty lines are skipped.

use crate::failure::{Failure, Kind};
use portunus_core::name::Label;
use portunus_core::secret::Secret;
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// One key of the file.
#[derive(Debug)]
pub(super) struct Entry {
    /// What to call it.
    pub(super) label: Label,
    /// The provider's key.
    pub(super) secret: Secret,
}

/// Reads `path`, or standard input for `-`.
pub(super) fn read(path: &Path) -> Result<Vec<Entry>, Failure> {
    let mut text = Zeroizing::new(String::new());
    let read = if path == Path::new("-") {
        std::io::stdin().lock().read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text))
    };
    read.map_err(|error| {
        Failure::new(
            Kind::Usage,
            format!("cannot read {}: {error}", path.display()),
        )
    })?;
    parse(&text, &path.display().to_string())
}

/// Reads every line; all mistakes are told at once, by line number and never with the line's text.
fn parse(text: &str, file: &str) -> Result<Vec<Entry>, Failure> {
    let mut entries = Vec::new();
    let mut mistakes = String::new();
    let mut labels: HashMap<Label, usize> = HashMap::new();
    let mut secrets: HashMap<&str, usize> = HashMap::new();
    for (line, content) in text
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim()))
    {
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let entry = entry(content).and_then(|(label, secret)| {
            match (
                labels.insert(label.clone(), line),
                secrets.insert(secret, line),
            ) {
                (Some(first), _) => Err(format!("the label is on line {first} already")),
                (None, Some(first)) => Err(format!("the secret is on line {first} already")),
                (None, None) => Ok(Entry {
                    label,
                    secret: Secret::new(secret.to_owned()),
                }),
            }
        });
        match entry {
            Ok(entry) => entries.push(entry),
            Err(why) => mistakes.push_str(&format!("\n  {file}:{line}: {why}")),
        }
    }
    if !mistakes.is_empty() {
        return Err(
            Failure::new(Kind::Usage, format!("no key was added{mistakes}"))
                .fix("write `label secret` on each line"),
        );
    }
    if entries.is_empty() {
        return Err(Failure::new(Kind::Usage, format!("{file} has no keys"))
            .fix("write `label secret` on each line"));
    }
    Ok(entries)
}

fn entry(line: &str) -> Result<(Label, &str), String> {
    let mut words = line.split_whitespace();
    let (Some(label), Some(secret), None) = (words.next(), words.next(), words.next()) else {
        return Err("expected two words, a label and a secret".to_owned());
    };
    // The label's own error may quote a character; a swapped line would make it one of the secret's.
    let label: Label = label.parse().map_err(|_| {
        "the first word is no label: letters, digits, dots, underscores, hyphens".to_owned()
    })?;
    if secret.chars().any(char::is_control) {
        return Err("the secret has control characters".to_owned());
    }
    Ok((label, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_comments_and_blanks_are_read() {
        let entries = parse("# team\n\n a sk-1 \nb\tsk-2\r\n", "keys.txt").unwrap();
        let read: Vec<_> = entries
            .iter()
            .map(|entry| (entry.label.as_str(), entry.secret.expose()))
            .collect();
        assert_eq!(read, [("a", "sk-1"), ("b", "sk-2")]);
    }

    #[test]
    fn p11_mistakes_are_told_by_line_and_without_the_secret() {
        let text =
            "a sk-canary\nsk-canary\na sk-canary\nb sk-canary x\n!x sk-canary\nd sk-canary\n";
        let refused = parse(text, "keys.txt").unwrap_err();
        assert!(!refused.detail().contains("canary"));
        insta::assert_snapshot!(refused.detail(), @r#"
        no key was added
          keys.txt:2: expected two words, a label and a secret
          keys.txt:3: the label is on line 1 already
          keys.txt:4: expected two words, a label and a secret
          keys.txt:5: the first word is no label: letters, digits, dots, underscores, hyphens
          keys.txt:6: the secret is on line 3 already
        "#);
    }
}
