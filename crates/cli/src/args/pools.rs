//! `portunus pools`.

use super::Reach;
use super::duration::Span;
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use portunus_core::name::Slug;

/// Pools of provider keys.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus pools set anthropic --max-wait 10m
  portunus pools list
  portunus pools create spare --protocol anthropic --base-url https://proxy.example/anthropic
  portunus pools set anthropic --fallback spare
  portunus pools set anthropic --max-wait 0          never wait: answer 429 at once

The pools `anthropic` and `openai` exist from the start and serve their protocol.")]
pub(crate) struct PoolsArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(subcommand)]
    pub(crate) verb: PoolsVerb,
}

/// What a pool's clients and its upstream speak.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ProtocolArg {
    /// Anthropic Messages.
    Anthropic,
    /// OpenAI Chat Completions, Responses and Embeddings.
    #[value(name = "openai")]
    OpenAi,
}

/// What is done to pools.
#[derive(Debug, Subcommand)]
pub(crate) enum PoolsVerb {
    /// List the pools.
    #[command(after_help = "Example:\n  portunus pools list")]
    List,
    /// Create a pool.
    #[command(
        after_help = "Examples:\n  portunus pools create spare --protocol anthropic\n  portunus pools create mine --protocol openai --base-url http://127.0.0.1:8000/v1 --max-wait 1h30m"
    )]
    Create {
        /// Lower-case letters, digits and hyphens.
        name: Slug,
        /// What its clients and its upstream speak.
        #[arg(long)]
        protocol: ProtocolArg,
        /// The upstream [default: the protocol's own provider].
        #[arg(long, value_name = "URL")]
        base_url: Option<String>,
        /// How long a request may wait for a key; 0 switches waiting off [default: 10m].
        #[arg(long, value_name = "SPAN")]
        max_wait: Option<Span>,
        /// The pool that serves while this one has no ready key.
        #[arg(long, value_name = "POOL")]
        fallback: Option<Slug>,
    },
    /// Change a pool; what is not named stays.
    Set(SetPool),
}

/// A change of a pool.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus pools set anthropic --max-wait 1h30m      7d at most
  portunus pools set anthropic --max-wait 0          never wait: answer 429 at once
  portunus pools set anthropic --fallback spare
  portunus pools set anthropic --no-fallback")]
#[command(group(
    ArgGroup::new("change")
        .required(true)
        .multiple(true)
        .args(["base_url", "max_wait", "fallback", "no_fallback"])
))]
pub(crate) struct SetPool {
    /// Name of the pool.
    pub(crate) name: Slug,
    /// The upstream. Another host, port or scheme quarantines the pool's keys until their secret is given again.
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// How long a request may wait for a key; 0 switches waiting off.
    #[arg(long, value_name = "SPAN")]
    pub(crate) max_wait: Option<Span>,
    /// The pool of the same protocol that serves while this one has no ready key.
    #[arg(long, value_name = "POOL", conflicts_with = "no_fallback")]
    pub(crate) fallback: Option<Slug>,
    /// Take the fallback away.
    #[arg(long)]
    pub(crate) no_fallback: bool,
}
