//! The containers that are open while JSON is skimmed: one bit each, so that depth costs nothing.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    Array,
    Object,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Open {
    depth: usize,
    /// The innermost 64 at most; the last of them is the lowest bit, and set if it is an object.
    inner: u64,
    /// Those further out, 64 in each.
    outer: Vec<u64>,
}

impl Open {
    /// How many are open.
    #[inline(always)]
    pub(super) const fn depth(&self) -> usize {
        self.depth
    }

    /// What ends the innermost one.
    #[inline(always)]
    pub(super) const fn closing(&self) -> u8 {
        if self.inner & 1 == 1 { b'}' } else { b']' }
    }

    #[inline(always)]
    pub(super) fn push(&mut self, container: Container) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.inner);
        }
        self.inner = self.inner << 1 | u64::from(container == Container::Object);
        self.depth += 1;
    }

    #[inline(always)]
    pub(super) fn pop(&mut self) {
        self.depth -= 1;
        self.inner >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.inner = self.outer.pop().unwrap_or_default();
        }
    }
}
