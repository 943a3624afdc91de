//! Lists in pages: how many, from where, and where the next page begins.

use std::fmt;

/// The most items that one page holds, whatever was asked for.
pub const MAX_LIMIT: u32 = 1_000;

/// Where a page begins. Minted by a store, opaque to everybody else, safe in a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// Takes over what a client sent back; the store judges it when it is used.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for a client to send back.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which part of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Begin after this position; `None` begins at the first item.
    pub after: Option<Cursor>,
    /// How many items at most, taken as 1 to [`MAX_LIMIT`].
    pub limit: u32,
}

impl Page {
    /// The first page of at most `limit` items.
    #[must_use]
    pub const fn first(limit: u32) -> Self {
        Self { after: None, limit }
    }

    /// The limit inside its bounds.
    #[must_use]
    pub fn size(&self) -> usize {
        usize::try_from(self.limit.clamp(1, MAX_LIMIT)).unwrap_or(1)
    }

    /// How many items to fetch: one more than shown tells whether the list goes on.
    #[must_use]
    pub fn reach(&self) -> u32 {
        self.limit.clamp(1, MAX_LIMIT) + 1
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last page.
    pub next: Option<Cursor>,
}

impl<T> Listing<T> {
    /// Makes a page of `size` items out of up to one more, which only shows that the list goes on.
    #[must_use]
    pub fn cut(mut items: Vec<T>, size: usize, position: impl Fn(&T) -> Cursor) -> Self {
        let goes_on = items.len() > size;
        items.truncate(size);
        let next = items.last().filter(|_| goes_on).map(position);
        Self { items, next }
    }
}

/// Which audit records are asked for; what is left empty lets all pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// The action begins so: `key.` or `agent.created`.
    pub action_prefix: Option<String>,
    /// The subject is exactly one of these.
    pub subjects: Vec<String>,
}
