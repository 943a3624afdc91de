//! What a person can ask for, and which key asks for it.

use super::list::Move;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// Rows that a page key moves by.
const PAGE: usize = 10;

/// What a person asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// End.
    Leave,
    /// Give the terminal back for a while.
    Suspend,
    /// Another row, or another line of what is open.
    Go(Move),
    /// The next panel.
    NextPanel,
    /// The panel before.
    PreviousPanel,
    /// The next order.
    NextSort,
    /// The other way round.
    Reverse,
    /// Begin to type a filter.
    StartFilter,
    /// One letter of it.
    Type(char),
    /// Without its last letter.
    Erase,
    /// The filter is as it should be.
    Accept,
    /// Close, clear or drop what is in front.
    Cancel,
    /// Open the chosen row.
    Open,
    /// Stop the picture, or let it go on.
    Pause,
    /// What the keys do.
    Help,
}

/// What keys mean depends on what is in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The panels.
    Panels,
    /// Something that was opened.
    Reading,
    /// A filter is being typed.
    Typing,
}

/// What a key asks for; nothing for one that has no meaning here.
pub(crate) fn meant(key: KeyEvent, mode: Mode) -> Option<Command> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return with_control(key.code, mode);
    }
    match mode {
        Mode::Typing => typing(key.code),
        Mode::Reading => match key.code {
            KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q' | '?') => Some(Command::Cancel),
            code => movement(code),
        },
        Mode::Panels => panels(key.code),
    }
}

const fn with_control(code: KeyCode, mode: Mode) -> Option<Command> {
    match (code, mode) {
        (KeyCode::Char('c'), _) => Some(Command::Leave),
        (KeyCode::Char('z'), _) => Some(Command::Suspend),
        // What some terminals send for the erase key.
        (KeyCode::Char('h'), Mode::Typing) => Some(Command::Erase),
        (KeyCode::Char('d' | 'f'), Mode::Panels | Mode::Reading) => {
            Some(Command::Go(Move::Down(PAGE)))
        }
        (KeyCode::Char('u' | 'b'), Mode::Panels | Mode::Reading) => {
            Some(Command::Go(Move::Up(PAGE)))
        }
        _ => None,
    }
}

const fn typing(code: KeyCode) -> Option<Command> {
    match code {
        KeyCode::Enter => Some(Command::Accept),
        KeyCode::Esc => Some(Command::Cancel),
        KeyCode::Backspace => Some(Command::Erase),
        KeyCode::Char(letter) => Some(Command::Type(letter)),
        _ => None,
    }
}

fn panels(code: KeyCode) -> Option<Command> {
    match code {
        KeyCode::Char('q') => Some(Command::Leave),
        KeyCode::Esc => Some(Command::Cancel),
        KeyCode::Tab | KeyCode::Right | KeyCode::Char('l') => Some(Command::NextPanel),
        KeyCode::BackTab | KeyCode::Left | KeyCode::Char('h') => Some(Command::PreviousPanel),
        KeyCode::Char('s') => Some(Command::NextSort),
        KeyCode::Char('r') => Some(Command::Reverse),
        KeyCode::Char('/') => Some(Command::StartFilter),
        KeyCode::Char('p' | ' ') => Some(Command::Pause),
        KeyCode::Char('?') | KeyCode::F(1) => Some(Command::Help),
        KeyCode::Enter => Some(Command::Open),
        code => movement(code),
    }
}

const fn movement(code: KeyCode) -> Option<Command> {
    let to = match code {
        KeyCode::Up | KeyCode::Char('k') => Move::Up(1),
        KeyCode::Down | KeyCode::Char('j') => Move::Down(1),
        KeyCode::PageUp => Move::Up(PAGE),
        KeyCode::PageDown => Move::Down(PAGE),
        KeyCode::Home | KeyCode::Char('g') => Move::First,
        KeyCode::End | KeyCode::Char('G') => Move::Last,
        _ => return None,
    };
    Some(Command::Go(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(code: KeyCode, mode: Mode) -> Option<Command> {
        meant(KeyEvent::new(code, KeyModifiers::NONE), mode)
    }

    #[test]
    fn letters_are_text_only_while_a_filter_is_typed() {
        let q = KeyCode::Char('q');
        assert_eq!(press(q, Mode::Panels), Some(Command::Leave));
        assert_eq!(press(q, Mode::Reading), Some(Command::Cancel));
        assert_eq!(press(q, Mode::Typing), Some(Command::Type('q')));
    }

    #[test]
    fn control_c_always_leaves() {
        let key = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        for mode in [Mode::Panels, Mode::Reading, Mode::Typing] {
            assert_eq!(meant(key, mode), Some(Command::Leave));
        }
    }
}
