//! `portunus status`, `whoami` and `login`: one's own relation to a plane.

use super::Reach;
use clap::Args;
use portunus_client::Pin;
use portunus_core::name::Label;

/// `portunus status`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  portunus status\n  portunus status --json | jq .pools")]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// `portunus whoami`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  portunus whoami\n  PORTUNUS_TOKEN=$TOKEN portunus whoami --json"
)]
pub(crate) struct WhoamiArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// `portunus login`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus login --url https://plane.example          asks for the token, without echo
  portunus login < operator.token
  portunus login --operator ann                       asks for the password, and pairs this machine
  portunus login --url https://10.0.0.7 --pin sha256:4f02...

The token is checked first and then kept in $XDG_CONFIG_HOME/portunus/credentials.toml (0600).")]
pub(crate) struct LoginArgs {
    /// Address of the plane [default: PORTUNUS_URL, then the one that is saved, then http://127.0.0.1:7070].
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Speak to no plane but one with this certificate, and keep that too; several while it is replaced.
    #[arg(long, value_name = "sha256:DIGITS")]
    pub(crate) pin: Vec<Pin>,
    /// Sign in by the password of this operator, and keep the token of a device that is paired by the way.
    #[arg(long, value_name = "NAME")]
    pub(crate) operator: Option<String>,
    /// What the device is called [default: the name of this machine].
    #[arg(long, value_name = "DEVICE", requires = "operator")]
    pub(crate) device: Option<Label>,
    /// Take the token or the password from this environment variable.
    #[arg(long, value_name = "NAME")]
    pub(crate) from_env: Option<String>,
}
