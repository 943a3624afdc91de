//! The addresses of one plane, and a request to whichever answers: the one that answered last is asked first.

use crate::chance;
use crate::clock::{SharedClock, millis};
use crate::endpoint::Endpoint;
use crate::error::{Error, Lost};
use crate::refusal::Refusal;
use crate::repeat::{Next, Outcome, Tries};
use crate::transport::{Ask, Node, Reply};
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

    /// The one to ask, and its turn.
    pub(crate) fn preferred(&self) -> (usize, &Node) {
        let turn = self.turn.load(Ordering::Relaxed);
        let node = match turn % self.count() {
            0 => &self.first,
            other => self.others.get(other - 1).unwrap_or(&self.first),
        };
        (turn, node)
    }

    /// The address whose turn it was failed. When several requests notice it together, it is one failure.
    pub(crate) fn pass(&self, turn: usize) {
        let next = turn.wrapping_add(1);
        let (order, other) = (Ordering::Relaxed, Ordering::Relaxed);
        let _ = self.turn.compare_exchange(turn, next, order, other);
    }

    /// Asks until there is an answer with success, a refusal that would come again, or no time left.
    pub(crate) async fn ask(&self, ask: &Ask, bearer: Option<&Secret>) -> Result<Reply, Error> {
        let ends_at = self.clock.tick().plus_ms(millis(ask.patience));
        let mut tries = Tries::new(self.count(), ends_at);
        let mut in_doubt = None;
        loop {
            let (turn, node) = self.preferred();
            let (error, next) = match node.send(ask, bearer).await? {
                Ok(reply) if (200..300).contains(&reply.status) => return Ok(reply),
                Ok(reply) => {
                    let refusal = Refusal::read(reply.status, reply.retry_after, &reply.body);
                    let outcome = Outcome::Refused(&refusal);
                    let next = tries.judge(outcome, self.clock.tick(), chance::number());
                    (Error::of(refusal), next)
                }
                Err(lost) => {
                    let next = tries.judge(Outcome::Lost, self.clock.tick(), chance::number());
                    if lost.may_have_arrived() {
                        in_doubt = Some(lost.clone());
                    }
                    (unanswered(node, lost, in_doubt.clone()), next)
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
        }
    }
}

/// Once a request may have arrived, that it did not the last time says nothing.
fn unanswered(node: &Node, lost: Lost, in_doubt: Option<Lost>) -> Error {
    Error::Unanswered {
        plane: node.endpoint().to_string(),
        lost: in_doubt.unwrap_or(lost),
    }
}
