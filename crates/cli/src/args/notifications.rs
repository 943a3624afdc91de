//! `portunus notify` and `portunus notifications`.

use super::Reach;
use super::when::When;
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use portunus_api::notifications::Priority;

/// How soon somebody should look, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PriorityWord {
    /// When there is time.
    Low,
    /// In the course of the day.
    Normal,
    /// Soon.
    High,
    /// At once.
    Urgent,
}

impl PriorityWord {
    /// As the API has it.
    pub(crate) const fn meant(self) -> Priority {
        match self {
            Self::Low => Priority::Low,
            Self::Normal => Priority::Normal,
            Self::High => Priority::High,
            Self::Urgent => Priority::Urgent,
        }
    }
}

/// `portunus notify`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus notify 'The nightly build is green' --priority low
  portunus notify 'I need a decision' --priority high --link https://ci.example/run/7
  tail -20 build.log | portunus notify 'The build failed' --body -")]
pub(crate) struct NotifyArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// What it is about, in one line.
    pub(crate) title: String,
    /// What else there is to say; - reads it from standard input.
    #[arg(long, value_name = "TEXT")]
    pub(crate) body: Option<String>,
    /// How soon somebody should look [default: normal].
    #[arg(long, value_enum)]
    pub(crate) priority: Option<PriorityWord>,
    /// Where there is more to see: an address over https or http.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) link: Option<String>,
}

/// Notifications.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus notifications list --unread
  portunus notifications list --follow --min-priority high
  portunus notifications read --all")]
pub(crate) struct NotificationsArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(subcommand)]
    pub(crate) verb: NotificationsVerb,
}

/// What is done with notifications.
#[derive(Debug, Subcommand)]
pub(crate) enum NotificationsVerb {
    /// List what agents want operators to know, newest first, or follow it.
    #[command(
        after_help = "Examples:\n  portunus notifications list --unread\n  portunus notifications list --from mayor --since 24h --json\n  portunus notifications list --follow"
    )]
    List(ListNotifications),
    /// Show one notification.
    #[command(after_help = "Example:\n  portunus notifications show ntf_2nFr0cJ7cQ8m5hQX3GjTlV")]
    Show {
        /// Its id, as `notifications list` shows it.
        notification: String,
    },
    /// Mark notifications as read, for yourself.
    #[command(
        after_help = "Examples:\n  portunus notifications read ntf_2nFr0cJ7cQ8m5hQX3GjTlV\n  portunus notifications read --all\n  portunus notifications read --up-to ntf_2nFr0cJ7cQ8m5hQX3GjTlV",
        group(ArgGroup::new("which").required(true).args(["notifications", "all", "up_to"]))
    )]
    Read {
        /// Ids, as `notifications list` shows them.
        #[arg(value_name = "ID")]
        notifications: Vec<String>,
        /// Every notification that there is.
        #[arg(long)]
        all: bool,
        /// This one and every one before it.
        #[arg(long, value_name = "ID")]
        up_to: Option<String>,
    },
}

/// Which notifications.
#[derive(Debug, Args)]
pub(crate) struct ListNotifications {
    /// Only those that you have not read.
    #[arg(long)]
    pub(crate) unread: bool,
    /// Only those of this priority or more.
    #[arg(long, value_enum, value_name = "PRIORITY")]
    pub(crate) min_priority: Option<PriorityWord>,
    /// Only those from this agent, by name or id.
    #[arg(long, value_name = "AGENT")]
    pub(crate) from: Option<String>,
    /// Only those sent then or later: a span back from now, such as 15m or 30d, a day, or an RFC 3339 moment.
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<When>,
    /// At most so many; with --follow, so many to begin with [default: 20].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
    /// Read on after an earlier list's `next_cursor`.
    #[arg(long, value_name = "CURSOR", conflicts_with = "follow")]
    pub(crate) cursor: Option<String>,
    /// Show each as it is sent, until interrupted; a restart of the plane does not end it.
    #[arg(long, short = 'f')]
    pub(crate) follow: bool,
}
