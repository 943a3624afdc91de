//! The addresses of one plane, and a request to whichever answers: the one that answered last is asked first.

use crate::chance;
use crate::clock::{SharedClock, millis};
use crate::dial::Line;
use crate::endpoint::Endpoint;
use crate::error::{Error, Lost};
use crate::refusal::Refusal;
use crate::repeat::{Next, Outcome, Tries};
use crate::transport::{Ask, Node, Reply};
use crate::trouble::Troubles;
use portunus_core::secret::Secret;
use std::sync::atomic::{AtomicUsize, Ordering};

/// All addresses; there is at least one.
#[derive(Debug)]
pub(crate) struct Planes {
    first: Node,
    others: Vec<Node>,
    /// Counts up whenever an address failed; its rest modulo their number is the one to ask.
    turn: AtomicUsize,
    clock: SharedClock,
}

impl Planes {
    pub(crate) const fn new(first: Node, others: Vec<Node>, clock: SharedClock) -> Self {
        Self {
            first,
            others,
            turn: AtomicUsize::new(0),
            clock,
        }
    }

    pub(crate) const fn count(&self) -> usize {
        1 + self.others.len()
    }

    /// The addresses, in the order in which they were given.
    pub(crate) fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        std::iter::once(&self.first)
            .chain(&self.others)
            .map(Node::endpoint)
    }

    /// The lines to them, in the same order.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &Line> {
        std::iter::once(&self.first)
            .chain(&self.others)
            .map(Node::line)
    }

    /// How they fail, all together.
    pub(crate) fn troubles(&self) -> &Troubles {
        self.first.line().troubles()
    }

    /// The one to ask, and its turn.
    pub(crate) fn preferred(&self) -> (usize, &Node) {
        let turn = self.turn.load(Ordering::Relaxed);
        (turn, self.at(turn))
    }

    /// The one whose turn this is.
    pub(crate) fn at(&self, turn: usize) -> &Node {
        match turn % self.count() {
            0 => &self.first,
            other => self.others.get(other - 1).unwrap_or(&self.first),
        }
    }

    /// The address whose turn it was failed. When several requests notice it together, it is one failure.
    pub(crate) fn pass(&self, turn: usize) {
        let next = turn.wrapping_add(1);
        let (order, other) = (Ordering::Relaxed, Ordering::Relaxed);
        let _ = self.turn.compare_exchange(turn, next, order, other);
    }

    /// Asks until there is an answer with success, a refusal that would come again, or no time left.
    pub(crate) async fn ask(&self, ask: &Ask, bearer: Option<&Secret>) -> Result<Reply, Error> {
        let mut asked = self.begin(ask);
        loop {
            match self.try_once(ask, bearer, &mut asked).await? {
                Tried::Answered(reply) => return Ok(reply),
                Tried::Again => {}
            }
        }
    }

    /// Nothing was tried yet.
    pub(crate) fn begin(&self, ask: &Ask) -> Asked {
        let ends_at = self.clock.tick().plus_ms(millis(ask.patience));
        Asked {
            tries: Tries::new(self.count(), ends_at),
            in_doubt: None,
        }
    }

    /// One try, and the pause after it if there should be another one.
    pub(crate) async fn try_once(
        &self,
        ask: &Ask,
        bearer: Option<&Secret>,
        asked: &mut Asked,
    ) -> Result<Tried, Error> {
        let (turn, node) = self.preferred();
        let sent = node.send(ask, bearer).await?;
        let (now, chance) = (self.clock.tick(), chance::number());
        let (error, next) = match sent {
            Ok(reply) if (200..300).contains(&reply.status) => return Ok(Tried::Answered(reply)),
            Ok(reply) => {
                let refusal = Refusal::read(reply.status, reply.retry_after, &reply.body);
                let next = asked.tries.judge(Outcome::Refused(&refusal), now, chance);
                (Error::of(refusal), next)
            }
            Err(lost) => {
                let outcome = match lost.is_stranger() {
                    true => Outcome::Stranger,
                    false => Outcome::Lost,
                };
                let next = asked.tries.judge(outcome, now, chance);
                (asked.unanswered(node, lost), next)
            }
        };
        tracing::debug!(plane = %node.endpoint(), path = %ask.path, %error, ?next, "a request failed");
        match next {
            Next::Over => return Err(error),
            Next::Here(pause) => tokio::time::sleep(pause).await,
            Next::Elsewhere => self.pass(turn),
            Next::Later(pause) => {
                self.pass(turn);
                tokio::time::sleep(pause).await;
            }
        }
        Ok(Tried::Again)
    }
}

/// What became of a try that was not the last one.
#[derive(Debug)]
pub(crate) enum Tried {
    Answered(Reply),
    /// It failed, and the pause is over.
    Again,
}

/// What one request has been through.
#[derive(Debug)]
pub(crate) struct Asked {
    tries: Tries,
    /// A try that may have arrived: that a later one did not says nothing then.
    in_doubt: Option<Lost>,
}

impl Asked {
    fn unanswered(&mut self, node: &Node, lost: Lost) -> Error {
        if lost.may_have_arrived() {
            self.in_doubt = Some(lost.clone());
        }
        Error::Unanswered {
            plane: node.endpoint().to_string(),
            lost: self.in_doubt.clone().unwrap_or(lost),
        }
    }

    /// An error of something that stands before the next try.
    pub(crate) fn before_sending(&self, error: Error) -> Error {
        match (error, &self.in_doubt) {
            (Error::Unanswered { plane, lost }, None) if lost.may_have_arrived() => {
                Error::Unanswered {
                    plane,
                    lost: Lost::NotConnected(lost.to_string()),
                }
            }
            (Error::Unanswered { plane, .. }, Some(lost)) => Error::Unanswered {
                plane,
                lost: lost.clone(),
            },
            (other, _) => other,
        }
    }
}
