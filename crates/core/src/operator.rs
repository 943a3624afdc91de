//! Operators: the people who run the plane, and what they may do.

use crate::ids::OperatorId;
use crate::name::Slug;
use crate::scope::ScopeSet;
use crate::time::Timestamp;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

/// A person who may do something with the plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Never reused, also when the name is.
    pub id: OperatorId,
    /// Unique among living operators.
    pub name: Slug,
    /// What the operator may do.
    pub authority: Authority,
    /// When the operator was created.
    pub created_at: Timestamp,
}

/// A set of scopes with a name. What it includes grows with what a release adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Admin,
    /// Everything but operators and signing keys.
    Operator,
    /// A look at everything.
    Viewer,
}

/// What every operator does about itself: signing in and out, devices, the password, what it has read.
const OWN: &str = "self.* sessions.* devices.* passwords.* notifications.mark";

// Nobody gives agents what they do not hold themselves, so `llm.*` is among it.
static RUNNING: LazyLock<ScopeSet> = LazyLock::new(|| {
    built_in(
        "*.list *.show *.read *.status llm.* agents.* tokens.* pools.* keys.* budgets.* decisions.* audit.* alarms.* sources.* \
         config.* log_level.* backup.* import.* boards.* messages.* inbox.* notifications.*",
    )
});
static LOOKING: LazyLock<ScopeSet> = LazyLock::new(|| built_in("*.list *.show *.read *.status"));

fn built_in(text: &str) -> ScopeSet {
    // Texts of ours, which a test reads; were one none, its role would hold what everybody has.
    format!("{text} {OWN}")
        .parse()
        .unwrap_or_else(|_| ScopeSet::agent())
}

impl Role {
    /// All of them, the widest first.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Operator, Self::Viewer];

    /// How it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
        }
    }

    /// What it includes.
    #[must_use]
    pub fn scopes(self) -> ScopeSet {
        match self {
            Self::Admin => ScopeSet::operator(),
            Self::Operator => RUNNING.clone(),
            Self::Viewer => LOOKING.clone(),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is none of admin, operator, viewer")]
pub struct NoRole;

impl FromStr for Role {
    type Err = NoRole;

    fn from_str(text: &str) -> Result<Self, NoRole> {
        let named = |role: &Self| role.as_str() == text;
        Self::ALL.into_iter().find(named).ok_or(NoRole)
    }
}

/// What an operator may do: a role, scopes one by one, or both together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    role: Option<Role>,
    explicit: Option<ScopeSet>,
    grants: ScopeSet,
}

impl Authority {
    /// `None` when it is neither a role nor a scope, or when both together are too many scopes for one set.
    #[must_use]
    pub fn new(role: Option<Role>, explicit: Option<ScopeSet>) -> Option<Self> {
        let grants = match (role, &explicit) {
            (None, None) => return None,
            (Some(role), None) => role.scopes(),
            (None, Some(explicit)) => explicit.clone(),
            (Some(role), Some(explicit)) => role.scopes().with(explicit)?,
        };
        Some(Self {
            role,
            explicit,
            grants,
        })
    }

    /// What the first operator may do.
    #[must_use]
    pub fn everything() -> Self {
        Self::of(Role::Admin)
    }

    /// What a role includes and no more.
    #[must_use]
    pub fn of(role: Role) -> Self {
        Self {
            role: Some(role),
            explicit: None,
            grants: role.scopes(),
        }
    }

    /// The role, if there is one.
    #[must_use]
    pub const fn role(&self) -> Option<Role> {
        self.role
    }

    /// The scopes that were given one by one.
    #[must_use]
    pub const fn explicit(&self) -> Option<&ScopeSet> {
        self.explicit.as_ref()
    }

    /// All of it as one set.
    #[must_use]
    pub const fn grants(&self) -> &ScopeSet {
        &self.grants
    }

    /// Whether it includes everything. A plane keeps an operator who may administer it.
    #[must_use]
    pub fn administers(&self) -> bool {
        self.grants == ScopeSet::operator()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::Scope;

    const fn scope(resource: &'static str, verb: &'static str) -> Scope {
        Scope { resource, verb }
    }

    #[test]
    fn each_role_includes_the_next_one() {
        for pair in Role::ALL.windows(2) {
            assert!(pair[0].scopes().covers(&pair[1].scopes()), "{pair:?}");
            assert!(!pair[1].scopes().covers(&pair[0].scopes()), "{pair:?}");
        }
        assert_eq!("viewer".parse(), Ok(Role::Viewer));
        assert_eq!("root".parse::<Role>(), Err(NoRole));
    }

    #[test]
    fn a_viewer_looks_and_changes_nothing_but_its_own() {
        let viewer = Role::Viewer.scopes();
        for (resource, verb) in [
            ("agents", "list"),
            ("operators", "show"),
            ("usage", "read"),
            ("keys", "status"),
            ("sessions", "end"),
            ("passwords", "set"),
        ] {
            assert!(viewer.allow(scope(resource, verb)), "{resource}.{verb}");
        }
        for (resource, verb) in [
            ("agents", "create"),
            ("operators", "update"),
            ("tokens", "rotate"),
            ("backup", "take"),
            ("llm", "call"),
        ] {
            assert!(!viewer.allow(scope(resource, verb)), "{resource}.{verb}");
        }
    }

    #[test]
    fn one_who_runs_the_plane_makes_no_operators() {
        let running = Role::Operator.scopes();
        assert!(running.allow(scope("keys", "add")));
        assert!(running.allow(scope("tokens", "revoke")));
        assert!(!running.allow(scope("operators", "create")));
        assert!(!running.allow(scope("operators", "update")));
        assert!(!running.allow(scope("signing", "rotate")));
    }

    #[test]
    fn scopes_given_one_by_one_add_to_the_role() {
        assert_eq!(Authority::new(None, None), None);
        let both = Authority::new(Some(Role::Viewer), "agents.create".parse().ok()).unwrap();
        assert!(both.grants().allow(scope("agents", "create")));
        assert!(both.grants().allow(scope("agents", "list")));
        assert!(!both.administers());
        let all = Authority::new(None, "*.* keys.list".parse().ok()).unwrap();
        assert!(all.administers() && Authority::everything().administers());
    }
}
