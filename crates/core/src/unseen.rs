//! Characters that are not seen, or that change how others are seen: what people read must not be steered by whoever wrote it.
//!
//! This is the one list of them. What is one line for people refuses them when it comes in; what may say anything, as
//! messages may, is spelled out where it is shown.

/// Whether a character is a control, breaks lines, turns the direction of writing (Unicode Standard Annex 9) or has no width.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
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
        for c in "a é\u{301}漢🏛\u{a0}\u{fe0f}".chars() {
            assert!(!is_unseen(c), "{c:?}");
        }
        assert!(is_unseen('\u{200d}') && !steers('\u{200d}'));
    }
}
