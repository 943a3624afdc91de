//! All that the live view knows, and how it changes: a message comes, the state moves, and the view is drawn from it.
//!
//! Nothing here reads a clock, a socket or a terminal.

use super::command::{Command, Mode};
use super::fold;
use super::list::List;
use super::picture::Picture;
use super::rate::{History, Meter};
use super::rows::{AgentRow, DecisionRow, KeyRow, PostRow, QueueRow};
use super::story::{Line, Score};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// Lines of a demonstration's story that are kept.
const STORY: usize = 500;

/// The panels, in the order of Tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Panel {
    /// The keys and their windows.
    Keys,
    /// The agents.
    Agents,
    /// The last decisions.
    Decisions,
    /// Messages on boards, and notifications.
    Posts,
    /// What a demonstration tells.
    Story,
}

/// What stands in front of the panels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Open {
    /// Which key does what.
    Help,
    /// One key, by id.
    Key(String),
    /// One agent, by name.
    Agent(String),
    /// One decision, as it was when it was opened: it may leave the list while it is read.
    Decision(Box<DecisionRow>),
    /// One message or notification, as it was when it was opened.
    Post(Box<PostRow>),
}

/// How it stands with the plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// It answers.
    Live,
    /// It does not; asked again and again.
    Away {
        /// What is wrong.
        why: String,
        /// For how long.
        since: Duration,
    },
}

/// Whether the picture moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// It does.
    Moving,
    /// A person stopped it to read.
    Paused,
}

/// What happens.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    /// A person pressed something.
    Command(Command),
    /// The plane answered.
    Picture(Box<Picture>),
    /// The plane did not.
    Away(String),
    /// Time passed.
    Tick(Duration),
    /// A demonstration tells something.
    Story(Line),
    /// A demonstration counted anew.
    Score(Score),
    /// A demonstration is over.
    End,
}

/// Whether to go on after a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Draw and go on.
    Stay,
    /// Leave.
    Leave,
    /// Give the terminal back until the shell says to go on.
    Suspend,
}

/// What a demonstration shows beside the plane.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// How long it will run.
    pub(crate) length: Duration,
    /// How long it has run.
    pub(crate) ran: Duration,
    /// What was told, oldest first.
    pub(crate) lines: VecDeque<Line>,
    /// What its clients counted.
    pub(crate) score: Score,
    /// How many of the newest lines are below the panel's end.
    pub(crate) scrolled: usize,
}

/// The plane's own facts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Face {
    /// Its address.
    pub(crate) url: String,
    /// Its version.
    pub(crate) version: String,
    /// How long it has run, when it last answered.
    pub(crate) uptime_ms: u64,
    /// What a person should know at once; empty when all is well.
    pub(crate) warnings: Vec<String>,
    /// Living agents.
    pub(crate) agents: u64,
    /// Those of them that are offline.
    pub(crate) offline: u64,
}

/// Everything that is shown.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) face: Face,
    pub(crate) link: Link,
    pub(crate) pace: Pace,
    pub(crate) requests: History,
    pub(crate) failures: Meter,
    pub(crate) tokens: Meter,
    pub(crate) cost_nanos: Option<u64>,
    pub(crate) queues: Vec<QueueRow>,
    pub(crate) keys: Vec<KeyRow>,
    pub(crate) agents: Vec<AgentRow>,
    pub(crate) decisions: VecDeque<DecisionRow>,
    pub(crate) posts: Vec<PostRow>,
    pub(crate) stage: Option<Stage>,
    pub(crate) focus: Panel,
    pub(crate) key_list: List,
    pub(crate) agent_list: List,
    pub(crate) decision_list: List,
    pub(crate) post_list: List,
    /// The filter that is being typed.
    pub(crate) typing: Option<String>,
    pub(crate) open: Option<Open>,
    /// Lines that are scrolled out above in what is open.
    pub(crate) scrolled: usize,
    pub(super) meters: HashMap<String, Meter>,
    pub(super) counted: fold::Counted,
    /// Whether the plane has answered yet.
    pub(crate) answered: bool,
    now_ms: i64,
}

impl Model {
    /// Before the first answer.
    pub(crate) fn new(url: String) -> Self {
        Self {
            face: Face {
                url,
                ..Face::default()
            },
            link: Link::Live,
            pace: Pace::Moving,
            requests: History::default(),
            failures: Meter::default(),
            tokens: Meter::default(),
            cost_nanos: None,
            queues: Vec::new(),
            keys: Vec::new(),
            agents: Vec::new(),
            decisions: VecDeque::new(),
            posts: Vec::new(),
            stage: None,
            focus: Panel::Keys,
            key_list: List::default(),
            agent_list: List::default(),
            decision_list: List::default(),
            post_list: List::default(),
            typing: None,
            open: None,
            scrolled: 0,
            meters: HashMap::new(),
            counted: fold::Counted::default(),
            answered: false,
            now_ms: 0,
        }
    }

    /// The same with a demonstration of this length beside it.
    #[must_use]
    pub(crate) fn on_stage(mut self, length: Duration) -> Self {
        self.stage = Some(Stage {
            length,
            ran: Duration::ZERO,
            lines: VecDeque::new(),
            score: Score::default(),
            scrolled: 0,
        });
        self
    }

    /// The plane's clock, carried on from its last answer.
    pub(crate) const fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// What keys mean now.
    pub(crate) const fn mode(&self) -> Mode {
        match (&self.typing, &self.open) {
            (Some(_), _) => Mode::Typing,
            (None, Some(_)) => Mode::Reading,
            (None, None) => Mode::Panels,
        }
    }

    /// The keys as they are listed.
    pub(crate) fn shown_keys(&self) -> Vec<&KeyRow> {
        self.key_list.shown(self.keys.iter())
    }

    /// The agents as they are listed.
    pub(crate) fn shown_agents(&self) -> Vec<&AgentRow> {
        self.agent_list.shown(self.agents.iter())
    }

    /// How many agents there are, those too that are not listed because the fleet is large.
    pub(crate) fn all_agents(&self) -> usize {
        let counted = usize::try_from(self.face.agents).unwrap_or(usize::MAX);
        self.agents.len().max(counted)
    }

    /// The decisions as they are listed.
    pub(crate) fn shown_decisions(&self) -> Vec<&DecisionRow> {
        self.decision_list.shown(self.decisions.iter())
    }

    /// Messages and notifications as they are listed.
    pub(crate) fn shown_posts(&self) -> Vec<&PostRow> {
        self.post_list.shown(self.posts.iter())
    }

    /// Takes in what happened.
    pub(crate) fn update(&mut self, message: Message) -> Next {
        match message {
            Message::Command(command) => return self.obey(command),
            Message::End => return Next::Leave,
            Message::Picture(picture) => self.picture(*picture),
            Message::Away(why) => self.away(why),
            Message::Tick(passed) => self.tick(passed),
            Message::Story(line) => self.told(line),
            Message::Score(score) => {
                if let Some(stage) = &mut self.stage {
                    stage.score = score;
                }
            }
        }
        Next::Stay
    }

    /// What the view drew: how far what is open can be scrolled, in lines.
    pub(crate) fn drawn(&mut self, scroll_limit: usize) {
        self.scrolled = self.scrolled.min(scroll_limit);
    }

    fn picture(&mut self, picture: Picture) {
        self.link = Link::Live;
        if self.pace == Pace::Paused {
            return;
        }
        self.answered = true;
        self.now_ms = picture.at_ms;
        fold::take_in(self, picture);
        self.settle();
    }

    fn away(&mut self, why: String) {
        let since = match &self.link {
            Link::Away { since, .. } => *since,
            Link::Live => Duration::ZERO,
        };
        self.link = Link::Away { why, since };
    }

    fn tick(&mut self, passed: Duration) {
        if let Link::Away { since, .. } = &mut self.link {
            *since = since.saturating_add(passed);
        }
        if let Some(stage) = &mut self.stage {
            stage.ran = stage.ran.saturating_add(passed).min(stage.length);
        }
        if self.pace == Pace::Moving && self.answered {
            let passed = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
            self.now_ms = self.now_ms.saturating_add(passed);
        }
    }

    fn told(&mut self, line: Line) {
        if let Some(stage) = &mut self.stage {
            // Who scrolled back to read keeps the lines under the eyes.
            stage.scrolled += usize::from(stage.scrolled > 0);
            stage.lines.push_back(line);
            while stage.lines.len() > STORY {
                stage.lines.pop_front();
            }
        }
    }

    /// The panels that there are.
    pub(crate) fn panels(&self) -> &'static [Panel] {
        const ALL: &[Panel] = &[
            Panel::Keys,
            Panel::Agents,
            Panel::Decisions,
            Panel::Posts,
            Panel::Story,
        ];
        match self.stage {
            Some(_) => ALL,
            None => ALL.get(..4).unwrap_or(ALL),
        }
    }

    /// The list of the panel in focus; a story has none.
    pub(crate) const fn list(&self) -> Option<&List> {
        match self.focus {
            Panel::Keys => Some(&self.key_list),
            Panel::Agents => Some(&self.agent_list),
            Panel::Decisions => Some(&self.decision_list),
            Panel::Posts => Some(&self.post_list),
            Panel::Story => None,
        }
    }

    pub(super) fn settle(&mut self) {
        self.key_list.settle(&self.key_list.shown(self.keys.iter()));
        self.agent_list
            .settle(&self.agent_list.shown(self.agents.iter()));
        self.decision_list
            .settle(&self.decision_list.shown(self.decisions.iter()));
        self.post_list
            .settle(&self.post_list.shown(self.posts.iter()));
    }
}
