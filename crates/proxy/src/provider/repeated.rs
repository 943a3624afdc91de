//! Secrets that somebody repeats where they do not belong (P11): a provider that writes the key it was asked with into an
//! error, a client that writes a token into a prompt. They are struck out before anybody reads, keeps or logs the text.

use super::headers::ACCESS_TOKEN;
use bytes::Bytes;
use memchr::memmem;
use portunus_core::token::TokenKind;
use std::borrow::Cow;

/// What stands in the place of a key.
const KEY: &[u8] = b"[provider key]";
/// What stands in the place of whatever looks like a secret.
const SECRET: &str = "[secret]";

/// Up to this length, in bytes, a text is searched without preparing for it, which costs more than the search.
const SHORT: usize = 4 * 1024;

/// Whether a text holds a secret, as it is or in the escapes of JSON.
#[must_use]
pub fn holds(text: &[u8], secret: &[u8]) -> bool {
    holds_plainly(text, secret) || has_escaped_letters(text) && holds_plainly(&plain(text), secret)
}

/// The text without the secret, if it holds it.
#[must_use]
pub fn struck_out(text: &[u8], secret: &[u8]) -> Option<Bytes> {
    if holds_plainly(text, secret) {
        return Some(without(text, secret));
    }
    if !has_escaped_letters(text) {
        return None;
    }
    let text = plain(text);
    holds_plainly(&text, secret).then(|| without(&text, secret))
}

fn holds_plainly(text: &[u8], secret: &[u8]) -> bool {
    let Some((last, before)) = secret.split_last() else {
        return false;
    };
    if text.len() > SHORT {
        return memmem::find(text, secret).is_some();
    }
    // The end of a secret is random, so few places have to be looked at.
    memchr::memchr_iter(*last, text)
        .filter_map(|at| text.get(..at))
        .any(|head| head.ends_with(before))
}

fn without(text: &[u8], secret: &[u8]) -> Bytes {
    let mut kept = Vec::with_capacity(text.len());
    let mut from = 0;
    for at in memmem::find_iter(text, secret) {
        kept.extend_from_slice(text.get(from..at).unwrap_or_default());
        kept.extend_from_slice(KEY);
        from = at + secret.len();
    }
    kept.extend_from_slice(text.get(from..).unwrap_or_default());
    kept.into()
}

/// Whether letters are written as numbers, or a slash with its backslash: nobody has to, and most write none.
fn has_escaped_letters(text: &[u8]) -> bool {
    memchr::memchr_iter(b'\\', text).any(|at| match text.get(at + 1) {
        Some(b'/') => true,
        Some(b'u') => text.get(at + 2..at + 4) == Some(b"00"),
        _ => false,
    })
}

/// The same JSON with letters as they are. What has a meaning in JSON stays escaped.
fn plain(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first() {
        let (byte, taken) = match (first, behind.first()) {
            (b'\\', Some(b'/')) => (b'/', 2),
            (b'\\', Some(b'u')) => letter(behind).map_or((b'\\', 1), |letter| (letter, 6)),
            (b'\\', Some(escaped)) => {
                plain.push(b'\\');
                (*escaped, 2)
            }
            _ => (*first, 1),
        };
        plain.push(byte);
        rest = rest.get(taken..).unwrap_or_default();
    }
    plain
}

/// The letter, digit or sign that `u0041` stands for.
fn letter(escape: &[u8]) -> Option<u8> {
    let digits = escape
        .get(1..5)
        .and_then(|digits| std::str::from_utf8(digits).ok())?;
    let letter = u8::from_str_radix(digits, 16).ok()?;
    (letter.is_ascii_graphic() && !matches!(letter, b'"' | b'\\')).then_some(letter)
}

/// A text without words that look like tokens of a plane or keys of a provider.
#[must_use]
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    if !looks_secret(text) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    for word in words(text) {
        let (head, secret, tail) = around_secret(word);
        kept.push_str(head);
        if !secret.is_empty() {
            kept.push_str(SECRET);
        }
        kept.push_str(tail);
    }
    Cow::Owned(kept)
}

/// Whether a text has a word that looks like a token of a plane or a key of a provider.
#[must_use]
pub fn looks_secret(text: &str) -> bool {
    words(text).any(|word| !around_secret(word).1.is_empty())
}

/// How keys of providers begin.
const PROVIDER_KEY: &str = "sk-";
/// Characters of the shortest word that is a secret; `sk-` alone begins many words.
const SHORTEST: usize = 20;

/// The words of a text, each with the sign that ends it. Who writes the text may make it long and of one word: every
/// letter is looked at once.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(ends_word)
}

fn ends_word(sign: char) -> bool {
    !(sign.is_ascii_alphanumeric() || is_joint(sign))
}

/// Signs inside a word, behind which a secret may begin.
fn is_joint(sign: char) -> bool {
    matches!(sign, '-' | '_' | '.')
}

/// What stands before a secret in a word, the secret, and what is behind it; without one the word is what stands before.
fn around_secret(word: &str) -> (&str, &str, &str) {
    let (inside, end) = word.split_at(word.trim_end_matches(ends_word).len());
    let behind_joints = inside.match_indices(is_joint).map(|(at, _)| at + 1);
    let secret = std::iter::once(0)
        .chain(behind_joints)
        .take_while(|at| inside.len() - at >= SHORTEST)
        .filter_map(|at| inside.split_at_checked(at))
        .find(|(_, rest)| begins_secret(rest));
    match secret {
        Some((head, secret)) => (head, secret, end),
        None => (word, "", ""),
    }
}

fn begins_secret(text: &str) -> bool {
    let tokens = TokenKind::ALL.into_iter().map(TokenKind::prefix);
    let mut beginnings = tokens.chain([ACCESS_TOKEN, PROVIDER_KEY]);
    beginnings.any(|beginning| text.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY_OF_POOL: &[u8] = b"sk-ant-api03-abba";

    #[test]
    fn p11_a_repeated_secret_is_found_wherever_it_stands() {
        let secret = KEY_OF_POOL;
        for length in [0, 1, 100, SHORT - secret.len(), SHORT, 2 * SHORT] {
            let filling = b"abba ".repeat(length);
            let filling = filling.get(..length).unwrap();
            assert!(!holds(filling, secret), "{length}");
            for at in [0, length / 2, length] {
                let (head, tail) = filling.split_at(at);
                let text = [head, secret, tail].concat();
                assert!(holds(&text, secret), "{at} of {length}");
                let cut = [head, &secret[..secret.len() - 1], b"-", tail].concat();
                assert!(!holds(&cut, secret), "{at} of {length}");
            }
        }
    }

    #[test]
    fn p11_a_secret_in_escapes_is_the_same_secret() {
        let escaped: String = KEY_OF_POOL
            .iter()
            .map(|byte| format!("\\u{byte:04x}"))
            .collect();
        let text = format!(r#"{{"message":"\\u0041 \"{escaped}\" \u0022"}}"#);
        assert!(holds(text.as_bytes(), KEY_OF_POOL));
        let struck = struck_out(text.as_bytes(), KEY_OF_POOL).unwrap();
        assert_eq!(
            &struck[..],
            br#"{"message":"\\u0041 \"[provider key]\" \u0022"}"#
        );
        assert!(holds(br#"{"key":"a\/b"}"#, b"a/b"));
        assert_eq!(struck_out(br#"{"message":"\u0041"}"#, KEY_OF_POOL), None);
    }

    #[test]
    fn p11_every_place_is_struck_out_and_the_rest_stays() {
        let text = b"sk-ant-api03-abba, sk-ant-api03-abba and sk-ant-api03-abb";
        let struck = struck_out(text, KEY_OF_POOL).unwrap();
        assert_eq!(
            &struck[..],
            b"[provider key], [provider key] and sk-ant-api03-abb"
        );
    }

    #[test]
    fn p11_what_looks_like_a_secret_is_struck_out_of_words_for_people() {
        let token = format!("ptna_{}", "a1B2".repeat(18));
        let text = format!("you sent Bearer {token}, and sk-{} too.", "x".repeat(40));
        assert_eq!(
            without_secrets(&text),
            "you sent Bearer [secret], and [secret] too."
        );
        for harmless in [
            "task-by-task-by-task-by-task",
            "sk-short",
            "claude-sonnet-4-5",
            "a ptna_ token",
        ] {
            assert_eq!(without_secrets(harmless), harmless);
        }
    }

    #[test]
    fn p11_a_secret_begins_behind_any_sign_that_is_no_letter() {
        let key = format!("sk-{}", "x".repeat(40));
        for before in ["", "key-", "a_b.", "\u{e9}", "(", "two words "] {
            let text = format!("{before}{key}\n{key}.{key}, {key}");
            let struck = format!("{before}[secret]\n[secret], [secret]");
            assert_eq!(without_secrets(&text), struck);
        }
        let inside = format!("ta{key}");
        assert_eq!(without_secrets(&inside), inside);
    }

    #[test]
    fn p1_a_long_text_is_looked_through_once_however_often_secrets_seem_to_begin() {
        let began = std::time::Instant::now();
        let many = 256 * 1024;
        let one_word = "ask-".repeat(many);
        assert_eq!(without_secrets(&one_word), one_word);
        let short_words = "sk-a ".repeat(many);
        assert_eq!(without_secrets(&short_words), short_words);
        let keys = format!("sk-{} ", "a".repeat(20)).repeat(many);
        assert_eq!(without_secrets(&keys), "[secret] ".repeat(many));
        // A look at the whole rest for each of them takes hours.
        assert!(began.elapsed() < std::time::Duration::from_secs(60));
    }
}
