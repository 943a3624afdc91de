//! `portunus boards`.

use super::{PageArgs, Reach};
use clap::{ArgGroup, Args, Subcommand};
use portunus_core::name::Slug;

/// Boards.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus boards create town --chat
  portunus boards list --tag team
  portunus boards read town --follow")]
pub(crate) struct BoardsArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(subcommand)]
    pub(crate) verb: BoardsVerb,
}

/// What is done with boards.
#[derive(Debug, Subcommand)]
pub(crate) enum BoardsVerb {
    /// List the boards, by name.
    #[command(
        after_help = "Examples:\n  portunus boards list --chat\n  portunus boards list --tag team --tag ops --json"
    )]
    List {
        /// Only boards that have this tag; may be repeated.
        #[arg(long = "tag", value_name = "TAG")]
        tags: Vec<Slug>,
        /// Only chats.
        #[arg(long)]
        chat: bool,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Create a board.
    #[command(
        after_help = "Examples:\n  portunus boards create diary --description 'What happened'\n  portunus boards create town --chat --tag team"
    )]
    Create {
        /// Lower-case letters, digits and hyphens; it stays.
        name: Slug,
        /// What it is for.
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// A tag by which it is found; may be repeated.
        #[arg(long = "tag", value_name = "TAG")]
        tags: Vec<Slug>,
        /// Deliver whatever is written there to every agent.
        #[arg(long)]
        chat: bool,
    },
    /// Show one board.
    #[command(after_help = "Example:\n  portunus boards show town")]
    Show {
        /// Name or id.
        board: String,
    },
    /// Change what a board is for, its tags, and whether it is a chat.
    #[command(
        after_help = "Examples:\n  portunus boards update diary --description 'What happened, and why'\n  portunus boards update town --no-chat\n  portunus boards update town --tag team --tag ops"
    )]
    Update(UpdateBoard),
    /// Read a board: the newest messages, or all of them as they are written. Nobody's inbox is touched.
    #[command(
        after_help = "Examples:\n  portunus boards read diary --limit 5\n  portunus boards read diary --follow --tag note\n  portunus boards read diary --after 41 --json | jq -r '.items[].text'"
    )]
    Read(ReadBoard),
    /// Delete a board; what nobody read of it fails, and its senders can see that.
    #[command(after_help = "Example:\n  portunus boards delete diary")]
    Delete {
        /// Exact name or id.
        board: String,
    },
}

/// What is changed of a board.
#[derive(Debug, Args)]
#[command(group(
    ArgGroup::new("change")
        .required(true)
        .multiple(true)
        .args(["description", "tags", "chat", "no_chat"])
))]
pub(crate) struct UpdateBoard {
    /// Name or id.
    pub(crate) board: String,
    /// What it is for.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// A tag that it has from now on, instead of all that it had; may be repeated.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<Slug>,
    /// Deliver whatever is written there to every agent.
    #[arg(long)]
    pub(crate) chat: bool,
    /// Deliver to those only whom the text names.
    #[arg(long, conflicts_with = "chat")]
    pub(crate) no_chat: bool,
}

/// Which messages of a board.
#[derive(Debug, Args)]
pub(crate) struct ReadBoard {
    /// Name or id.
    pub(crate) board: String,
    /// Only messages that have this tag; may be repeated.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<Slug>,
    /// Only messages of this agent, by name or id, or of the operator of this name.
    #[arg(long, value_name = "NAME")]
    pub(crate) from: Option<String>,
    /// Messages with a greater number than this one, oldest first.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) after: Option<u64>,
    /// At most so many; with --follow, so many to begin with [default: 20].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
    /// Read on after an earlier list's `next_cursor`.
    #[arg(long, value_name = "CURSOR", conflicts_with = "follow")]
    pub(crate) cursor: Option<String>,
    /// Show each message as it is written, until interrupted; a restart of the plane does not end it.
    #[arg(long, short = 'f')]
    pub(crate) follow: bool,
}
