//! `portunus agents`.

use super::expiry::Expiry;
use super::{PageArgs, Reach};
use clap::{ArgGroup, Args, Subcommand};
use portunus_core::liveness::Status;
use portunus_core::name::Slug;

/// Agents.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus agents create mayor
  TOKEN=$(portunus agents create scout --json | jq -r .token)
  portunus agents delete scout")]
pub(crate) struct AgentsArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(subcommand)]
    pub(crate) verb: AgentsVerb,
}

/// What is done to agents.
#[derive(Debug, Subcommand)]
pub(crate) enum AgentsVerb {
    /// Create an agent and print its token, once.
    #[command(
        after_help = "Examples:\n  portunus agents create mayor\n  portunus agents create clerk --scope 'llm.call:model/claude-haiku-*' --scope 'self.*'\n  portunus agents create --display-name 'Night Watch'       its name is night-watch, or night-watch-2\n  portunus agents create contractor --expires 30d           its token is over in 30 days\n  TOKEN=$(portunus agents create scout --json | jq -r .token)"
    )]
    Create(Create),
    /// List the living agents, or the archived ones.
    #[command(
        after_help = "Examples:\n  portunus agents list\n  portunus agents list --status offline\n  portunus agents list --archived\n  portunus agents list --json | jq -r '.items[].name'"
    )]
    List {
        /// Those that were archived.
        #[arg(long)]
        archived: bool,
        /// Only those that stand so: provisioning, online, late, offline, paused, unmonitored.
        #[arg(long, value_name = "STATUS", conflicts_with = "archived")]
        status: Option<Status>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show one agent and its tokens.
    #[command(
        after_help = "Examples:\n  portunus agents show mayor\n  portunus agents show mayor --json | jq -r '.tokens[].kid'"
    )]
    Show {
        /// Name or id.
        agent: String,
    },
    /// Change what an agent is called and what its tokens hold, at once.
    #[command(
        after_help = "Examples:\n  portunus agents update mayor --display-name 'Lord Mayor'\n  portunus agents update mayor --no-display-name\n  portunus agents update clerk --scope 'llm.call:model/claude-haiku-*' --scope 'self.*'"
    )]
    Update(Update),
    /// End all credentials of an agent at once; it keeps its name, and can be restored.
    #[command(after_help = "Example:\n  portunus agents archive scout")]
    Archive {
        /// Exact name or id.
        agent: String,
    },
    /// Make an archived agent a living one, with a new token, which is printed once.
    #[command(
        after_help = "Examples:\n  portunus agents restore scout\n  portunus agents restore scout --expires 30d"
    )]
    Restore {
        /// Name or id.
        agent: String,
        /// When its token is over: 8h, 30d, 2027-01-01T00:00:00Z, 2027-01-01 [default: it lasts].
        #[arg(long, value_name = "WHEN")]
        expires: Option<Expiry>,
    },
    /// Wait for an agent no longer: its silence alarms nobody. It may go on working.
    #[command(after_help = "Example:\n  portunus agents pause mayor")]
    Pause {
        /// Name or id.
        agent: String,
    },
    /// Wait for a paused agent again.
    #[command(after_help = "Example:\n  portunus agents resume mayor")]
    Resume {
        /// Name or id.
        agent: String,
    },
    /// End every access token of an agent; its tokens stay and can be exchanged anew.
    #[command(after_help = "Example:\n  portunus agents end-access mayor")]
    EndAccess {
        /// Name or id.
        agent: String,
    },
    /// Delete an agent; its tokens end at once.
    #[command(after_help = "Example:\n  portunus agents delete scout")]
    Delete {
        /// Exact name or id.
        agent: String,
    },
}

/// What is no name here may be what people call it.
fn read_name(text: &str) -> Result<Slug, String> {
    let name = text.parse::<Slug>();
    name.map_err(|error| format!("{error}; --display-name takes a name as people write it"))
}

/// What a new agent shall be.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Lower-case letters, digits and hyphens [default: made of the display name].
    #[arg(required_unless_present = "display_name", value_parser = read_name)]
    pub(crate) name: Option<Slug>,
    /// What people call it, in any script.
    #[arg(long, value_name = "TEXT")]
    pub(crate) display_name: Option<String>,
    /// When its token is over: 8h, 30d, 2027-01-01T00:00:00Z, 2027-01-01 [default: it lasts].
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<Expiry>,
    /// A scope that its tokens hold; may be repeated [default: models, messages and self.*].
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
}

/// What is changed of an agent.
#[derive(Debug, Args)]
#[command(group(
    ArgGroup::new("change")
        .required(true)
        .multiple(true)
        .args(["display_name", "no_display_name", "scopes"])
))]
pub(crate) struct Update {
    /// Name or id.
    pub(crate) agent: String,
    /// What people call it, in any script.
    #[arg(long, value_name = "TEXT")]
    pub(crate) display_name: Option<String>,
    /// Let it have its name alone.
    #[arg(long, conflicts_with = "display_name")]
    pub(crate) no_display_name: bool,
    /// A scope that its tokens hold from now on, instead of all that they held; may be repeated.
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
}
