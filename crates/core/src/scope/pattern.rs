//! One scope as a credential holds it: `resource.verb`, either part `*`, and for models `:pool/GLOB,model/GLOB`.

use super::{Glob, Scope, Target};
use std::fmt;
use std::str::FromStr;

/// The resource whose use may be restricted to pools and models.
const RESTRICTED: &str = "llm";
const LONGEST: usize = 200;

/// Why a text is no scope. It never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Not of the form `resource.verb`.
    #[error("a scope is resource.verb in lower case, and either part may be *")]
    Form,
    /// A restriction that cannot be read.
    #[error(
        "a restriction is pool/NAME, model/NAME or both with a comma between them, and a name may have * in it"
    )]
    Restriction,
    /// A restriction on something else than models.
    #[error("only llm scopes can be restricted to pools and models")]
    NotRestrictable,
    /// Longer than a scope may be.
    #[error("a scope has at most {LONGEST} characters")]
    TooLong,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Part {
    Any,
    Named(Box<str>),
}

impl Part {
    fn new(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        match text {
            "*" => Some(Self::Any),
            "" => None,
            text => text.bytes().all(plain).then(|| Self::Named(text.into())),
        }
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Named(own) => **own == *name,
        }
    }

    fn covers(&self, other: &Self) -> bool {
        *self == Self::Any || self == other
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "*",
            Self::Named(name) => name,
        })
    }
}

/// One scope with its globs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    resource: Part,
    verb: Part,
    pool: Glob,
    model: Glob,
}

impl Pattern {
    /// Whether it allows what a route demands, whatever the pool and the model.
    #[must_use]
    pub fn allows(&self, scope: Scope) -> bool {
        self.names(scope) && self.pool.is_any() && self.model.is_any()
    }

    /// Whether it allows what a route demands for some pool and model.
    #[must_use]
    pub fn names(&self, scope: Scope) -> bool {
        self.resource.matches(scope.resource) && self.verb.matches(scope.verb)
    }

    /// Whether it allows what a route demands for this pool and model.
    #[must_use]
    pub fn allows_on(&self, scope: Scope, target: Target<'_>) -> bool {
        self.names(scope)
            && self.pool.matches(target.pool)
            && target.model.is_none_or(|model| self.model.matches(model))
    }

    /// Whether it allows all that `other` allows.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.resource.covers(&other.resource)
            && self.verb.covers(&other.verb)
            && self.pool.covers(&other.pool)
            && self.model.covers(&other.model)
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text.len() > LONGEST {
            return Err(PatternError::TooLong);
        }
        let (name, restriction) = match text.split_once(':') {
            Some((name, restriction)) => (name, Some(restriction)),
            None => (text, None),
        };
        let (resource, verb) = name.split_once('.').ok_or(PatternError::Form)?;
        let resource = Part::new(resource).ok_or(PatternError::Form)?;
        let verb = Part::new(verb).ok_or(PatternError::Form)?;
        let (mut pool, mut model) = (None, None);
        for part in restriction.into_iter().flat_map(|all| all.split(',')) {
            let (kind, name) = part.split_once('/').ok_or(PatternError::Restriction)?;
            let place = match kind {
                "pool" => &mut pool,
                "model" => &mut model,
                _ => return Err(PatternError::Restriction),
            };
            if place.is_some() || !name.bytes().all(is_name_byte) {
                return Err(PatternError::Restriction);
            }
            *place = Some(Glob::new(name).ok_or(PatternError::Restriction)?);
        }
        if restriction.is_some() && resource != Part::Named(RESTRICTED.into()) {
            return Err(PatternError::NotRestrictable);
        }
        Ok(Self {
            resource,
            verb,
            pool: pool.unwrap_or_else(Glob::any),
            model: model.unwrap_or_else(Glob::any),
        })
    }
}

/// What names of pools and models are made of, as far as OAuth lets it into a scope (RFC 6749 §3.3).
const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'_' | b'.' | b':' | b'/' | b'@' | b'+' | b'*')
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.resource, self.verb)?;
        match (self.pool.is_any(), self.model.is_any()) {
            (true, true) => Ok(()),
            (false, true) => write!(f, ":pool/{}", self.pool),
            (true, false) => write!(f, ":model/{}", self.model),
            (false, false) => write!(f, ":pool/{},model/{}", self.pool, self.model),
        }
    }
}
