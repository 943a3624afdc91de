//! Characters that are not seen, or that change how others are seen: what people read must not be steered by whoever wrote it.
//!
//! This is the one list of them. What is one line for people refuses them when it comes in; what may say anything, as
//! messages may, is spelled out where it is shown.

/// Whether a character is a control, breaks lines, turns the direction of writing (Unicode Standard Annex 9), has no width
/// (`Default_Ignorable_Code_Point` of Unicode) or shows a blank that is no space. The selectors by which a sign is an emoji
/// or a letter are none of these: they are written beside such signs.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether anything of a text is seen: neither blanks and what is not seen, nor what only changes its neighbours.
#[must_use]
pub fn says_something(text: &str) -> bool {
    text.contains(|c: char| {
        !c.is_whitespace() && !is_unseen(c) && !matches!(c, '\u{fe0e}' | '\u{fe0f}')
    })
}

/// Whether a character has no place in one line for people: one that is not seen, but for the joiners, of which words in
/// Persian and signs such as family emoji are made.
#[must_use]
pub fn steers(c: char) -> bool {
    is_unseen(c) && !matches!(c, '\u{200c}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_is_told_from_what_is_read() {
        for c in "\n\t\u{1b}\u{9b}\u{ad}\u{200b}\u{200e}\u{2028}\u{2029}\u{202e}\u{2066}\u{feff}\u{e0041}".chars() {
            assert!(is_unseen(c) && steers(c), "{c:?}");
        }
        for c in "\u{34f}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{180b}\u{2800}\u{3164}\u{fe00}\u{ffa0}\u{1d173}\u{e0100}".chars() {
            assert!(is_unseen(c) && steers(c), "{c:?}");
        }
        for c in "a é\u{301}漢🏛\u{a0}\u{fe0f}".chars() {
            assert!(!is_unseen(c), "{c:?}");
        }
        assert!(is_unseen('\u{200d}') && !steers('\u{200d}'));
    }

    #[test]
    fn blanks_and_what_changes_others_say_nothing() {
        for nothing in [
            "",
            " \u{a0}",
            "\u{3164}",
            "\u{200d}",
            "\u{fe0f} ",
            "\u{2800}\u{34f}",
        ] {
            assert!(!says_something(nothing), "{nothing:?}");
        }
        for something in ["a", " .", "\u{2764}\u{fe0f}", "漢"] {
            assert!(says_something(something), "{something:?}");
        }
    }
}
