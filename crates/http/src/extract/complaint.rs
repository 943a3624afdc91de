//! What is wrong with a body or a query, in words that never repeat a value: it may be a secret (P11).
//!
//! Serde's messages quote what they found. Only names from our own types, and names of unknown fields that are
//! short enough to be names, are passed on.

use crate::error::Refusal;
use portunus_api::ErrorCode;

/// What serde complains about, without values.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Complaint {
    /// A name that the type does not have, and the names that it has.
    Unknown { name: String, known: String },
    /// A value that does not fit, and what would.
    Misfit { path: String, wanted: String },
}

/// Reads serde's `message` about what stands at `path`.
pub(super) fn complain(path: &str, message: &str) -> Complaint {
    if let Some(rest) = message.strip_prefix("unknown field `") {
        // The name is foreign and may hold anything; what follows the last of these words is ours.
        let (name, known) = rest
            .rsplit_once("`, expected ")
            .or_else(|| rest.rsplit_once("`, there are no fields"))
            .unwrap_or((rest, ""));
        return Complaint::Unknown {
            name: name.to_owned(),
            known: without_position(known).replace('`', ""),
        };
    }
    let wanted = if let Some(rest) = message.strip_prefix("missing field `") {
        let name = rest.split('`').next().unwrap_or_default();
        return Complaint::Misfit {
            path: join(path, name),
            wanted: "is missing".into(),
        };
    } else if let Some(rest) = message.strip_prefix("duplicate field `") {
        let name = rest.split('`').next().unwrap_or_default();
        return Complaint::Misfit {
            path: repeated(path, name),
            wanted: "is given twice".into(),
        };
    } else if let Some((_, wanted)) = message.rsplit_once(", expected ") {
        let wanted = without_position(wanted).replace('`', "\"");
        format!("must be {}", in_words(&wanted))
    } else {
        "has a value that does not fit".into()
    };
    Complaint::Misfit {
        path: path.to_owned(),
        wanted,
    }
}

impl Complaint {
    /// The refusal, with the code that fits the kind of complaint.
    pub(super) fn about(self, unknown: ErrorCode, misfit: ErrorCode, thing: &str) -> Refusal {
        match self {
            Self::Unknown { name, known } => {
                let refusal = Refusal::new(
                    unknown,
                    format!("the {thing} {} is not known here", quoted(&name)),
                );
                if known.is_empty() {
                    return refusal;
                }
                let known = known.strip_prefix("one of ").unwrap_or(&known).to_owned();
                refusal.fix(format!("use only: {known}"))
            }
            Self::Misfit { path, wanted } if path.is_empty() || path == "." => {
                Refusal::new(misfit, format!("it {wanted}"))
            }
            Self::Misfit { path, wanted } => {
                Refusal::new(misfit, format!("the {thing} {path} {wanted}"))
            }
        }
    }
}

/// A foreign name in quotes, unless it is long or odd enough to be something else.
pub(crate) fn quoted(name: &str) -> String {
    if speakable(name) {
        format!("\"{name}\"")
    } else {
        format!("(a name of {} characters)", name.chars().count())
    }
}

/// How tokens and the keys of known providers begin, in lower case.
const SECRET_HEADS: [&str; 7] = ["sk-", "sk_", "ptn", "aiza", "gsk_", "xai-", "eyj"];

/// Whether a foreign name, or `pool:label`, may be repeated: it is plain and short, and looks like no secret.
pub(crate) fn speakable(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    let secretive = |part: &str| {
        let lower = part.to_ascii_lowercase();
        let mixed = part.contains(|c: char| c.is_ascii_uppercase())
            && part.contains(|c: char| c.is_ascii_lowercase())
            && part.contains(|c: char| c.is_ascii_digit());
        SECRET_HEADS.iter().any(|head| lower.starts_with(head)) || (mixed && part.len() >= 20)
    };
    let fits = !name.is_empty() && name.len() <= 40 && name.chars().all(plain);
    fits && !name.split(':').any(secretive)
}

/// Where the name that is given twice stands; a name that might be a secret is left out.
fn repeated(path: &str, name: &str) -> String {
    if !speakable(name) || path.split('.').next_back() == Some(name) {
        return path.to_owned();
    }
    join(path, name)
}

/// What serde calls by Rust's names.
fn in_words(wanted: &str) -> &str {
    match wanted {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0",
        "a boolean" => "true or false",
        "f32" | "f64" => "a number",
        other => other,
    }
}

fn join(path: &str, name: &str) -> String {
    match path {
        "" | "." => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

fn without_position(text: &str) -> &str {
    text.split(" at line ").next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p11_no_value_is_repeated() {
        for message in [
            "invalid type: string \"sk-canary\", expected u32 at line 1 column 9",
            "invalid value: string \", expected sk-canary\", expected u32",
            "unknown variant `sk-canary`, expected `anthropic` or `openai`",
            "sk-canary",
            "duplicate field `sk-canary`",
        ] {
            let refusal = complain("priority", message).about(
                ErrorCode::UnknownField,
                ErrorCode::InvalidBody,
                "field",
            );
            assert!(!format!("{refusal:?}").contains("sk-canary"), "{refusal:?}");
        }
    }

    #[test]
    fn unknown_names_are_told_when_they_are_names() {
        let message = "unknown field `labell`, expected one of `pool`, `label` at line 1 column 4";
        assert_eq!(
            complain("labell", message),
            Complaint::Unknown {
                name: "labell".into(),
                known: "one of pool, label".into()
            }
        );
        assert_eq!(quoted("labell"), "\"labell\"");
        assert!(speakable("anthropic:team.a"));
        assert!(!speakable("anthropic:sk-ant-1"));
        assert!(!speakable("AIzaSyA4711"));
        assert!(!speakable("aB3dE6gH9jK2mN5pQ8sT"));
        assert_eq!(quoted("sk-ant-api03-x"), "(a name of 14 characters)");
        assert_eq!(quoted(&"x".repeat(41)), "(a name of 41 characters)");
    }

    #[test]
    fn a_repeated_name_and_a_wanted_number_are_told_in_words() {
        let twice = |path, wanted: &str| Complaint::Misfit {
            path: String::from(path),
            wanted: wanted.into(),
        };
        let message = "duplicate field `name` at line 1 column 9";
        assert_eq!(complain(".", message), twice("name", "is given twice"));
        let message = "invalid type: string \"x\", expected u64 at line 1 column 9";
        assert_eq!(
            complain("max_wait_ms", message),
            twice("max_wait_ms", "must be a whole number from 0")
        );
    }

    #[test]
    fn a_missing_field_is_named_with_its_place() {
        assert_eq!(
            complain("keys[2]", "missing field `label` at line 1 column 40"),
            Complaint::Misfit {
                path: "keys[2].label".into(),
                wanted: "is missing".into()
            }
        );
    }
}
