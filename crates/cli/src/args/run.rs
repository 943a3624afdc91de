//! `portunus run`: a program with a broker beside it.

use super::duration::Span;
use clap::Args;
use portunus_client::Pin;
use portunus_core::liveness::Cadence;
use portunus_core::name::Slug;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `portunus run`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus run --agent mayor -- claude
  portunus run --agent mayor --url https://a.example --url https://b.example -- python agent.py
  portunus run --agent mayor --token-file /etc/portunus/mayor.token --as mayor -- ./agent
  portunus run --agent mayor --on-message 'jq -r .text >> inbox.txt' -- ./agent

The token is read from --token-file, --from-env, a systemd credential named portunus-token, or
~/.config/portunus/agents/NAME.token, in this order; files are read again when they change.

Exit code: the program's own; 128 and more when a signal ended it; 127 when it was not found.")]
pub(crate) struct RunArgs {
    /// The agent that the program is; its token must be this agent's.
    #[arg(long, value_name = "NAME", required_unless_present = "child_of")]
    pub(crate) agent: Option<Slug>,
    /// An address of the plane; several for one that has several [default: PORTUNUS_URL, then `portunus login`].
    #[arg(long, value_name = "URL")]
    pub(crate) url: Vec<String>,
    /// Speak to no plane but one with this certificate; several while it is replaced.
    #[arg(long, value_name = "sha256:DIGITS")]
    pub(crate) pin: Vec<Pin>,
    /// A file with the agent's token, or - for standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "from_env")]
    pub(crate) token_file: Option<PathBuf>,
    /// A variable with the agent's token; the program does not see it.
    #[arg(long, value_name = "NAME")]
    pub(crate) from_env: Option<String>,
    /// Where the program finds its broker.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// How often the agent is heard of while the program lives: 45s, 10m; 0 promises nothing.
    #[arg(long, value_name = "SPAN", default_value = "1m")]
    pub(crate) cadence: Cadence,
    /// For how long a request waits while no plane answers.
    #[arg(long, value_name = "SPAN", default_value = "5m")]
    pub(crate) max_wait: Span,
    /// A shell command that is run for each message, which it reads as JSON; done when it ends with 0.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) on_message: Option<String>,
    /// A further variable in which the program gets the local handle, such as ANTHROPIC_API_KEY.
    #[arg(long, value_name = "NAME")]
    pub(crate) handle_in: Vec<String>,
    /// The user that the program runs as; needs root, and parts it from the broker's files.
    #[arg(long = "as", value_name = "USER")]
    pub(crate) user: Option<String>,
    /// Where the broker writes what happens [default: warnings, on standard error unless that is a terminal].
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
    /// Print a failure of the broker as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Become the program, as the child of this broker.
    #[arg(long, hide = true, value_name = "PID")]
    pub(crate) child_of: Option<i32>,
    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    pub(crate) command: Vec<OsString>,
}
