//! Why a key was chosen, and why the others were not: what the pool says of itself for the record.

use crate::ids::KeyId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How many passed-over keys a choice names at most; the rest are counted.
pub const NAMED: usize = 16;

/// Why a lease got its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What decided for it.
    pub chosen_for: ChosenFor,
    /// Other keys of the pool, and why each was passed over; at most [`NAMED`].
    pub passed: Vec<PassedOver>,
    /// How many more were passed over without being named.
    pub unnamed: u32,
}

impl Choice {
    pub(super) fn because(self, chosen_for: ChosenFor) -> Self {
        Self { chosen_for, ..self }
    }

    /// Takes it away and leaves an empty one behind.
    #[must_use]
    pub const fn take(&mut self) -> Self {
        std::mem::replace(
            self,
            Self {
                chosen_for: self.chosen_for,
                passed: Vec::new(),
                unnamed: 0,
            },
        )
    }
}

/// The rule that decided, the last one that told the key from the next best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChosenFor {
    /// No other key could serve.
    OnlyOne,
    /// The request is bound to it.
    Bound,
    /// The others that could serve look spent.
    NotSpent,
    /// Its priority tier comes first.
    Priority,
    /// The agent's conversation is on it.
    Conversation,
    /// It has more headroom.
    Headroom,
    /// It was used least recently.
    LeastRecent,
    /// It came back from a rest and is tried by this one request.
    Probe,
    /// It was the turn of a request that waited, and this key came free.
    Queue,
}

/// A key that did not get the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    /// The key.
    pub key: KeyId,
    /// Why.
    pub why: WhyNot,
}

/// Why a key did not get a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WhyNot {
    /// It is switched off.
    Disabled,
    /// It is set aside until a person acts.
    Quarantined,
    /// Its account has no money; tried again at that moment.
    OutOfMoney(Timestamp),
    /// A window of it was rejected.
    Resting {
        /// The window's kind, in the provider's words.
        window: Arc<str>,
        /// When the rest ends.
        until: Timestamp,
    },
    /// It came back from a rest, and others try it at present.
    BeingTried,
    /// It refused this model, or this request.
    NotEntitled,
    /// It failed this request, or others a moment ago.
    Avoided,
    /// The request is bound to another key.
    NotBound,
    /// A window of it looks empty, and another key does not.
    Spent,
    /// Another key's priority tier comes first.
    LowerPriority,
    /// The conversation is on another key.
    ConversationElsewhere,
    /// It has less headroom, in tenths.
    LessHeadroom(u8),
    /// It was used more recently.
    UsedMoreRecently,
}
