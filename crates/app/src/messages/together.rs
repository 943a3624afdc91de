//! What many ask for at the same moment is done together: whoever asks while one transaction runs is served by the next, with
//! all the others who did.
//!
//! Each asks for one thing at a time and waits, so that nothing piles up but one question of each.

use crate::failure::Failure;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

/// A question, and where its answer goes.
#[derive(Debug)]
pub(super) struct Asked<Q, A> {
    pub(super) question: Q,
    answer: oneshot::Sender<Result<A, Failure>>,
}

impl<Q, A> Asked<Q, A> {
    /// Whether somebody waits for the answer still.
    pub(super) fn is_awaited(&self) -> bool {
        !self.answer.is_closed()
    }

    /// Answers; gives the answer back when nobody waits for it any more.
    pub(super) fn answer(self, answer: Result<A, Failure>) -> Result<(), Result<A, Failure>> {
        self.answer.send(answer)
    }
}

/// Where is asked.
#[derive(Debug)]
pub(super) struct Together<Q, A> {
    ask: mpsc::UnboundedSender<Asked<Q, A>>,
    line: Mutex<Option<Line<Q, A>>>,
}

/// Those who wait, as whoever serves them sees them.
#[derive(Debug)]
pub(super) struct Line<Q, A>(mpsc::UnboundedReceiver<Asked<Q, A>>);

impl<Q, A> Default for Together<Q, A> {
    fn default() -> Self {
        let (ask, line) = mpsc::unbounded_channel();
        Self {
            ask,
            line: Mutex::new(Some(Line(line))),
        }
    }
}

impl<Q, A> Together<Q, A> {
    /// Asks, and waits for the answer.
    pub(super) async fn ask(&self, question: Q) -> Result<A, Failure> {
        let gone = |()| Failure::Defect("nobody answers any more".to_owned());
        let (answer, answered) = oneshot::channel();
        let asked = Asked { question, answer };
        self.ask.send(asked).map_err(|_| gone(()))?;
        answered.await.map_err(|_| gone(()))?
    }

    /// Those who ask from now on; there is one who serves them.
    pub(super) fn line(&self) -> Option<Line<Q, A>> {
        self.line.lock().take()
    }
}

impl<Q, A> Line<Q, A> {
    /// At most `most` of those who asked, the first ones first, and whoever has gone meanwhile too; waits until there is one.
    /// `None` when nobody can ask any more.
    pub(super) async fn next(&mut self, most: usize) -> Option<Vec<Asked<Q, A>>> {
        let mut asked = Vec::new();
        let count = self.0.recv_many(&mut asked, most).await;
        (count > 0).then_some(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn those_who_ask_meanwhile_are_served_together_and_in_turn() {
        let together: Arc<Together<u32, u32>> = Arc::default();
        let mut line = together.line().unwrap();
        assert!(together.line().is_none(), "one serves");
        let mut asking = Vec::new();
        for number in 0..5 {
            let together = Arc::clone(&together);
            asking.push(tokio::spawn(async move { together.ask(number).await }));
            tokio::task::yield_now().await;
        }
        let gone = asking.remove(1);
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        let mut numbers = Vec::new();
        for most in [3, 9] {
            let asked = line.next(most).await.unwrap();
            numbers.push(asked.iter().map(|asked| asked.question).collect::<Vec<_>>());
            for asked in asked {
                let (is_awaited, doubled) = (asked.is_awaited(), asked.question * 2);
                assert_eq!(is_awaited, asked.question != 1);
                assert_eq!(asked.answer(Ok(doubled)).is_ok(), is_awaited);
            }
        }
        assert_eq!(numbers, [vec![0, 1, 2], vec![3, 4]]);
        let mut answers = Vec::new();
        for asking in asking {
            answers.push(asking.await.unwrap().unwrap());
        }
        assert_eq!(answers, [0, 4, 6, 8]);
    }

    #[tokio::test]
    async fn nobody_waits_for_ever_for_one_who_is_gone() {
        let together: Together<u32, u32> = Together::default();
        let line = together.line();
        drop(line);
        assert!(matches!(together.ask(1).await, Err(Failure::Defect(_))));
    }
}
