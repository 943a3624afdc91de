//! `portunus tokens`.

use super::duration::Span;
use super::{PageArgs, Reach};
use clap::{Args, Subcommand};

/// Tokens.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus tokens rotate mayor                 the old token works until the new one's first use + 60s
  portunus tokens rotate mayor --overlap 0     the old token ends now
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
    /// Issue a successor for an agent's token and print it, once.
    Rotate {
        /// Name or id of the agent.
        agent: String,
        /// How long the predecessor works after the successor's first use; 0 ends it now [default: 60s].
        #[arg(long, value_name = "SPAN")]
        overlap: Option<Span>,
    },
    /// End a token at once, on open streams too.
    Revoke {
        /// Public handle, as `tokens list` shows it.
        kid: String,
    },
    /// List tokens: their public handles and where they stand.
    List {
        /// Only this agent's.
        #[arg(long, value_name = "AGENT")]
        agent: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
}
