//! What is said when words cannot be read. What may be a secret that was typed as an argument is not repeated.

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Longest word that is repeated although it belongs nowhere; secrets are longer.
const PLAIN_WORD: usize = 16;

/// A sentence in place of the parser's own message, when that would mislead or repeat a word which may be a secret.
pub(super) fn in_own_words(error: &Error) -> Option<String> {
    let word = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) => word.as_str(),
        _ => "",
    };
    if error.kind() == ErrorKind::InvalidValue
        && let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue)
        && value.is_empty()
    {
        let name = word.split(' ').next().unwrap_or_default();
        let name = name
            .trim_end_matches("...")
            .trim_matches(['<', '>', '[', ']']);
        return Some(format!("{name} is empty"));
    }
    let own_words = match error.kind() {
        ErrorKind::UnknownArgument if is_negative(word) => {
            return Some(format!("{word} is negative, and nothing here is"));
        }
        ErrorKind::UnknownArgument => !word.starts_with("--") && !is_plain(word),
        ErrorKind::TooManyValues => true,
        _ => false,
    };
    let hint = match word.starts_with('-') && !word.starts_with("--") {
        true => "; write -- before a text that begins with -",
        false => "",
    };
    own_words.then(|| {
        format!(
            "there is a word that belongs nowhere; it is not repeated here, since it may be a secret{hint}"
        )
    })
}

/// `-1` or `-5m`.
fn is_negative(word: &str) -> bool {
    let Some(number) = word.strip_prefix('-') else {
        return false;
    };
    let digits = number.bytes().take_while(u8::is_ascii_digit).count();
    let unit = number.get(digits..).unwrap_or_default();
    (1..=12).contains(&digits) && unit.len() <= 2 && unit.bytes().all(|b| b.is_ascii_lowercase())
}

fn is_plain(word: &str) -> bool {
    word.len() <= PLAIN_WORD && word.bytes().all(|byte| byte.is_ascii_lowercase())
}
