//! Everything that reaches the terminal: tables for people, JSON for programs, failures on standard error.

pub(crate) mod chart;
pub(crate) mod gauge;
pub(crate) mod moment;
pub(crate) mod paint;
pub(crate) mod table;

pub(crate) use table::{Table, Tone};

use crate::failure::Failure;
use portunus_core::unseen::{is_unseen, steers};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};

/// Who reads what a command says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Somebody at a terminal: tables and sentences.
    Person,
    /// A program: the API's JSON, on standard error too.
    Program,
}

/// Whether colours are wanted: only on a terminal, and never when `NO_COLOR` is set (no-color.org).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// Yes.
    On,
    /// No.
    Off,
}

impl Colour {
    /// For `stream`, as the environment has it.
    pub(crate) fn of(stream: &impl IsTerminal) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if stream.is_terminal() && !refused {
            Self::On
        } else {
            Self::Off
        }
    }
}

/// Writes to standard output. A reader that went away, such as `head`, is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

/// Writes bytes to standard output, with a line end. They mean what they meant, and steer no terminal.
pub(crate) fn print_json(json: &[u8]) -> Result<(), Failure> {
    print_bytes(&spelled_out(json))?;
    if json.ends_with(b"\n") {
        return Ok(());
    }
    print_bytes(b"\n")
}

/// Whether anybody still reads standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Somebody may.
    There,
    /// The reader went away, as `head` does when it has enough.
    Gone,
}

/// Writes to standard output, for commands that do not end by themselves.
pub(crate) fn print_to(text: &str) -> Result<Audience, Failure> {
    write(text.as_bytes())
}

/// Writes JSON for commands that do not end by themselves: each item on a line of its own.
pub(crate) fn print_items(items: &[Box<RawValue>]) -> Result<Audience, Failure> {
    let lines = items.iter().fold(Vec::new(), |mut lines, item| {
        lines.extend_from_slice(&spelled_out(item.get().as_bytes()));
        lines.push(b'\n');
        lines
    });
    write(&lines)
}

fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    write(bytes).map(|_| ())
}

fn write(bytes: &[u8]) -> Result<Audience, Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(Audience::There),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Audience::Gone),
        Err(error) => Err(anyhow::Error::new(error)
            .context("cannot write the answer")
            .into()),
    }
}

/// Writes a remark to standard error, where it does not disturb a program that reads the answer.
pub(crate) fn remark(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", plain(text));
}

/// Writes `error: ...` and `fix: ...`, or one JSON object for programs.
pub(crate) fn failure(failure: &Failure, reader: Reader) {
    let mut err = std::io::stderr().lock();
    if reader == Reader::Program {
        let _ = writeln!(err, "{}", failure.json());
        return;
    }
    let (red, green, off) = match Colour::of(&err) {
        Colour::On => ("\u{1b}[1;31m", "\u{1b}[1;32m", "\u{1b}[0m"),
        Colour::Off => ("", "", ""),
    };
    let mut text = format!("{red}error{off}: {}\n", plain(failure.detail()));
    if let Some(fix) = failure.next_step() {
        let _ = writeln!(text, "{green}fix{off}: {}", plain(fix));
    }
    let _ = err.write_all(text.as_bytes());
}

/// Text that came from elsewhere, without characters that could move the cursor, change colours or turn its direction.
pub(crate) fn plain(text: &str) -> String {
    text.chars().fold(String::new(), |mut plain, c| {
        if is_unseen(c) && c != '\n' {
            plain.extend(c.escape_default());
        } else {
            plain.push(c);
        }
        plain
    })
}

/// The same for what is one line: whoever wrote it may not begin another one.
pub(crate) fn one_line(text: &str) -> String {
    plain(text).replace('\n', "\\n")
}

/// JSON in UTF-8 in which what JSON leaves as it is and terminals obey is spelled out: DEL, the 8-bit forms of escape
/// sequences, what turns the direction of writing or is not seen. They can stand only in strings, where the spelling means
/// the same.
pub(crate) fn spelled_out(json: &[u8]) -> Cow<'_, [u8]> {
    let steers = |c: char| c >= '\u{7f}' && steers(c);
    match std::str::from_utf8(json) {
        Ok(text) if text.contains(steers) => {
            let mut tame = String::new();
            for c in text.chars() {
                if steers(c) {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        tame.push_str(&format!("\\u{unit:04x}"));
                    }
                } else {
                    tame.push(c);
                }
            }
            Cow::Owned(tame.into_bytes())
        }
        _ => Cow::Borrowed(json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_elsewhere_cannot_steer_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\nc"), "a\\u{1b}[2Jb\nc");
        assert_eq!(plain("a\u{202e}b\u{9b}c\td"), "a\\u{202e}b\\u{9b}c\\td");
        assert_eq!(plain("\u{3164}a\u{34f}"), "\\u{3164}a\\u{34f}");
        assert_eq!(plain("mäyor 🏛"), "mäyor 🏛");
        assert_eq!(one_line("a\n +9 s\r\u{1b}[2J"), "a\\n +9 s\\r\\u{1b}[2J");
    }

    #[test]
    fn what_terminals_obey_is_spelled_out_and_means_the_same() {
        let event =
            serde_json::json!({"model": "a\u{9b}31m\u{7f}\u{1b}b\u{202e}\u{e0041}é"}).to_string();
        let tame = spelled_out(event.as_bytes()).into_owned();
        let tame = String::from_utf8(tame).unwrap();
        assert_eq!(
            tame,
            r#"{"model":"a\u009b31m\u007f\u001bb\u202e\udb40\udc41é"}"#
        );
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&tame), read(&event));
        assert!(matches!(spelled_out("ä\n".as_bytes()), Cow::Borrowed(_)));
    }
}
