//! `portunus token` and `portunus signing`: access tokens, and the keys that sign them.

use super::Reach;
use clap::{Args, Subcommand};

/// Access tokens.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ACCESS=$(portunus token exchange --scope llm.call --scope 'self.*')
  printf %s \"$ACCESS\" | portunus token inspect
  printf %s \"$ACCESS\" | portunus token end")]
pub(crate) struct TokenArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(subcommand)]
    pub(crate) verb: TokenVerb,
}

/// What is done with access tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenVerb {
    /// Exchange your token for an access token and print it; renew or narrow it if yours is one.
    #[command(
        after_help = "Examples:\n  portunus token exchange                       holds what you hold, for 10 minutes\n  portunus token exchange --scope llm.call:model/claude-haiku-*\n  ACCESS=$(PORTUNUS_TOKEN=$ACCESS portunus token exchange)      renews"
    )]
    Exchange {
        /// A scope that it shall hold, none wider than yours; may be repeated [default: all of yours].
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
    },
    /// Say what a token or an access token is worth; it comes on standard input.
    #[command(
        after_help = "Examples:\n  printf %s \"$ACCESS\" | portunus token inspect\n  portunus token inspect --from-env ACCESS --json"
    )]
    Inspect {
        /// Take it from this environment variable.
        #[arg(long, value_name = "NAME")]
        from_env: Option<String>,
    },
    /// End a token, or the whole family of an access token; it comes on standard input.
    #[command(
        after_help = "Examples:\n  printf %s \"$ACCESS\" | portunus token end\n  portunus token end --from-env ACCESS"
    )]
    End {
        /// Take it from this environment variable.
        #[arg(long, value_name = "NAME")]
        from_env: Option<String>,
    },
}

/// Signing keys.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus signing list
  portunus signing rotate")]
pub(crate) struct SigningArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(subcommand)]
    pub(crate) verb: SigningVerb,
}

/// What is done with signing keys.
#[derive(Debug, Subcommand)]
pub(crate) enum SigningVerb {
    /// List the keys that verify access tokens.
    #[command(
        after_help = "Examples:\n  portunus signing list\n  portunus signing list --json | jq -r '.keys[].kid'"
    )]
    List,
    /// Let a new key sign; the one before verifies what it signed.
    #[command(after_help = "Example:\n  portunus signing rotate")]
    Rotate,
}
