//! What is spent against budgets, as it goes in and out of a store.

use portunus_core::budget::{Saved, Subject};

/// What one agent or pool has spent of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spending {
    /// Whose account it is.
    pub subject: Subject,
    /// Of what, since when and how much.
    pub saved: Saved,
}
