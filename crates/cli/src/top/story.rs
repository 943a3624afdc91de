//! What a demonstration tells beside the plane's own numbers.

/// How a line should feel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As expected.
    Plain,
    /// The plane did its work.
    Good,
    /// The provider makes trouble.
    Trouble,
    /// A client saw it.
    Bad,
}

/// One line of the story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Tenths of a second since it began.
    pub(crate) at_tenths: u64,
    /// How it feels.
    pub(crate) mood: Mood,
    /// Whom it is about.
    pub(crate) who: String,
    /// What happened.
    pub(crate) what: String,
}

/// What the demonstration's clients counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Score {
    /// Calls that ended.
    pub(crate) calls: u64,
    /// Failures that a client saw.
    pub(crate) failures: u64,
}
