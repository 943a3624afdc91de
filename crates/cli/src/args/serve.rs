//! `portunus serve`.

use clap::Args;
use std::path::PathBuf;

const MORE: &str = "\
Examples:
  portunus serve --operator-token-file operator.token
  portunus serve --data-dir /var/lib/portunus --listen 0.0.0.0:7070 --log off
  portunus serve --config portunus.toml

Options win over their variable, and that over the file (paths there are relative to it):
  PORTUNUS_LISTEN               listen = \"127.0.0.1:7070\"
  PORTUNUS_DATA_DIR             data_dir = \"/var/lib/portunus\"
  PORTUNUS_OPERATOR_TOKEN_FILE  operator_token_file = \"operator.token\"
  PORTUNUS_LOG                  [log] level = \"info\"

The file also takes:
  [log]      format (json or pretty)
  [upstream] allow_private, connect_timeout_s, first_byte_timeout_s, answer_timeout_s,
             idle_timeout_s
  [door]     workers, body_limit_mib
  [drain]    timeout_s
  [metrics]  public
  [telemetry] otlp_endpoint, otlp_headers_file

The first start makes the data directory and prints the first operator's token, once.
SIGTERM drains: /readyz turns 503, streams finish, exit code 0. SIGHUP reads the file again: no request
is dropped, and what needs a restart is named in the log.";

/// What was typed after `serve`; `config` decides what is meant.
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = MORE)]
pub(crate) struct ServeArgs {
    /// Configuration file (TOML) [env: PORTUNUS_CONFIG].
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where the database, the pepper and the master key live [default: $XDG_DATA_HOME/portunus, else
    /// /var/lib/portunus for root, else ~/.local/share/portunus].
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Address and port to listen on [default: 127.0.0.1:7070].
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,
    /// Write the first operator's token to this new file (0600) instead of printing it.
    #[arg(long, value_name = "FILE")]
    pub(crate) operator_token_file: Option<PathBuf>,
    /// What to log: off, error, warn, info, debug, trace, or directives such as info,portunus_proxy=debug
    /// [default: info].
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log: Option<String>,
}
