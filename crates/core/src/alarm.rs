//! Alarms: what a person should look at. Each says one thing about one subject, and is open until somebody acknowledges
//! it; what happens again meanwhile is counted in it.

use crate::agent::Principal;
use crate::ids::AlarmId;
use crate::time::Timestamp;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlarmKind {
    /// Somebody has a copy of an access token.
    TokenReused,
    /// Too many credentials failed from one source.
    SourcePenalised,
    /// The audit log does not hold.
    LogInconsistent,
    /// No key of a pool can serve.
    PoolExhausted,
    /// A provider key was set aside.
    KeyDead,
    /// A signing key cannot be used.
    SigningTrouble,
    /// The database does not answer.
    StoreUnavailable,
    /// Nothing was heard of an agent for longer than it promised.
    AgentOffline,
    /// Most agents fell silent together.
    ObserverSuspect,
}

impl AlarmKind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::TokenReused,
        Self::SourcePenalised,
        Self::LogInconsistent,
        Self::PoolExhausted,
        Self::KeyDead,
        Self::SigningTrouble,
        Self::StoreUnavailable,
        Self::AgentOffline,
        Self::ObserverSuspect,
    ];

    /// Its name, as `resource.state`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TokenReused => "token.reused",
            Self::SourcePenalised => "source.penalised",
            Self::LogInconsistent => "audit.inconsistent",
            Self::PoolExhausted => "pool.exhausted",
            Self::KeyDead => "key.dead",
            Self::SigningTrouble => "signing.trouble",
            Self::StoreUnavailable => "store.unavailable",
            Self::AgentOffline => "agent.offline",
            Self::ObserverSuspect => "observer.suspect",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Who looked at an alarm, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Principal,
}

/// One alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Its id.
    pub id: AlarmId,
    /// What is wrong.
    pub kind: AlarmKind,
    /// The id or name of what it is about.
    pub subject: String,
    /// One sentence for people; never a secret.
    pub says: String,
    /// How often it happened while the alarm was open.
    pub count: u64,
    /// When it happened first.
    pub first_at: Timestamp,
    /// When it happened last.
    pub last_at: Timestamp,
    /// When the trouble ended by itself, if it did and has not come back.
    pub over_at: Option<Timestamp>,
    /// Who looked at it; `None` while it is open.
    pub acknowledged: Option<Acknowledgement>,
}

impl Alarm {
    /// Whether nobody has looked at it yet.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.acknowledged.is_none()
    }

    /// It happened again.
    pub fn again(&mut self, says: String, now: Timestamp) {
        self.says = says;
        self.count = self.count.saturating_add(1);
        self.last_at = now;
        self.over_at = None;
    }
}
