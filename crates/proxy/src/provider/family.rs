//! The model family that shares an upstream quota, derived from a model's name.

use portunus_core::pool::answer::Family;
use portunus_core::provider_key::Protocol;
use std::borrow::Cow;

/// Families of models without a name: listing models, for one.
const UNNAMED: &str = "unnamed";
/// Names are cut here, since clients choose them. In characters.
const LONGEST: usize = 64;

/// The family of `model`: the class word for Anthropic (`sonnet`), else the name without its date (`gpt-5`).
#[must_use]
pub fn family(protocol: Protocol, model: &str) -> Family {
    let model = lower_case(cut(model.trim()));
    let name = match protocol {
        Protocol::Anthropic => class_word(&model),
        Protocol::OpenAi => undated(&model),
    };
    Family::new(if name.is_empty() { UNNAMED } else { name })
}

/// The first [`LONGEST`] characters.
fn cut(model: &str) -> &str {
    let end = model.char_indices().nth(LONGEST).map(|(at, _)| at);
    end.and_then(|end| model.get(..end)).unwrap_or(model)
}

/// Nearly every name is in lower case already.
fn lower_case(model: &str) -> Cow<'_, str> {
    if model.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(model.to_ascii_lowercase())
    } else {
        Cow::Borrowed(model)
    }
}

/// `claude-3-5-sonnet-20241022`, `us.anthropic.claude-sonnet-4-5` and `sonnet[1m]` are all `sonnet`.
fn class_word(model: &str) -> &str {
    let rest = model
        .rsplit_once("claude")
        .map_or(model, |(_, rest)| rest)
        .trim_start_matches('-');
    rest.split(['-', '[', '@', ':', '.'])
        .find(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()) && *word != "latest")
        .unwrap_or(model)
}

/// Without a fine-tune's prefix and suffix, a path, and a date or `-latest` at the end.
fn undated(model: &str) -> &str {
    let tuned = model
        .strip_prefix("ft:")
        .map(|rest| rest.split(':').next().unwrap_or(rest));
    let model = tuned
        .unwrap_or(model)
        .strip_prefix("models/")
        .unwrap_or(tuned.unwrap_or(model));
    let mut name = model.strip_suffix("-latest").unwrap_or(model);
    while let Some((head, tail)) = name.rsplit_once('-') {
        let date = matches!(tail.len(), 2 | 4 | 8) && tail.bytes().all(|b| b.is_ascii_digit());
        if !date || head.is_empty() {
            break;
        }
        name = head;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_that_share_a_quota_share_a_family() {
        for (protocol, model, expected) in [
            (Protocol::Anthropic, "claude-sonnet-4-5", "sonnet"),
            (Protocol::Anthropic, "claude-3-5-sonnet-20241022", "sonnet"),
            (
                Protocol::Anthropic,
                "us.anthropic.claude-opus-4-5-v1:0",
                "opus",
            ),
            (Protocol::Anthropic, "claude-3-opus-latest", "opus"),
            (Protocol::Anthropic, "Sonnet[1m]", "sonnet"),
            (Protocol::Anthropic, "claude-2.1", "claude-2.1"),
            (Protocol::Anthropic, "", "unnamed"),
            (Protocol::OpenAi, "gpt-5", "gpt-5"),
            (Protocol::OpenAi, "gpt-5-2025-08-07", "gpt-5"),
            (Protocol::OpenAi, "gpt-4-0613", "gpt-4"),
            (Protocol::OpenAi, "gpt-5-codex", "gpt-5-codex"),
            (Protocol::OpenAi, "ft:gpt-4o-mini:acme::x", "gpt-4o-mini"),
            (
                Protocol::OpenAi,
                "text-embedding-3-small",
                "text-embedding-3-small",
            ),
            (Protocol::OpenAi, "models/gemini-2.5-pro", "gemini-2.5-pro"),
        ] {
            assert_eq!(family(protocol, model).as_str(), expected, "{model}");
        }
    }

    proptest::proptest! {
        #[test]
        fn hostile_names_have_a_short_family(model in "\\PC{0,200}") {
            for protocol in [Protocol::Anthropic, Protocol::OpenAi] {
                let family = family(protocol, &model);
                proptest::prop_assert!(!family.as_str().is_empty());
                proptest::prop_assert!(family.as_str().chars().count() <= LONGEST);
            }
        }
    }
}
