//! Names with `*` in them, which stands for any characters, also none.

use std::fmt;

/// A name or a pattern of names. Runs of `*` are one `*`, so that equal patterns are written the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Glob(Box<str>);

impl Glob {
    /// Every name.
    #[must_use]
    pub fn any() -> Self {
        Self("*".into())
    }

    /// From text as it is written; empty text is no pattern.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let mut plain = String::with_capacity(text.len());
        for symbol in text.chars() {
            if symbol != '*' || !plain.ends_with('*') {
                plain.push(symbol);
            }
        }
        (!plain.is_empty()).then(|| Self(plain.into()))
    }

    /// Whether every name fits.
    #[must_use]
    pub fn is_any(&self) -> bool {
        &*self.0 == "*"
    }

    /// Whether `name` fits.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        covers(self.0.as_bytes(), name.as_bytes())
    }

    /// Whether every name that fits `other` fits this one too.
    ///
    /// A `*` of the other may stand for a character that no name here has, so only a `*` can stand for it.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        covers(self.0.as_bytes(), other.0.as_bytes())
    }
}

/// Matches bytes against a pattern, going back to the last `*` only: linear in both for one `*`, and never worse than
/// their product. A `*` in the text is met by a `*` of the pattern alone.
fn covers(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut last: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(seen) {
        match pattern.get(at) {
            Some(b'*') => {
                last = Some((at, seen));
                at += 1;
            }
            Some(same) if same == byte => {
                at += 1;
                seen += 1;
            }
            _ => match last {
                None => return false,
                Some((star, from)) => {
                    last = Some((star, from + 1));
                    at = star + 1;
                    seen = from + 1;
                }
            },
        }
    }
    pattern
        .get(at..)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(text: &str) -> Glob {
        Glob::new(text).unwrap()
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        let opus = glob("claude-*-opus*");
        assert!(opus.matches("claude-3-opus-20240229"));
        assert!(opus.matches("claude--opus"));
        assert!(!opus.matches("claude-3-haiku"));
        assert!(!opus.matches("xclaude-3-opus"));
        assert!(Glob::any().matches(""));
        assert!(glob("gpt-5").matches("gpt-5"));
        assert!(!glob("gpt-5").matches("gpt-5-mini"));
        assert_eq!(glob("a**b").to_string(), "a*b");
        assert_eq!(Glob::new(""), None);
    }

    #[test]
    fn a_pattern_covers_what_is_narrower() {
        for (wide, narrow) in [
            ("*", "a*"),
            ("a*", "ab*"),
            ("a*", "a*b"),
            ("a*c", "abc"),
            ("a", "a"),
        ] {
            assert!(glob(wide).covers(&glob(narrow)), "{wide} covers {narrow}");
            assert_eq!(
                glob(narrow).covers(&glob(wide)),
                wide == narrow,
                "{narrow} covers {wide}"
            );
        }
        assert!(!glob("a*").covers(&glob("*a")));
        assert!(!glob("a*a").covers(&glob("a*")));
    }

    proptest::proptest! {
        #[test]
        fn what_a_covered_pattern_matches_its_cover_matches(
            wide in "[ab*]{1,6}", narrow in "[ab*]{1,6}", name in "[abc]{0,7}",
        ) {
            let (wide, narrow) = (glob(&wide), glob(&narrow));
            if wide.covers(&narrow) && narrow.matches(&name) {
                proptest::prop_assert!(wide.matches(&name));
            }
        }

        #[test]
        fn covering_is_a_partial_order(
            one in "[ab*]{1,5}", two in "[ab*]{1,5}", three in "[ab*]{1,5}",
        ) {
            let (one, two, three) = (glob(&one), glob(&two), glob(&three));
            proptest::prop_assert!(one.covers(&one));
            if one.covers(&two) && two.covers(&three) {
                proptest::prop_assert!(one.covers(&three));
            }
            if one.covers(&two) && two.covers(&one) {
                proptest::prop_assert_eq!(one, two);
            }
        }
    }
}
