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
    } else if message.starts_with("duplicate field `") {
        "is given twice".into()
    } else if let Some((_, wanted)) = message.rsplit_once(", expected ") {
        format!("must be {}", without_position(wanted).replace('`', "\""))
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
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let secretive = ["sk-", "sk_", "ptn"]
        .iter()
        .any(|head| name.starts_with(head));
    if name.len() <= 40 && name.chars().all(plain) && !secretive {
        format!("\"{name}\"")
    } else {
        format!("(a name of {} characters)", name.chars().count())
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
        assert_eq!(quoted("sk-ant-api03-x"), "(a name of 14 characters)");
        assert_eq!(quoted(&"x".repeat(41)), "(a name of 41 characters)");
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
