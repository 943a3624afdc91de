//! The screens as people see them, at sizes that they have.

use crate::output::Colour;
use crate::top::command::Command;
use crate::top::fixture;
use crate::top::list::Move;
use crate::top::model::{Message, Model};
use crate::top::skin::{Alphabet, Skin};
use portunus_api::liveness::AgentStatus;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Modifier;

const UNICODE: Skin = Skin::new(Colour::On, Alphabet::Unicode);
const ASCII: Skin = Skin::new(Colour::Off, Alphabet::Ascii);

fn screen(model: &Model, skin: &Skin, width: u16, height: u16) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| {
            super::draw(model, skin, frame.area(), frame.buffer_mut());
        })
        .unwrap();
    terminal
}

fn press(model: &mut Model, commands: &[Command]) {
    for command in commands {
        model.update(Message::Command(*command));
    }
}

macro_rules! shows {
    ($name:ident, $model:expr, $skin:expr, $width:literal, $height:literal) => {
        #[test]
        fn $name() {
            let terminal = screen(&$model, &$skin, $width, $height);
            insta::assert_snapshot!(stringify!($name), terminal.backend());
        }
    };
}

fn with(commands: &[Command]) -> Model {
    let mut model = fixture::model();
    press(&mut model, commands);
    model
}

fn away() -> Model {
    let mut model = fixture::model();
    let why = "http://127.0.0.1:7070: cannot be reached (connection refused)";
    model.update(Message::Away(why.to_owned()));
    model
}

const NEXT: Command = Command::NextPanel;
const DOWN: Command = Command::Go(Move::Down(1));

shows!(large, fixture::model(), UNICODE, 120, 40);
shows!(wide, fixture::model(), UNICODE, 200, 30);
shows!(usual, fixture::model(), UNICODE, 80, 24);
shows!(usual_with_agents, with(&[NEXT, DOWN]), UNICODE, 80, 24);
shows!(usual_in_ascii, fixture::model(), ASCII, 80, 24);
shows!(small, with(&[NEXT, NEXT]), UNICODE, 60, 15);
shows!(tiny, fixture::model(), UNICODE, 20, 5);
shows!(large_demonstration, fixture::stage(), UNICODE, 120, 40);
shows!(usual_demonstration, fixture::stage(), UNICODE, 80, 24);
shows!(plane_that_is_away, away(), UNICODE, 80, 24);
shows!(
    before_the_first_answer,
    Model::new("http://plane".to_owned()),
    UNICODE,
    80,
    24
);
shows!(help, with(&[Command::Help]), UNICODE, 80, 24);
shows!(
    help_in_a_small_terminal,
    with(&[Command::Help]),
    UNICODE,
    30,
    9
);
shows!(one_key, with(&[DOWN, Command::Open]), UNICODE, 80, 24);
shows!(
    one_dead_key,
    with(&[DOWN, DOWN, Command::Open]),
    UNICODE,
    80,
    24
);
shows!(one_agent, with(&[NEXT, Command::Open]), UNICODE, 80, 24);
shows!(
    one_decision,
    with(&[NEXT, NEXT, DOWN, DOWN, Command::Open]),
    UNICODE,
    80,
    24
);
shows!(
    usual_with_messages,
    with(&[NEXT, NEXT, NEXT]),
    UNICODE,
    80,
    24
);
shows!(
    one_notification,
    with(&[NEXT, NEXT, NEXT, Command::Open]),
    UNICODE,
    80,
    24
);
shows!(
    filter_being_typed,
    with(&[Command::StartFilter, Command::Type('a'), Command::Type('m')]),
    UNICODE,
    80,
    24
);

#[test]
fn without_colours_nothing_is_coloured_and_the_choice_still_shows() {
    let terminal = screen(&fixture::stage(), &ASCII, 120, 40);
    let cells = terminal.backend().buffer().content();
    let coloured = cells
        .iter()
        .find(|cell| cell.fg != ratatui::style::Color::Reset);
    assert_eq!(coloured, None);
    let chosen = cells
        .iter()
        .any(|cell| cell.modifier.contains(Modifier::REVERSED));
    assert!(chosen);
}

#[test]
fn of_a_large_fleet_it_says_how_many_are_shown_and_cuts_no_status() {
    let mut picture = fixture::picture(14);
    picture.status.agents = 3_004;
    for agent in picture.agents.iter_mut().flatten() {
        agent.status = AgentStatus::Unmonitored;
    }
    let mut model = Model::new(String::new());
    model.update(Message::Picture(Box::new(picture)));
    let shown = screen(&model, &UNICODE, 140, 40).backend().to_string();
    assert!(shown.contains(" of 3004 "), "{shown}");
    assert!(shown.contains(" unmonitored "), "{shown}");
}
