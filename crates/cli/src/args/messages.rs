//! `portunus send`, `portunus inbox` and `portunus messages`.

use super::Reach;
use super::duration::Span;
use clap::{ArgGroup, Args, Subcommand};
use portunus_core::message::terms::SHORTEST_EXPIRY_MS;
use portunus_core::name::Slug;
use serde_json::Value;

/// `portunus send`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus send --to clerk 'please count the votes'
  portunus send --board diary --tag note '@clerk, the votes are counted'
  git log -1 | portunus send --board diary -
  portunus send --to clerk --expires 1h --data '{\"job\": 7}' 'job 7 is yours' --json | jq -r .message.id")]
#[command(group(ArgGroup::new("where").required(true).args(["board", "to"])))]
pub(crate) struct SendArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Write on this board, by name or id.
    #[arg(long, value_name = "BOARD")]
    pub(crate) board: Option<String>,
    /// Write to this agent, by name or id.
    #[arg(long, value_name = "AGENT")]
    pub(crate) to: Option<String>,
    /// A tag by which it is found; may be repeated.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<Slug>,
    /// What programs read of it: any JSON.
    #[arg(long, value_name = "JSON", value_parser = read_json)]
    pub(crate) data: Option<Value>,
    /// How long it waits for its recipients: 1s or more, and no longer than messages are kept [default: 7d].
    #[arg(long, value_name = "SPAN", value_parser = read_expiry)]
    pub(crate) expires: Option<Span>,
    /// What it says; - reads it from standard input, and -- comes before a text that begins with -. `@name` names an agent,
    /// `@all` everybody.
    #[arg(value_name = "TEXT")]
    pub(crate) text: String,
}

/// How long messages are kept only the plane knows.
fn read_expiry(text: &str) -> Result<Span, String> {
    let span = Span::of_any_length(text).map_err(|error| error.to_string())?;
    match span.millis {
        0..SHORTEST_EXPIRY_MS => Err("must be at least 1s".to_owned()),
        _ => Ok(span),
    }
}

/// What is no JSON is refused here: by itself the parser would take any text for a JSON string.
fn read_json(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text)
}

/// `portunus inbox`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus inbox --ack                                 what is there, each message once
  portunus inbox --wait 10m --limit 1 --json           waits for one message
  portunus inbox --follow --ack --json | while read -r item; do ... done

What is shown without --ack is hidden for a while (--hide) and then comes again, ten times at most.")]
pub(crate) struct InboxArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Acknowledge what was shown, once it is written to standard output.
    #[arg(long)]
    pub(crate) ack: bool,
    /// Show each message as it comes, until interrupted; a restart of the plane does not end it.
    #[arg(long, short = 'f')]
    pub(crate) follow: bool,
    /// Wait so long for the first message [default: 0].
    #[arg(long, value_name = "SPAN", conflicts_with = "follow")]
    pub(crate) wait: Option<Span>,
    /// For how long what is shown is hidden from other readers, 1s to 12h [default: 60s].
    #[arg(long, value_name = "SPAN")]
    pub(crate) hide: Option<Span>,
    /// At most so many at once, 1 to 100 [default: 20].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) limit: Option<u32>,
}

/// Messages.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus messages show msg_2nFr0cJ7cQ8m5hQX3GjTlV
  portunus messages ack msg_2nFr0cJ7cQ8m5hQX3GjTlV")]
pub(crate) struct MessagesArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(subcommand)]
    pub(crate) verb: MessagesVerb,
}

/// What is done with messages.
#[derive(Debug, Subcommand)]
pub(crate) enum MessagesVerb {
    /// Show a message and what became of it.
    #[command(
        after_help = "Examples:\n  portunus messages show msg_2nFr0cJ7cQ8m5hQX3GjTlV\n  portunus messages show msg_2nFr0cJ7cQ8m5hQX3GjTlV --json | jq .deliveries"
    )]
    Show {
        /// Its id, as `send` and `boards read` show it.
        message: String,
        /// Recipients at most.
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Say that messages of your inbox are read: all of them, or none.
    #[command(after_help = "Example:\n  portunus messages ack msg_2nFr0cJ7cQ8m5hQX3GjTlV")]
    Ack {
        /// Ids, as `inbox` shows them; at most 100.
        #[arg(value_name = "ID", required = true, num_args = 1..=100)]
        messages: Vec<String>,
    },
}
