//! `portunus tokens`.

use super::duration::Span;
use super::expiry::Expiry;
use super::{PageArgs, Reach};
use clap::{Args, Subcommand};

/// Tokens.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus tokens rotate mayor                 the old token works until the new one's first use + 60s
  portunus tokens rotate mayor --overlap 0     the old token ends now
  portunus tokens rotate mayor --expires 8h    the new token is over in 8 hours
  portunus tokens list --agent mayor")]
pub(crate) struct TokensArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(subcommand)]
    pub(crate) verb: TokensVerb,
}

/// What is done to tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokensVerb {
    /// Issue a successor for an agent's or an operator's token and print it, once.
    #[command(
        after_help = "Examples:\n  portunus tokens rotate mayor                  the old token works until the new one's first use + 60s\n  portunus tokens rotate mayor --overlap 0      the old token ends now\n  portunus tokens rotate mayor --expires 30d    the new token is over in 30 days\n  portunus tokens rotate operator               an operator's own"
    )]
    Rotate {
        /// Name or id of the agent or operator; of two of one name, the agent.
        #[arg(value_name = "NAME")]
        principal: String,
        /// How long the predecessor works after the successor's first use, 7d at most; 0 ends it now [default: 60s].
        #[arg(long, value_name = "SPAN")]
        overlap: Option<Span>,
        /// When the new token is over: 8h, 30d, 2027-01-01T00:00:00Z, 2027-01-01 [default: it lasts].
        #[arg(long, value_name = "WHEN")]
        expires: Option<Expiry>,
    },
    /// End a token at once, on open streams too.
    #[command(after_help = "Examples:\n  portunus tokens list\n  portunus tokens revoke KID")]
    Revoke {
        /// Public handle, as `tokens list` shows it.
        kid: String,
        /// Also when it is the last token of an operator, without which nobody can administer the plane.
        #[arg(long)]
        force: bool,
    },
    /// List tokens: their public handles and where they stand.
    #[command(
        after_help = "Examples:\n  portunus tokens list\n  portunus tokens list --agent mayor --json"
    )]
    List {
        /// Only this agent's.
        #[arg(long, value_name = "AGENT")]
        agent: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
}
