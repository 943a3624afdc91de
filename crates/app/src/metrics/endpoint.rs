//! The endpoints of the model door as a label: a request's path never is one.

/// One endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EndpointLabel(usize);

/// The names that decisions have for endpoints. The last stands for every path that is none of the door's.
const NAMES: [&str; EndpointLabel::COUNT] = [
    "messages",
    "chat_completions",
    "responses",
    "embeddings",
    "count_tokens",
    "models",
    "model",
    "responses_input_tokens",
    "responses_compact",
    "other",
];

impl EndpointLabel {
    /// How many there are.
    pub(super) const COUNT: usize = 10;

    /// The one of that name.
    pub(super) fn of(name: &str) -> Self {
        let place = NAMES.iter().position(|known| *known == name);
        Self(place.unwrap_or(Self::COUNT - 1))
    }

    /// Every one, in the order of [`EndpointLabel::index`].
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }

    /// Its place, below [`EndpointLabel::COUNT`].
    pub(super) const fn index(self) -> usize {
        self.0
    }

    /// Its name.
    pub(super) fn as_str(self) -> &'static str {
        NAMES.get(self.0).copied().unwrap_or("other")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_endpoint_is_other() {
        assert_eq!(EndpointLabel::of("responses").as_str(), "responses");
        for unknown in ["-", "", "/v1/secret"] {
            assert_eq!(EndpointLabel::of(unknown).as_str(), "other");
        }
    }
}
