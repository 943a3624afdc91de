//! `portunus operators`.

use super::duration::Span;
use super::expiry::Expiry;
use super::{PageArgs, Reach};
use clap::{Args, Subcommand, ValueEnum};
use portunus_core::name::{Label, Slug};

/// Operators.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus operators create ann --role admin
  portunus operators list
  portunus operators delete ann")]
pub(crate) struct OperatorsArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(subcommand)]
    pub(crate) verb: OperatorsVerb,
}

/// A set of scopes with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleName {
    /// Everything.
    Admin,
    /// Everything but operators and signing keys.
    Operator,
    /// A look at everything.
    Viewer,
}

/// What is done to operators.
#[derive(Debug, Subcommand)]
pub(crate) enum OperatorsVerb {
    /// Create an operator and print a token, once.
    #[command(
        after_help = "Examples:\n  portunus operators create ann --role admin\n  portunus operators create bob --role viewer --scope 'keys.*'\n  portunus operators create dashboard --scope usage.read --scope status.show\n  portunus operators create auditor --role viewer --expires 7d"
    )]
    Create {
        /// Lower-case letters, digits and hyphens.
        name: Slug,
        /// The role [default: viewer, unless scopes are given].
        #[arg(long, value_enum)]
        role: Option<RoleName>,
        /// A scope in addition to the role or without one; may be repeated.
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// When the token is over: 8h, 30d, 2027-01-01T00:00:00Z, 2027-01-01 [default: it lasts].
        #[arg(long, value_name = "WHEN")]
        expires: Option<Expiry>,
    },
    /// List the operators.
    #[command(
        after_help = "Examples:\n  portunus operators list\n  portunus operators list --json | jq -r '.items[].name'"
    )]
    List(PageArgs),
    /// Show one operator.
    #[command(after_help = "Example:\n  portunus operators show ann")]
    Show {
        /// Name or id.
        operator: String,
    },
    /// Replace all that an operator may do.
    #[command(
        after_help = "Examples:\n  portunus operators set-role ann --role operator\n  portunus operators set-role ann --role viewer --scope 'keys.*'"
    )]
    SetRole {
        /// Name or id.
        operator: String,
        /// The role; none when absent.
        #[arg(long, value_enum, required_unless_present = "scopes")]
        role: Option<RoleName>,
        /// A scope in addition to the role or without one; may be repeated.
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// Also when nobody else may administer the plane.
        #[arg(long)]
        force: bool,
    },
    /// Issue a successor for an operator's token and print it, once.
    #[command(
        after_help = "Examples:\n  portunus operators rotate ann                 the old token works until the new one's first use + 60s\n  portunus operators rotate ann --overlap 0     the old token ends now"
    )]
    Rotate {
        /// Name or id.
        operator: String,
        /// How long the predecessor works after the successor's first use, 7d at most; 0 ends it now [default: 60s].
        #[arg(long, value_name = "SPAN")]
        overlap: Option<Span>,
        /// When the new token is over: 8h, 30d, 2027-01-01T00:00:00Z, 2027-01-01 [default: it lasts].
        #[arg(long, value_name = "WHEN")]
        expires: Option<Expiry>,
    },
    #[command(flatten)]
    SignIn(SignInVerb),
    /// Delete an operator; tokens, sessions and devices end at once.
    #[command(after_help = "Example:\n  portunus operators delete ann")]
    Delete {
        /// Exact name or id.
        operator: String,
        /// Also when nobody else may administer the plane.
        #[arg(long)]
        force: bool,
    },
}

/// How operators sign in.
#[derive(Debug, Subcommand)]
pub(crate) enum SignInVerb {
    /// Set an operator's password: asked for without echo, or from standard input.
    #[command(
        after_help = "Examples:\n  portunus operators set-password ann\n  portunus operators set-password ann --from-env PASSPHRASE
  portunus operators set-password ann --from-env NEW --current-from-env OLD"
    )]
    SetPassword {
        /// Name or id.
        operator: String,
        /// Take the password from this environment variable.
        #[arg(long, value_name = "VARIABLE")]
        from_env: Option<String>,
        /// Take the current password from this one; asked for without echo where it is needed.
        #[arg(long, value_name = "VARIABLE")]
        current_from_env: Option<String>,
    },
    /// Remove an operator's password; other sessions end.
    #[command(
        after_help = "Examples:\n  portunus operators remove-password ann\n  portunus operators remove-password ann --force    also when nothing else signs ann in"
    )]
    RemovePassword {
        /// Name or id.
        operator: String,
        /// Take the current password from this environment variable; asked for without echo where it is needed.
        #[arg(long, value_name = "VARIABLE")]
        current_from_env: Option<String>,
        /// Also when nothing else would sign the operator in.
        #[arg(long)]
        force: bool,
    },
    /// List where an operator is signed in.
    #[command(
        after_help = "Examples:\n  portunus operators sessions\n  portunus operators sessions ann --json"
    )]
    Sessions {
        /// Name or id [default: you].
        operator: Option<String>,
    },
    /// End a session at once.
    #[command(after_help = "Example:\n  portunus operators end-session KID")]
    EndSession {
        /// Public handle, as `operators sessions` shows it.
        kid: String,
    },
    /// List the devices that an operator paired.
    #[command(
        after_help = "Examples:\n  portunus operators devices\n  portunus operators devices ann --json"
    )]
    Devices {
        /// Name or id [default: you].
        operator: Option<String>,
    },
    /// Pair a device of yours and print its token, once.
    #[command(after_help = "Example:\n  portunus operators pair laptop")]
    Pair {
        /// What you call it: letters, digits, dots, underscores and hyphens.
        name: Label,
    },
    /// Give a device of yours another token and print it, once.
    #[command(
        after_help = "Examples:\n  portunus operators rotate-device laptop                 the old token works until the new one's first use + 60s\n  portunus operators rotate-device laptop --overlap 0     the old token ends now"
    )]
    RotateDevice {
        /// Id, or the name of one of yours.
        device: String,
        /// How long the token before works after the new one's first use, 7d at most; 0 ends it now [default: 60s].
        #[arg(long, value_name = "SPAN")]
        overlap: Option<Span>,
    },
    /// Unpair a device; its token and its sessions end at once.
    #[command(after_help = "Example:\n  portunus operators unpair laptop")]
    Unpair {
        /// Id, or the name of one of yours.
        device: String,
    },
}
