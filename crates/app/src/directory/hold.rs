//! Holds first uses back while the store decides by them what a rotation or a revocation does.
//!
//! Without it a token could be used between the last word to the store and its decision, and be ended as unused.

use super::{Directory, Entry};
use portunus_core::agent::Principal;
use portunus_core::token::Kid;
use std::sync::Arc;

/// First uses of one principal's tokens wait until this is dropped.
#[derive(Debug)]
#[must_use = "first uses are held for as long as this lives"]
pub(crate) struct Hold {
    unused: Vec<Arc<Entry>>,
    used: Vec<Kid>,
}

impl Hold {
    /// The tokens that have been used; the store may not have heard of the latest of them.
    pub(crate) fn used(&self) -> &[Kid] {
        &self.used
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        for entry in &self.unused {
            entry.let_go();
        }
    }
}

impl Directory {
    /// Holds first uses of the principal's tokens back; the caller holds the lock of changes.
    pub(crate) fn hold(&self, principal: Principal) -> Hold {
        let tokens = self.book.lock().tokens.get(&principal).cloned();
        let (unused, used): (Vec<_>, Vec<_>) = tokens
            .unwrap_or_default()
            .into_iter()
            .partition(|entry| entry.hold());
        Hold {
            unused,
            used: used.iter().map(|entry| entry.kid).collect(),
        }
    }
}
