//! `portunus keys`.

use super::{PageArgs, Reach};
use clap::{ArgGroup, Args, Subcommand};
use portunus_core::name::{Label, Slug};
use std::path::PathBuf;

/// Provider keys.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  printf %s \"$K\" | portunus keys add --pool anthropic --label a     from standard input
  portunus keys add --pool anthropic --label b                      asks, without echo
  portunus keys add --pool openai --label c --from-env OPENAI_API_KEY
  portunus keys add --pool openai --from keys.txt                   many, `label secret` a line
  portunus keys status --watch
  portunus keys set anthropic:a --priority 1
  portunus keys disable anthropic:a

A KEY is POOL:LABEL or an id (key_...).
A secret is never an argument: other users of a machine can see arguments.")]
pub(crate) struct KeysArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(subcommand)]
    pub(crate) verb: KeysVerb,
}

/// What is done to provider keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysVerb {
    /// Add a key (or many, with --from); the secret comes from standard input.
    Add(AddKey),
    /// List the keys, how they fare and what to do about it.
    #[command(
        after_help = "Examples:\n  portunus keys list\n  portunus keys list --pool anthropic\n  portunus keys list --json | jq -r '.items[] | select(.quarantine) | .label'"
    )]
    List {
        /// Only this pool's.
        #[arg(long, value_name = "POOL")]
        pool: Option<Slug>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show every window of every key, with the time until it is full again, and who waits.
    #[command(
        after_help = "Examples:\n  portunus keys status --watch\n  portunus keys status --pool anthropic --json"
    )]
    Status {
        /// Only this pool's.
        #[arg(long, value_name = "POOL")]
        pool: Option<Slug>,
        /// Redraw every second until interrupted.
        #[arg(long, conflicts_with = "json")]
        watch: bool,
    },
    /// Change a key; what is not named stays.
    Set(SetKey),
    /// Switch a key on.
    #[command(after_help = "Example:\n  portunus keys enable anthropic:a")]
    Enable {
        /// POOL:LABEL or id.
        key: String,
    },
    /// Switch a key off; what runs on it finishes.
    #[command(
        after_help = "Examples:\n  portunus keys disable anthropic:a\n  portunus keys disable anthropic:a --force      also the last one of its pool"
    )]
    Disable {
        /// POOL:LABEL or id.
        key: String,
        /// Also when it is the last enabled key of its pool.
        #[arg(long)]
        force: bool,
    },
    /// End a key's quarantine and its rests: try it again.
    #[command(after_help = "Example:\n  portunus keys clear anthropic:a")]
    Clear {
        /// POOL:LABEL or id.
        key: String,
    },
    /// Remove a key for good.
    #[command(
        after_help = "Examples:\n  portunus keys remove anthropic:a\n  portunus keys remove anthropic:a --force       also the last one of its pool"
    )]
    Remove {
        /// POOL:LABEL or id.
        key: String,
        /// Also when it is the last enabled key of its pool.
        #[arg(long)]
        force: bool,
    },
    /// Add the provider keys that `serve` found in its environment.
    #[command(after_help = "Example:\n  portunus keys import-env")]
    ImportEnv,
}

/// Where a new key goes and where its secret comes from.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  printf %s \"$K\" | portunus keys add --pool anthropic --label a     from standard input
  portunus keys add --pool anthropic --label b                      asks, without echo
  portunus keys add --pool openai --label c --from-env OPENAI_API_KEY
  portunus keys add --pool openai --from keys.txt                   many, `label secret` a line")]
#[command(group(ArgGroup::new("which").required(true).args(["label", "from"])))]
pub(crate) struct AddKey {
    /// The pool that it serves.
    #[arg(long, value_name = "POOL")]
    pub(crate) pool: Slug,
    /// What to call it; unique in its pool, shown in logs.
    #[arg(long, value_name = "LABEL")]
    pub(crate) label: Option<Label>,
    /// Lower is used first [default: 0].
    #[arg(long, value_name = "N")]
    pub(crate) priority: Option<u32>,
    /// Overrides the pool's base URL.
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Take the secret from this environment variable.
    #[arg(long, value_name = "NAME", conflicts_with = "from")]
    pub(crate) from_env: Option<String>,
    /// Add many at once from a file (- is standard input): `label secret` on each line, # begins a comment.
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
}

/// A change of a key.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus keys set anthropic:a --priority 1
  portunus keys set anthropic:a --label team-a
  printf %s \"$K\" | portunus keys set anthropic:a --secret
  printf %s \"$K\" | portunus keys set anthropic:a --base-url https://proxy.example/anthropic --secret")]
#[command(group(
    ArgGroup::new("change")
        .required(true)
        .multiple(true)
        .args(["label", "priority", "base_url", "no_base_url", "secret", "from_env"])
))]
pub(crate) struct SetKey {
    /// POOL:LABEL or id.
    pub(crate) key: String,
    /// A new label.
    #[arg(long, value_name = "LABEL")]
    pub(crate) label: Option<Label>,
    /// A new place; lower is used first.
    #[arg(long, value_name = "N")]
    pub(crate) priority: Option<u32>,
    /// Overrides the pool's base URL. Another host, port or scheme needs the secret again.
    #[arg(long, value_name = "URL", conflicts_with = "no_base_url")]
    pub(crate) base_url: Option<String>,
    /// Return to the pool's base URL.
    #[arg(long)]
    pub(crate) no_base_url: bool,
    /// Give the secret anew, from standard input or a prompt; ends every quarantine.
    #[arg(long)]
    pub(crate) secret: bool,
    /// Give the secret anew, from this environment variable.
    #[arg(long, value_name = "NAME", conflicts_with = "secret")]
    pub(crate) from_env: Option<String>,
}
