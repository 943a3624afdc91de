//! Everything that a credential holds, and the order of such sets.

use super::{Pattern, PatternError, Scope, Target};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

/// Most scopes in one set, and most characters of its text: what fits into a header many times.
const MOST: usize = 32;
const LONGEST: usize = 1_500;

/// Why a text is no set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScopesError {
    /// One of them is no scope.
    #[error("scope {number}: {error}")]
    Pattern {
        /// Which one, from 1.
        number: usize,
        /// Why not.
        error: PatternError,
    },
    /// None at all.
    #[error("at least one scope is needed")]
    Empty,
    /// Too many, or too long together.
    #[error("there may be at most {MOST} scopes of {LONGEST} characters together")]
    TooMany,
}

/// What a credential holds. No scope in it is covered by another one, and they are sorted: sets that say the same are
/// equal. Cloning is cheap.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ScopeSet(Arc<[Pattern]>);

static OPERATOR: LazyLock<ScopeSet> = LazyLock::new(|| built_in("*.*"));
static AGENT: LazyLock<ScopeSet> =
    LazyLock::new(|| built_in("boards.read inbox.* llm.* messages.* notifications.send self.*"));

fn built_in(text: &str) -> ScopeSet {
    let patterns = text.split(' ').filter_map(|one| one.parse().ok());
    ScopeSet::of(patterns.collect())
}

impl ScopeSet {
    /// Everything: what operators hold.
    #[must_use]
    pub fn operator() -> Self {
        OPERATOR.clone()
    }

    /// What agents hold unless they are given something else: the model door, messages, a word to operators and a look at
    /// themselves.
    #[must_use]
    pub fn agent() -> Self {
        AGENT.clone()
    }

    fn of(mut patterns: Vec<Pattern>) -> Self {
        patterns.sort();
        patterns.dedup();
        let covered = |one: &Pattern| {
            patterns
                .iter()
                .any(|other| other != one && other.covers(one))
        };
        let kept: Vec<Pattern> = patterns
            .iter()
            .filter(|one| !covered(one))
            .cloned()
            .collect();
        Self(kept.into())
    }

    /// From single texts.
    ///
    /// # Errors
    ///
    /// [`ScopesError`].
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, ScopesError> {
        let mut patterns = Vec::new();
        let mut length = 0;
        for (at, text) in texts.into_iter().enumerate() {
            length += text.len() + 1;
            if at >= MOST || length > LONGEST {
                return Err(ScopesError::TooMany);
            }
            let pattern = text.parse().map_err(|error| ScopesError::Pattern {
                number: at + 1,
                error,
            })?;
            patterns.push(pattern);
        }
        if patterns.is_empty() {
            return Err(ScopesError::Empty);
        }
        Ok(Self::of(patterns))
    }

    /// The scopes, one by one.
    pub fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.0.iter()
    }

    /// Whether it includes what a route demands; whatever is not named is refused.
    #[must_use]
    pub fn allow(&self, scope: Scope) -> bool {
        self.0.iter().any(|one| one.allows(scope))
    }

    /// Whether it includes what a route demands for some pool and model.
    #[must_use]
    pub fn allow_somewhere(&self, scope: Scope) -> bool {
        self.0.iter().any(|one| one.names(scope))
    }

    /// Whether it includes what a route demands for this pool and model.
    #[must_use]
    pub fn allow_on(&self, scope: Scope, target: Target<'_>) -> bool {
        self.0.iter().any(|one| one.allows_on(scope, target))
    }

    /// The first scope of `wanted` that this set does not include. Each must be within a single one of these, which
    /// is stricter than needed where two together would do.
    #[must_use]
    pub fn first_beyond<'a>(&self, wanted: &'a Self) -> Option<&'a Pattern> {
        wanted
            .0
            .iter()
            .find(|one| !self.0.iter().any(|own| own.covers(one)))
    }

    /// This set and `other` as one; `None` when that is more than one set may be.
    #[must_use]
    pub fn with(&self, other: &Self) -> Option<Self> {
        let both = Self::of(self.0.iter().chain(other.0.iter()).cloned().collect());
        both.to_string().parse().ok()
    }

    /// Whether it includes all of `other`.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.first_beyond(other).is_none()
    }
}

impl FromStr for ScopeSet {
    type Err = ScopesError;

    /// From scopes with single spaces between them (RFC 6749 §3.3).
    fn from_str(text: &str) -> Result<Self, ScopesError> {
        Self::parse(text.split(' ').filter(|one| !one.is_empty()))
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, one) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{one}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScopeSet({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::super::CALL;
    use super::*;
    use proptest::prelude::*;

    const CREATE: Scope = Scope {
        resource: "agents",
        verb: "create",
    };

    fn set(text: &str) -> ScopeSet {
        text.parse().unwrap()
    }

    const fn on<'a>(pool: &'a str, model: &'a str) -> Target<'a> {
        Target {
            pool,
            model: Some(model),
        }
    }

    #[test]
    fn agents_may_call_models_and_nothing_of_the_plane() {
        assert!(ScopeSet::agent().allow(CALL));
        assert!(!ScopeSet::agent().allow(CREATE));
        assert!(ScopeSet::operator().allow(CREATE));
        assert!(ScopeSet::operator().covers(&ScopeSet::agent()));
        assert_eq!(
            ScopeSet::agent().to_string(),
            "boards.read inbox.* llm.* messages.* notifications.send self.*"
        );
    }

    #[test]
    fn a_call_is_restricted_to_pools_and_models() {
        let held = set("llm.call:pool/main,model/claude-haiku-* llm.call:pool/cheap");
        assert!(held.allow_on(CALL, on("main", "claude-haiku-4-5")));
        assert!(!held.allow_on(CALL, on("main", "claude-opus-4-5")));
        assert!(held.allow_on(CALL, on("cheap", "claude-opus-4-5")));
        assert!(!held.allow_on(CALL, on("other", "claude-haiku-4-5")));
        assert!(held.allow_somewhere(CALL));
        // A route that looks at neither pool nor model gets nothing from a restricted scope.
        assert!(!held.allow(CALL));
        let list = Target {
            pool: "main",
            model: None,
        };
        assert!(held.allow_on(CALL, list));
    }

    #[test]
    fn what_is_no_scope_is_refused() {
        for (text, error) in [
            ("agents", PatternError::Form),
            ("Agents.list", PatternError::Form),
            ("agents.", PatternError::Form),
            (".list", PatternError::Form),
            ("agents.list.all", PatternError::Form),
            ("ag*.list", PatternError::Form),
            ("keys.list:pool/main", PatternError::NotRestrictable),
            ("*.*:pool/main", PatternError::NotRestrictable),
            ("llm.call:", PatternError::Restriction),
            ("llm.call:pool/", PatternError::Restriction),
            ("llm.call:key/a", PatternError::Restriction),
            ("llm.call:pool/a,pool/b", PatternError::Restriction),
            ("llm.call:model/\"", PatternError::Restriction),
        ] {
            let refused = text.parse::<ScopeSet>();
            assert_eq!(
                refused,
                Err(ScopesError::Pattern { number: 1, error }),
                "{text}"
            );
        }
        assert_eq!("".parse::<ScopeSet>(), Err(ScopesError::Empty));
        let many = vec!["a.b"; MOST + 1];
        assert_eq!(ScopeSet::parse(many), Err(ScopesError::TooMany));
    }

    fn a_pattern() -> impl Strategy<Value = String> {
        let part = "(\\*|llm|keys)";
        let glob = "[ab*]{1,3}";
        prop_oneof![
            (part, "(\\*|call|list)").prop_map(|(r, v)| format!("{r}.{v}")),
            ("(\\*|call)", glob).prop_map(|(v, p)| format!("llm.{v}:pool/{p}")),
            ("(\\*|call)", glob, glob).prop_map(|(v, p, m)| format!("llm.{v}:pool/{p},model/{m}")),
        ]
    }

    fn a_set() -> impl Strategy<Value = ScopeSet> {
        prop::collection::vec(a_pattern(), 1..5).prop_map(|all| set(&all.join(" ")))
    }

    fn scopes() -> impl Iterator<Item = Scope> {
        ["llm", "keys"]
            .into_iter()
            .flat_map(|resource| ["call", "list"].map(|verb| Scope { resource, verb }))
    }

    proptest! {
        #[test]
        fn narrowing_is_a_partial_order(one in a_set(), two in a_set(), three in a_set()) {
            prop_assert!(one.covers(&one));
            if one.covers(&two) && two.covers(&three) {
                prop_assert!(one.covers(&three));
            }
            if one.covers(&two) && two.covers(&one) {
                prop_assert_eq!(one, two);
            }
        }

        #[test]
        fn nobody_gains_by_narrowing(
            held in a_set(), wanted in a_set(), pool in "[abc]{0,3}", model in "[abc]{0,3}",
        ) {
            prop_assume!(held.covers(&wanted));
            for scope in scopes() {
                let target = on(&pool, &model);
                prop_assert!(!wanted.allow_on(scope, target) || held.allow_on(scope, target));
                prop_assert!(!wanted.allow(scope) || held.allow(scope));
                prop_assert!(!wanted.allow_somewhere(scope) || held.allow_somewhere(scope));
            }
        }

        #[test]
        fn nobody_gains_by_writing_two_sets_together(
            one in a_set(), two in a_set(), pool in "[abc]{0,3}", model in "[abc]{0,3}",
        ) {
            let both = set(&format!("{one} {two}"));
            prop_assert!(both.covers(&one) && both.covers(&two));
            for scope in scopes() {
                let target = on(&pool, &model);
                let allowed = one.allow_on(scope, target) || two.allow_on(scope, target);
                prop_assert_eq!(both.allow_on(scope, target), allowed);
                prop_assert_eq!(both.allow(scope), one.allow(scope) || two.allow(scope));
            }
        }

        #[test]
        fn a_set_reads_back_as_it_is_written(one in a_set()) {
            prop_assert_eq!(set(&one.to_string()), one);
        }

        #[test]
        fn hostile_text_is_refused_without_a_panic(text in ".{0,60}") {
            if let Ok(read) = text.parse::<ScopeSet>() {
                prop_assert_eq!(set(&read.to_string()), read);
            }
        }
    }
}
