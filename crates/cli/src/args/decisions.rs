//! `portunus explain` and `portunus decisions`.

use super::Reach;
use super::duration::Span;
use super::when::When;
use clap::{Args, ValueEnum};
use jiff::Timestamp;

/// `portunus explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus explain req_0000000000000000000000     the x-request-id of an answer
  portunus explain                                the last request that was not served
  portunus explain --last --json                  the last request, whatever became of it")]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// The request's id, with or without `req_` [default: the last request that was not served].
    #[arg(value_name = "REQUEST_ID")]
    pub(crate) id: Option<String>,
    /// The last request, served or not.
    #[arg(long, conflicts_with = "id")]
    pub(crate) last: bool,
}

/// `portunus decisions`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus decisions --limit 20
  portunus decisions --agent mayor --failed --since 1h
  portunus decisions --slower-than 10s --json | jq '.items[].id'
  portunus decisions --follow
  portunus decisions --follow --pool anthropic --json      one JSON object a line")]
pub(crate) struct DecisionsArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// At most so many; with --follow, so many to begin with [default: 50, with --follow 10].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
    /// Read on after an earlier list's `next_cursor`.
    #[arg(long, value_name = "CURSOR", conflicts_with = "follow")]
    pub(crate) cursor: Option<String>,
    /// Show each request as it ends, until interrupted; a restart of the plane does not end it.
    #[arg(long, short = 'f')]
    pub(crate) follow: bool,
}

/// Which requests.
#[derive(Debug, Args)]
pub(crate) struct FilterArgs {
    /// Only requests of this agent: its name at that time, or its id.
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,
    /// Only requests that were sent with this key: LABEL, POOL:LABEL or its id.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Only requests that were sent with a key of this pool.
    #[arg(long, value_name = "POOL")]
    pub(crate) pool: Option<String>,
    /// Only requests for this model, as the client wrote it.
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// Only requests that ended so.
    #[arg(long, value_name = "OUTCOME", conflicts_with = "failed")]
    pub(crate) outcome: Option<OutcomeWord>,
    /// Only requests that were not served.
    #[arg(long)]
    pub(crate) failed: bool,
    /// Only requests that came then or later: a span back from now, such as 15m or 30d, a day, or an RFC 3339 moment.
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<When>,
    /// Only requests that came then or earlier; a day is its beginning in UTC.
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<When>,
    /// Only requests that took longer in all.
    #[arg(long, value_name = "SPAN")]
    pub(crate) slower_than: Option<Span>,
}

/// How a request ended, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum OutcomeWord {
    /// The client has its answer.
    Served,
    /// The request was at fault; the upstream said so.
    ClientFault,
    /// The plane refused it.
    Refused,
    /// The answer broke off.
    BrokenOff,
    /// The client left before the end.
    ClientLeft,
}

impl OutcomeWord {
    /// The name that the control API knows.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::ClientFault => "client_fault",
            Self::Refused => "refused",
            Self::BrokenOff => "broken_off",
            Self::ClientLeft => "client_left",
        }
    }
}

impl FilterArgs {
    /// The filter as query parameters.
    pub(crate) fn query(&self, now: Timestamp) -> Vec<(&'static str, String)> {
        let outcome = match (self.outcome, self.failed) {
            (Some(outcome), _) => Some(outcome.as_str()),
            (None, true) => Some("failed"),
            (None, false) => None,
        };
        let words = [
            ("agent", self.agent.clone()),
            ("key", self.key.clone()),
            ("pool", self.pool.clone()),
            ("model", self.model.clone()),
            ("outcome", outcome.map(str::to_owned)),
            ("since", self.since.map(|when| when.moment(now))),
            ("until", self.until.map(|when| when.moment(now))),
            (
                "slower_than_ms",
                self.slower_than.map(|span| span.millis.to_string()),
            ),
        ];
        let given = words
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        given.collect()
    }
}
