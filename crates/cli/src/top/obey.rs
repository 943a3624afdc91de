//! What the model does when a person asks for something.

use super::command::Command;
use super::list::{List, Listed, Move};
use super::model::{Model, Next, Open, Pace, Panel};
use super::rows::{AgentRow, DecisionRow, KeyRow, PostRow};

impl Model {
    /// Does what a person asks for.
    pub(super) fn obey(&mut self, command: Command) -> Next {
        match command {
            Command::Leave => return Next::Leave,
            Command::Suspend => return Next::Suspend,
            Command::Go(to) => self.go(to),
            Command::NextPanel => self.turn(1),
            Command::PreviousPanel => self.turn(self.panels().len().saturating_sub(1)),
            Command::NextSort => self.with_list(
                List::next_sort::<KeyRow>,
                List::next_sort::<AgentRow>,
                List::next_sort::<DecisionRow>,
                List::next_sort::<PostRow>,
            ),
            Command::Reverse => {
                self.with_list(List::reverse, List::reverse, List::reverse, List::reverse);
            }
            Command::StartFilter => self.start_filter(),
            Command::Type(letter) => self.type_on(letter),
            Command::Erase => {
                if let Some(typed) = &mut self.typing {
                    typed.pop();
                }
                self.apply_filter();
            }
            Command::Accept => self.typing = None,
            Command::Cancel => return self.cancel(),
            Command::Open => self.open_chosen(),
            Command::Help => self.show(Open::Help),
            Command::Pause => {
                self.pace = match self.pace {
                    Pace::Moving => Pace::Paused,
                    Pace::Paused => Pace::Moving,
                }
            }
        }
        self.settle();
        Next::Stay
    }

    fn turn(&mut self, by: usize) {
        let panels = self.panels();
        let at = panels.iter().position(|panel| *panel == self.focus);
        let next = (at.unwrap_or(0) + by).checked_rem(panels.len());
        if let Some(panel) = next.and_then(|next| panels.get(next)) {
            self.focus = *panel;
        }
    }

    fn go(&mut self, to: Move) {
        if self.open.is_some() {
            self.scrolled = moved(self.scrolled, to);
            return;
        }
        match self.focus {
            Panel::Keys => self.key_list.go(&self.key_list.shown(self.keys.iter()), to),
            Panel::Agents => self
                .agent_list
                .go(&self.agent_list.shown(self.agents.iter()), to),
            Panel::Decisions => self
                .decision_list
                .go(&self.decision_list.shown(self.decisions.iter()), to),
            Panel::Posts => self
                .post_list
                .go(&self.post_list.shown(self.posts.iter()), to),
            Panel::Story => {
                if let Some(stage) = &mut self.stage {
                    let last = stage.lines.len().saturating_sub(1);
                    // Counted from the end, so up and down change sides.
                    let to = match to {
                        Move::Up(rows) => Move::Down(rows),
                        Move::Down(rows) => Move::Up(rows),
                        Move::First => Move::Last,
                        Move::Last => Move::First,
                    };
                    stage.scrolled = moved(stage.scrolled, to).min(last);
                }
            }
        }
    }

    fn with_list(
        &mut self,
        keys: impl FnOnce(&mut List),
        agents: impl FnOnce(&mut List),
        decisions: impl FnOnce(&mut List),
        posts: impl FnOnce(&mut List),
    ) {
        match self.focus {
            Panel::Keys => keys(&mut self.key_list),
            Panel::Agents => agents(&mut self.agent_list),
            Panel::Decisions => decisions(&mut self.decision_list),
            Panel::Posts => posts(&mut self.post_list),
            Panel::Story => {}
        }
    }

    fn start_filter(&mut self) {
        self.typing = self.list().map(|list| list.filter().to_owned());
    }

    fn type_on(&mut self, letter: char) {
        /// Longer than any name.
        const LONGEST: usize = 64;
        if let Some(typed) = &mut self.typing
            && typed.chars().count() < LONGEST
            && !letter.is_control()
        {
            typed.push(letter);
        }
        self.apply_filter();
    }

    fn apply_filter(&mut self) {
        if let Some(typed) = self.typing.clone() {
            let set = |list: &mut List| list.set_filter(typed.clone());
            self.with_list(set, set, set, set);
        }
    }

    /// Takes away what is in front: the filter being typed, what is open, the filter; with nothing left, leaves.
    fn cancel(&mut self) -> Next {
        if self.typing.is_none() && self.open.take().is_some() {
            return Next::Stay;
        }
        let typing = self.typing.take().is_some();
        let narrowed = self.list().is_some_and(|list| !list.filter().is_empty());
        if !typing && !narrowed {
            return Next::Leave;
        }
        let clear = |list: &mut List| list.set_filter(String::new());
        self.with_list(clear, clear, clear, clear);
        self.settle();
        Next::Stay
    }

    fn open_chosen(&mut self) {
        fn chosen<R: Listed + Clone>(list: &List, shown: &[&R]) -> Option<R> {
            let at = list.position(shown)?;
            shown.get(at).map(|row| R::clone(row))
        }
        let open = match self.focus {
            Panel::Keys => chosen(&self.key_list, &self.shown_keys()).map(|row| Open::Key(row.id)),
            Panel::Agents => {
                chosen(&self.agent_list, &self.shown_agents()).map(|row| Open::Agent(row.name))
            }
            Panel::Decisions => chosen(&self.decision_list, &self.shown_decisions())
                .map(|row| Open::Decision(Box::new(row))),
            Panel::Posts => {
                chosen(&self.post_list, &self.shown_posts()).map(|row| Open::Post(Box::new(row)))
            }
            Panel::Story => None,
        };
        if let Some(open) = open {
            self.show(open);
        }
    }

    fn show(&mut self, open: Open) {
        self.open = Some(open);
        self.scrolled = 0;
    }
}

/// Moves a count of scrolled lines; its upper end is known only when it is drawn.
const fn moved(scrolled: usize, to: Move) -> usize {
    match to {
        Move::Up(rows) => scrolled.saturating_sub(rows),
        Move::Down(rows) => scrolled.saturating_add(rows),
        Move::First => 0,
        Move::Last => usize::MAX,
    }
}
