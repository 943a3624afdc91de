//! What `serve` was told to do, typed and complete: no options are left open behind this point.

use super::collector_url::CollectorUrl;
use super::public_url::PublicUrl;
use super::webhook_url::WebhookUrl;
use portunus_app::admission::Paces;
use portunus_app::ledger::Keep;
use portunus_app::messages::Messages;
use portunus_app::notifications::NotificationTerms;
use portunus_app::push::Bounds;
use portunus_core::access::Terms;
use portunus_core::admission::TrustedProxies;
use portunus_core::notification::Priority;
use portunus_core::price::PriceEntry;
use portunus_core::session::SessionTerms;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;
use tracing_subscriber::filter::Targets;

const DAY_MS: u64 = 86_400_000;

/// Everything that `serve` needs to know.
#[derive(Clone, Debug)]
pub(crate) struct ServeSettings {
    /// Where the control API and the model door are reached.
    pub(crate) listen: SocketAddr,
    /// Where the database, the pepper and the master key live.
    pub(crate) data_dir: PathBuf,
    /// Where the first operator's token is written; printed when absent.
    pub(crate) operator_token_file: Option<PathBuf>,
    /// The plane's address as others know it.
    pub(crate) public_url: Option<PublicUrl>,
    /// What is logged, and how.
    pub(crate) log: LogSettings,
    /// How providers are called.
    pub(crate) upstream: UpstreamSettings,
    /// How agents are served.
    pub(crate) door: DoorSettings,
    /// How long streams may go on after SIGTERM.
    pub(crate) drain_timeout: Duration,
    /// How often principals may ask.
    pub(crate) limits: Paces,
    /// Whose word is believed about where a request came from.
    pub(crate) trusted_proxies: TrustedProxies,
    /// How many decisions are kept.
    pub(crate) decisions: Keep,
    /// How long messages are kept, how many an inbox holds, and how much those of one sender may take.
    pub(crate) messages: MessageSettings,
    /// How many connections may stay open.
    pub(crate) push: Bounds,
    /// How long access tokens and their families last.
    pub(crate) access_tokens: Terms,
    /// How long sessions of operators last.
    pub(crate) sessions: SessionTerms,
    /// Who may read `/metrics`.
    pub(crate) metrics: MetricsReaders,
    /// Where traces and metrics are exported to.
    pub(crate) telemetry: TelemetrySettings,
    /// Who is told of alarms.
    pub(crate) alarms: WebhookSettings,
    /// How many notifications agents send, how long they are kept, and who is told of them.
    pub(crate) notifications: NotificationSettings,
    /// Prices that win over the shipped ones.
    pub(crate) prices: Vec<PriceEntry>,
}

/// Where traces and metrics are exported to.
#[derive(Clone, Debug, Default)]
pub(crate) struct TelemetrySettings {
    /// The collector; without one nothing is exported.
    pub(crate) endpoint: Option<CollectorUrl>,
    /// Headers that it wants, such as a credential.
    pub(crate) headers_file: Option<PathBuf>,
}

/// Where messages are posted.
#[derive(Clone, Debug, Default)]
pub(crate) struct WebhookSettings {
    /// The address; without one nobody is told.
    pub(crate) url: Option<WebhookUrl>,
    /// What they are signed with.
    pub(crate) secret_file: Option<PathBuf>,
}

/// How many notifications agents send, how long they are kept, and who is told of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct NotificationSettings {
    /// How many, and how long.
    pub(crate) terms: NotificationTerms,
    /// Who is told.
    pub(crate) webhook: WebhookSettings,
    /// Of those of which priority or more.
    pub(crate) webhook_min_priority: WebhookPriority,
}

/// The least priority that a webhook is told of: all of them, unless somebody says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WebhookPriority(pub(crate) Priority);

impl Default for WebhookPriority {
    fn default() -> Self {
        Self(Priority::Low)
    }
}

/// How long messages are kept, and how many an inbox holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MessageSettings {
    /// Days from when they are written.
    pub(crate) keep_days: u64,
    /// Messages that can still be taken or acknowledged.
    pub(crate) inbox_length: u64,
    /// MiB of those that are kept, of one sender.
    pub(crate) outbox_mib: u64,
}

impl MessageSettings {
    /// Sets a plane to them.
    pub(crate) fn apply(self, messages: &Messages) {
        messages.keep_for(self.keep_days * DAY_MS);
        messages.bound_inboxes(self.inbox_length);
        messages.bound_outboxes(self.outbox_mib << 20);
    }
}

/// Who may read `/metrics`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetricsReaders {
    /// Whoever has the scope.
    WithScope,
    /// Anybody who reaches the listener.
    Anybody,
}

/// What is logged, and how.
#[derive(Clone, Debug)]
pub(crate) struct LogSettings {
    /// For programs or for people.
    pub(crate) format: LogFormat,
    /// What is worth a line.
    pub(crate) filter: LogFilter,
}

/// The shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// One JSON object per line.
    Json,
    /// One readable line, coloured on a terminal.
    Pretty,
}

/// Which log lines are written.
#[derive(Clone, Debug)]
pub(crate) struct LogFilter(pub(crate) Targets);

impl std::fmt::Display for LogFilter {
    /// As it would be written in the file.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether providers may be reached over private and loopback addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrivateUpstreams {
    /// They may.
    Allowed,
    /// They may not.
    Refused,
}

/// How providers are called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UpstreamSettings {
    /// Private and loopback addresses; allowed by default only while the plane itself listens on loopback.
    pub(crate) private: PrivateUpstreams,
    /// For the connection and its TLS handshake.
    pub(crate) connect_timeout: Duration,
    /// From the request to the head of a streamed answer.
    pub(crate) first_byte_timeout: Duration,
    /// From the request to the head of a plain answer, which comes when the model is done.
    pub(crate) answer_timeout: Duration,
    /// Between two pieces of a body.
    pub(crate) idle_timeout: Duration,
}

/// How agents are served.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DoorSettings {
    /// Threads with a runtime each.
    pub(crate) workers: NonZeroUsize,
    /// Largest request body, in bytes.
    pub(crate) body_limit: usize,
}
