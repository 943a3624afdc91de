//! What is said when words cannot be read. What may be a secret that was typed as an argument is not repeated.

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// A sentence in place of the parser's own message, when that would repeat a word which belongs to no option.
pub(super) fn without_the_word(error: &Error) -> Option<&'static str> {
    let repeats = match error.kind() {
        ErrorKind::UnknownArgument => !names_an_option(error),
        ErrorKind::TooManyValues => true,
        _ => false,
    };
    repeats.then_some(
        "there is a word that belongs nowhere; it is not repeated here, since it may be a secret",
    )
}

/// `--prio` is worth repeating, `sk-...` is not.
fn names_an_option(error: &Error) -> bool {
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) => word.starts_with("--"),
        _ => false,
    }
}
