//! Why a window of a key rests.

/// Why a window of a key must be left alone for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RestReason {
    /// The provider refused because of this window and said until when.
    Rejected,
    /// The provider refused without saying until when.
    Unstated,
    /// The account had no money left.
    Money,
}

impl RestReason {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Unstated => "unstated",
            Self::Money => "money",
        }
    }

    /// Reads the stable name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Rejected, Self::Unstated, Self::Money]
            .into_iter()
            .find(|reason| reason.as_str() == name)
    }
}
