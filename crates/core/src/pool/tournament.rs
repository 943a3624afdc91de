//! The first among many contestants, known at all times while their scores change one at a time.
//!
//! A binary tree whose every node knows the best slot below it: the best of all is read off the root, and a change
//! walks from its leaf upwards for as long as it makes a difference. Smaller scores come first.

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Tournament<S> {
    /// The scores by slot, filled up with the last score to a power of two.
    scores: Vec<S>,
    /// The winning slot of each node; the root is node 1, the children of node `n` are `2n` and `2n + 1`.
    winners: Vec<usize>,
    last: S,
}

impl<S: Ord + Copy> Tournament<S> {
    /// One with `slots` slots, all of which have the score `last`: that of a slot that does not take part.
    pub(super) fn new(slots: usize, last: S) -> Self {
        let leaves = slots.next_power_of_two();
        let mut tree = Self {
            scores: vec![last; leaves],
            winners: vec![0; leaves],
            last,
        };
        // All are equal, so the left one of two wins.
        for node in (1..leaves).rev() {
            let winner = tree.winner(2 * node);
            if let Some(own) = tree.winners.get_mut(node) {
                *own = winner;
            }
        }
        tree
    }

    /// The score of a slot that takes part.
    pub(super) fn score(&self, slot: usize) -> Option<S> {
        let score = self.scores.get(slot).copied();
        score.filter(|score| *score != self.last)
    }

    /// The best score and its slot; `None` when every slot has the last score.
    pub(super) fn first(&self) -> Option<(usize, S)> {
        self.first_that(&|_| true)
    }

    /// The first slot for which `may` holds. Costs a walk down the tree for each better one that may not.
    pub(super) fn first_that(&self, may: &impl Fn(usize) -> bool) -> Option<(usize, S)> {
        self.first_below(1, may)
    }

    /// Every slot that `slot` met and beat on its way up: the best of ever larger neighbourhoods.
    ///
    /// Whoever comes second is among those that the first one met.
    pub(super) fn met_by(&self, slot: usize) -> impl Iterator<Item = usize> {
        let leaf = self.scores.len() + slot;
        let up = std::iter::successors(Some(leaf), |node| Some(node / 2));
        up.take_while(|node| *node > 1)
            .map(|node| self.winner(node ^ 1))
    }

    /// Gives a slot its score.
    pub(super) fn set(&mut self, slot: usize, score: S) {
        match self.scores.get_mut(slot) {
            Some(own) if *own != score => *own = score,
            _ => return,
        }
        let mut node = (self.scores.len() + slot) / 2;
        while node > 0 {
            let winner = self.better(self.winner(2 * node), self.winner(2 * node + 1));
            match self.winners.get_mut(node) {
                // A winner that stays the same one may have a new score, which those above have to hear of.
                Some(known) if *known == winner && winner != slot => return,
                Some(known) => *known = winner,
                None => return,
            }
            node /= 2;
        }
    }

    fn winner(&self, node: usize) -> usize {
        match node.checked_sub(self.scores.len()) {
            Some(slot) => slot,
            None => self.winners.get(node).copied().unwrap_or(0),
        }
    }

    fn better(&self, one: usize, other: usize) -> usize {
        if self.scores.get(other) < self.scores.get(one) {
            other
        } else {
            one
        }
    }

    fn first_below(&self, node: usize, may: &impl Fn(usize) -> bool) -> Option<(usize, S)> {
        let winner = self.winner(node);
        let score = self.score(winner)?;
        if may(winner) {
            return Some((winner, score));
        }
        if node >= self.scores.len() {
            return None;
        }
        let below = [2 * node, 2 * node + 1].map(|child| self.first_below(child, may));
        below.into_iter().flatten().min_by_key(|(_, score)| *score)
    }
}
