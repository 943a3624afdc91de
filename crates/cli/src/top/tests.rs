//! How the model moves: filters, sorts, choices that stay with their rows, and whatever a person may press.

use super::command::{Command, Mode, meant};
use super::fixture::{self, NOW_MS, moment};
use super::list::Move;
use super::model::{Link, Message, Model, Next, Open, Pace, Panel};
use super::picture::{AgentSum, Sums};
use super::skin::{Alphabet, Skin};
use super::view;
use crate::output::Colour;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::time::Duration;

/// Presses keys as they are named: one letter each.
fn press(model: &mut Model, keys: &str) -> Next {
    let mut next = Next::Stay;
    for key in keys.chars() {
        let code = match key {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '\u{1b}' => KeyCode::Esc,
            letter => KeyCode::Char(letter),
        };
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        if let Some(command) = meant(key, model.mode()) {
            next = model.update(Message::Command(command));
        }
    }
    next
}

fn names(model: &Model) -> Vec<String> {
    let keys = model.shown_keys();
    keys.iter().map(|key| key.name.clone()).collect()
}

fn chosen_request(model: &Model) -> String {
    let shown = model.shown_decisions();
    let at = model.decision_list.position(&shown).unwrap();
    shown[at].id.clone()
}

#[test]
fn keys_are_sorted_by_what_a_person_looks_for() {
    let mut model = fixture::model();
    let by_pool = names(&model);
    press(&mut model, "s");
    assert_eq!(names(&model)[0], "anthropic:cedar", "what needs a person");
    press(&mut model, "r");
    assert_eq!(names(&model)[0], "openai:ember", "what needs nobody");
    press(&mut model, "s");
    assert_eq!(names(&model)[0], "anthropic:amber", "what is spent");
    press(&mut model, "s");
    assert_eq!(names(&model)[0], "anthropic:amber", "what comes back first");
    assert_eq!(names(&model)[1], "openai:denim", "what comes back later");
    press(&mut model, "s");
    assert_eq!(names(&model)[0], "openai:ember", "what runs");
    press(&mut model, "ss");
    assert_eq!(names(&model), by_pool, "round again");
}

#[test]
fn a_filter_narrows_while_it_is_typed_and_escape_drops_it() {
    let mut model = fixture::model();
    press(&mut model, "/AMB");
    assert_eq!(model.mode(), Mode::Typing);
    assert_eq!(names(&model), ["anthropic:amber"]);
    press(&mut model, "\n");
    assert_eq!(names(&model), ["anthropic:amber"]);
    assert_eq!(press(&mut model, "\u{1b}"), Next::Stay);
    assert_eq!(names(&model).len(), 5);
    press(&mut model, "/quarantined\n");
    assert_eq!(names(&model), ["anthropic:cedar"]);
    press(&mut model, "/\u{1b}");
    assert_eq!(names(&model).len(), 5);
}

#[test]
fn escape_leaves_only_when_nothing_is_in_front() {
    let mut model = fixture::model();
    assert_eq!(press(&mut model, "?\u{1b}"), Next::Stay);
    assert_eq!(press(&mut model, "/x\u{1b}"), Next::Stay);
    assert_eq!(press(&mut model, "\u{1b}"), Next::Leave);
    assert_eq!(press(&mut model, "q"), Next::Leave);
}

#[test]
fn the_choice_stays_with_its_row_when_newer_ones_come() {
    let mut model = fixture::model();
    press(&mut model, "\t\tjj");
    assert_eq!(model.focus, Panel::Decisions);
    let chosen = chosen_request(&model);
    model.update(Message::Picture(Box::new(fixture::picture(60))));
    assert_eq!(chosen_request(&model), chosen);
    press(&mut model, "g");
    model.update(Message::Picture(Box::new(fixture::picture(70))));
    assert_eq!(
        chosen_request(&model),
        model.shown_decisions()[0].id,
        "the top follows"
    );
}

#[test]
fn the_neighbour_takes_over_when_a_row_vanishes() {
    let mut model = fixture::model();
    press(&mut model, "G");
    let mut picture = fixture::picture(40);
    picture.keys.pools.truncate(1);
    model.update(Message::Picture(Box::new(picture)));
    let shown = model.shown_keys();
    assert_eq!(model.key_list.position(&shown), Some(2));
    model.update(Message::Picture(Box::new(fixture::picture(40))));
    let shown = model.shown_keys();
    assert_eq!(model.key_list.position(&shown), Some(2), "and keeps it");
}

#[test]
fn what_is_opened_stays_while_it_is_read() {
    let mut model = fixture::model();
    press(&mut model, "\t\tj\n");
    let Some(Open::Decision(row)) = model.open.clone() else {
        panic!("nothing is open");
    };
    model.update(Message::Picture(Box::new(fixture::picture(2_000))));
    assert_eq!(model.open, Some(Open::Decision(row)));
    assert_eq!(press(&mut model, "q"), Next::Stay, "q closes it");
    assert_eq!(model.open, None);
}

#[test]
fn a_pause_stops_the_picture_and_the_clock() {
    let mut model = fixture::model();
    let newest = chosen_request(&model);
    press(&mut model, "p");
    model.update(Message::Tick(Duration::from_secs(5)));
    model.update(Message::Picture(Box::new(fixture::picture(90))));
    assert_eq!(model.pace, Pace::Paused);
    assert_eq!(model.now_ms(), NOW_MS);
    assert_eq!(chosen_request(&model), newest);
    press(&mut model, "p");
    model.update(Message::Tick(Duration::from_secs(5)));
    assert_eq!(model.now_ms(), NOW_MS + 5_000);
}

#[test]
fn a_plane_that_is_away_leaves_the_last_picture() {
    let mut model = fixture::model();
    model.update(Message::Away("connection refused".to_owned()));
    model.update(Message::Tick(Duration::from_secs(3)));
    model.update(Message::Away("connection refused".to_owned()));
    let Link::Away { since, .. } = &model.link else {
        panic!("it is not away");
    };
    assert_eq!(*since, Duration::from_secs(3));
    assert_eq!(names(&model).len(), 5);
    model.update(Message::Picture(Box::new(fixture::picture(41))));
    assert_eq!(model.link, Link::Live);
}

#[test]
fn agents_are_counted_from_decisions_where_no_sums_are_shown() {
    let model = fixture::model();
    let mayor = model.agents.iter().find(|agent| agent.name == "mayor");
    let mayor = mayor.unwrap();
    assert_eq!((mayor.requests, mayor.failed), (14, 3));
    assert_eq!(mayor.per_minute, 14);
    assert!(mayor.median_us.is_some());
    let idle = model.agents.iter().find(|agent| agent.name == "idle");
    assert_eq!(idle.unwrap().last, None);
}

#[test]
fn a_rest_without_a_window_is_a_window_too() {
    let mut picture = fixture::picture(1);
    let key = &mut picture.keys.pools[1].keys[1];
    key.rests = vec![fixture::rest("tokens", 2_000, "unstated")];
    assert_eq!(key.windows.len(), 1);
    let mut model = Model::new(String::new());
    model.update(Message::Picture(Box::new(picture)));
    let ember = model.shown_keys()[4];
    assert_eq!(ember.windows.len(), 2);
    assert_eq!(ember.windows[1].back_ms, Some(NOW_MS + 2_000));
    assert_eq!(moment(2_000), "2026-11-03T14:05:02Z");
}

/// Anything that can happen.
#[derive(Clone, Debug)]
enum Happening {
    Key(KeyCode, bool),
    Command(Command),
    Picture(u64),
    Empty,
    Away,
    Tick(u64),
    Resize(u16, u16),
    Tell,
}

fn happening() -> impl Strategy<Value = Happening> {
    let letters = prop::sample::select("qjkhlgGsr/p? \u{7f}a漢\u{301}".chars().collect::<Vec<_>>());
    let codes = prop_oneof![
        letters.prop_map(KeyCode::Char),
        prop::sample::select(vec![
            KeyCode::Tab,
            KeyCode::BackTab,
            KeyCode::Enter,
            KeyCode::Backspace,
            KeyCode::PageDown,
            KeyCode::PageUp,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::Up,
            KeyCode::Down,
        ]),
    ];
    prop_oneof![
        8 => (codes, any::<bool>()).prop_map(|(code, control)| Happening::Key(code, control)),
        1 => any::<usize>().prop_map(|rows| Happening::Command(Command::Go(Move::Down(rows)))),
        2 => (0_u64..300).prop_map(Happening::Picture),
        1 => Just(Happening::Empty),
        1 => Just(Happening::Away),
        1 => any::<u64>().prop_map(Happening::Tick),
        3 => (0_u16..160, 0_u16..60).prop_map(|(w, h)| Happening::Resize(w, h)),
        1 => Just(Happening::Tell),
    ]
}

fn happens(model: &mut Model, what: &Happening) {
    let message = match what {
        Happening::Key(code, control) => {
            let modifiers = if *control {
                KeyModifiers::CONTROL
            } else {
                KeyModifiers::NONE
            };
            let Some(command) = meant(KeyEvent::new(*code, modifiers), model.mode()) else {
                return;
            };
            Message::Command(command)
        }
        Happening::Command(command) => Message::Command(*command),
        Happening::Picture(requests) => Message::Picture(Box::new(fixture::picture(*requests))),
        Happening::Empty => {
            let mut picture = fixture::picture(0);
            picture.keys.pools.clear();
            picture.status.pools.clear();
            picture.agents = Some(Vec::new());
            Message::Picture(Box::new(picture))
        }
        Happening::Away => Message::Away("\u{1b}]0;gone\u{7}".to_owned()),
        Happening::Tick(millis) => Message::Tick(Duration::from_millis(*millis)),
        Happening::Tell => Message::Story(super::story::Line {
            at_tenths: u64::MAX,
            mood: super::story::Mood::Bad,
            who: "漢字".repeat(20),
            what: "long ".repeat(200),
        }),
        Happening::Resize(..) => return,
    };
    model.update(message);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_is_pressed_at_whatever_size_nothing_breaks(
        happenings in prop::collection::vec(happening(), 1..40),
        staged in any::<bool>(),
        ascii in any::<bool>(),
    ) {
        let alphabet = if ascii { Alphabet::Ascii } else { Alphabet::Unicode };
        let skin = Skin::new(Colour::On, alphabet);
        let mut model = if staged { fixture::stage() } else { Model::new("http://plane".to_owned()) };
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        for what in happenings {
            if let Happening::Resize(width, height) = what {
                terminal.backend_mut().resize(width, height);
            }
            happens(&mut model, &what);
            let mut limit = 0;
            terminal
                .draw(|frame| limit = view::draw(&model, &skin, frame.area(), frame.buffer_mut()))
                .unwrap();
            model.drawn(limit);
            for cell in terminal.backend().buffer().content() {
                prop_assert!(!cell.symbol().contains(char::is_control));
                prop_assert!(!ascii || cell.symbol().is_ascii(), "{:?}", cell.symbol());
            }
        }
    }
}

#[test]
fn sums_of_the_plane_count_where_it_shows_them() {
    let mut model = Model::new(String::new());
    let sum = |name: &str, requests| AgentSum {
        name: name.to_owned(),
        requests,
        cost_nanos: 5_000_000_000,
        ..AgentSum::default()
    };
    for (second, requests) in [(0, 1_000), (10, 1_300)] {
        let mut picture = fixture::picture(0);
        picture.at_ms = NOW_MS + second * 1_000;
        picture.ended = None;
        picture.sums = Some(Sums {
            total: sum("", requests * 2),
            agents: vec![sum("mayor", requests)],
        });
        model.update(Message::Picture(Box::new(picture)));
    }
    assert_eq!(model.requests.now(), Some(600), "600 in 10 s");
    assert_eq!(model.cost_nanos, Some(5_000_000_000));
    let mayor = model.agents.iter().find(|agent| agent.name == "mayor");
    assert_eq!(mayor.unwrap().per_minute, 300);
}
