//! Enough reading of Rust to measure it: comments and literals blanked, functions and test code found.
//!
//! Not a parser: it knows where text and code are and how braces pair, which sizes and names need.

/// A function and the lines that it spans, from its `fn` to its last brace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Line of `fn`, from 1.
    pub(crate) line: usize,
    /// How many lines it spans.
    pub(crate) lines: usize,
}

/// The same text with every comment and every string or character literal replaced by spaces.
///
/// Line breaks stay, so line numbers hold.
pub(crate) fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = match literal_or_comment(rest, out.chars().next_back()) {
            Some(length) => {
                let (piece, _) = rest.split_at(length);
                out.extend(piece.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
                length
            }
            None => {
                out.push(first);
                first.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}

/// The byte length of the comment or literal at the start of `rest`, when one starts there.
fn literal_or_comment(rest: &str, before: Option<char>) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    let inside_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if rest.starts_with('"') {
        return Some(quoted(rest));
    }
    if !inside_word && let Some(length) = raw_string(rest) {
        return Some(length);
    }
    if rest.starts_with('\'') {
        return character(rest);
    }
    None
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw_string(rest: &str) -> Option<usize> {
    let start = ["br", "cr", "r"]
        .into_iter()
        .find(|prefix| rest.starts_with(prefix))?;
    let tail = rest.get(start.len()..)?;
    let hashes = tail.len() - tail.trim_start_matches('#').len();
    let body = tail.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(start.len() + hashes + 1 + length)
}

/// A character literal, as opposed to a lifetime or a label.
fn character(rest: &str) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    let (_, first) = chars.next()?;
    if first == '\\' {
        let tail = rest.get(3..)?;
        return tail.find('\'').map(|at| 3 + at + 1);
    }
    let (at, second) = chars.next()?;
    (second == '\'').then_some(at + 1)
}

/// Every function of blanked code, nested ones included.
pub(crate) fn functions(code: &str) -> Vec<Function> {
    words(code)
        .filter(|(_, word)| *word == "fn")
        .filter_map(|(at, _)| {
            let tail = code.get(at + 2..)?;
            let name: String = tail
                .trim_start()
                .chars()
                .take_while(|c| is_word(*c))
                .collect();
            if name.is_empty() {
                return None;
            }
            let body = body_length(tail)?;
            let line = line_of(code, at);
            let lines = tail.get(..body)?.matches('\n').count() + 1;
            Some(Function { name, line, lines })
        })
        .collect()
}

/// From after `fn`: the length up to the brace that closes the body; nothing for a declaration.
fn body_length(tail: &str) -> Option<usize> {
    let mut braces = 0usize;
    let mut nested = 0usize;
    for (at, c) in tail.char_indices() {
        match c {
            '(' | '[' if braces == 0 => nested += 1,
            ')' | ']' if braces == 0 => nested = nested.saturating_sub(1),
            ';' if braces == 0 && nested == 0 => return None,
            '{' => braces += 1,
            '}' => {
                braces = braces.checked_sub(1)?;
                if braces == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Lines before the file's own test module; all of them when it has none.
pub(crate) fn production(code: &str) -> &str {
    let mut at = 0;
    while let Some(found) = code.get(at..).and_then(|tail| tail.find("#[cfg(test)]")) {
        let start = at + found;
        let after = code.get(start + "#[cfg(test)]".len()..).unwrap_or_default();
        let item = after.trim_start();
        let inline =
            item.starts_with("mod ") && item.split(';').next().is_some_and(|m| m.contains('{'));
        if inline {
            return code.get(..start).unwrap_or_default();
        }
        at = start + 1;
    }
    code
}

/// Names of modules that are declared for tests only (`#[cfg(test)] mod name;`).
pub(crate) fn test_modules(code: &str) -> Vec<&str> {
    code.split("#[cfg(test)]")
        .skip(1)
        .filter_map(|after| after.trim_start().strip_prefix("mod "))
        .filter_map(|after| after.split_once(';'))
        .map(|(name, _)| name.trim())
        .filter(|name| name.chars().all(is_word))
        .collect()
}

/// Each identifier or keyword with its byte offset.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let tail = code.get(at..)?;
        let start = at + tail.find(is_word)?;
        let length = code
            .get(start..)?
            .find(|c| !is_word(c))
            .unwrap_or(code.len() - start);
        at = start + length;
        Some((start, code.get(start..at)?))
    })
}

/// The line, from 1, of a byte offset.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_lines_stay() {
        let text = "let a = \"fn x() {\"; // fn y\nlet b = 'f'; let c: &'a str = r#\"\"{\"#;\n/* { /* */ \n */ z";
        let code = blank(text);
        assert_eq!(code.matches('\n').count(), text.matches('\n').count());
        assert!(!code.contains("fn") && !code.contains('{'));
        assert!(code.contains("&'a str") && code.ends_with('z'));
    }

    #[test]
    fn an_escaped_quote_does_not_end_a_literal() {
        assert_eq!(
            blank(r#"a("\"fn", '\'', '\u{41}')b"#).replace(' ', ""),
            "a(,,)b"
        );
    }

    #[test]
    fn functions_are_measured_and_declarations_are_not() {
        let code = "trait T { fn a(&self, x: [u8; 2]); }\nfn b() {\n  if x {\n }\n}\nfn c() {}";
        let found = functions(code);
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[0],
            Function {
                name: "b".into(),
                line: 2,
                lines: 4
            }
        );
        assert_eq!(
            found[1],
            Function {
                name: "c".into(),
                line: 6,
                lines: 1
            }
        );
    }

    #[test]
    fn production_ends_at_the_inline_test_module_only() {
        let code = "a\n#[cfg(test)]\nmod tests;\nb\n#[cfg(test)]\nmod inner {\n}\n";
        assert!(production(code).contains('b') && !production(code).contains("inner"));
        assert_eq!(test_modules(code), ["tests"]);
    }
}
