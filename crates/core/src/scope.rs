//! Scopes: what a credential may do, as `resource.verb` with a glob at the end of either part.

use std::fmt;

/// One permission that a route demands, such as `agents.create`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// What is acted on.
    pub resource: &'static str,
    /// What is done to it.
    pub verb: &'static str,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.resource, self.verb)
    }
}

/// What a kind of principal holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grants(&'static [&'static str]);

impl Grants {
    /// Everything: what operators hold.
    pub const OPERATOR: Self = Self(&["*.*"]);
    /// What agents hold: the model door and a look at themselves.
    pub const AGENT: Self = Self(&["llm.*", "self.*"]);

    /// The grants as written.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }

    /// Whether these grants include `scope`; whatever is not named is refused.
    #[must_use]
    pub fn allow(self, scope: Scope) -> bool {
        self.0.iter().any(|grant| {
            grant.split_once('.').is_some_and(|(resource, verb)| {
                (resource == "*" || resource == scope.resource)
                    && (verb == "*" || verb == scope.verb)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATE: Scope = Scope {
        resource: "agents",
        verb: "create",
    };
    const CALL: Scope = Scope {
        resource: "llm",
        verb: "call",
    };

    #[test]
    fn agents_may_call_models_and_nothing_of_the_plane() {
        assert!(Grants::AGENT.allow(CALL));
        assert!(!Grants::AGENT.allow(CREATE));
        assert!(Grants::OPERATOR.allow(CREATE));
    }
}
