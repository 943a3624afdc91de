//! The commands and what each does, in the words of its help; what each takes is in its own file.

use super::{
    agents, alarms, audit, backup, boards, budgets, decisions, demo, doctor, heartbeat, import,
    keys, messages, notifications, operators, pools, process, run, serve, session, sources, token,
    tokens, top, usage,
};
use clap::Subcommand;
use clap_complete::Shell;

/// The commands; each module under `commands` runs one.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the plane: the control API and the model door on one address.
    Serve(serve::ServeArgs),
    /// Watch a fleet keep working while its provider keys are limited: no key, no network.
    Demo(demo::DemoArgs),
    /// Create, list, show and delete agents.
    Agents(agents::AgentsArgs),
    /// Create, list, change and delete operators.
    Operators(operators::OperatorsArgs),
    /// Rotate, revoke and list tokens.
    Tokens(tokens::TokensArgs),
    /// Exchange a token for an access token, look at one, end one.
    Token(token::TokenArgs),
    /// List and rotate the keys that sign access tokens.
    Signing(token::SigningArgs),
    /// List, create and change pools of provider keys.
    Pools(pools::PoolsArgs),
    /// Add provider keys, see how they fare, switch and remove them.
    Keys(keys::KeysArgs),
    /// Take over agents with the tokens that they have, and provider keys.
    Import(import::ImportArgs),
    /// Limit what agents and pools may use, and see what is left.
    Budgets(budgets::BudgetsArgs),
    /// See where failed credentials came from, and lift penalties.
    Sources(sources::SourcesArgs),
    /// See what people should look at, and acknowledge it.
    Alarms(alarms::AlarmsArgs),
    /// Read, export and verify the record of what happened.
    Audit(audit::AuditArgs),
    /// Tell the story of one request: keys, waits, attempts, cost.
    Explain(decisions::ExplainArgs),
    /// List or follow what became of requests.
    Decisions(decisions::DecisionsArgs),
    /// Watch the plane live: keys, agents, queues, decisions.
    Top(top::TopArgs),
    /// Show or change what the plane logs.
    LogLevel(process::LogLevelArgs),
    /// Have the plane read its configuration again.
    Reload(process::ReloadArgs),
    /// Copy the database of a living plane into a file.
    Backup(backup::BackupArgs),
    /// Put a backup in the place of a stopped plane's database.
    Restore(backup::RestoreArgs),
    /// Show what was used: requests, tokens and money.
    Usage(usage::UsageArgs),
    /// Show what tokens cost, and where each price comes from.
    Prices(usage::PricesArgs),
    /// Run a program as an agent, with a broker beside it that holds its token.
    Run(Box<run::RunArgs>),
    /// Show the plane at a glance.
    Status(session::StatusArgs),
    /// Check machine, plane, keys and upstreams, and say how to mend them.
    Doctor(doctor::DoctorArgs),
    /// Show who your token proves.
    Whoami(session::WhoamiArgs),
    /// Create, list, read and change boards.
    Boards(boards::BoardsArgs),
    /// Write a message to a board or to an agent.
    Send(messages::SendArgs),
    /// Take messages out of your inbox, wait for them, follow it.
    Inbox(messages::InboxArgs),
    /// See what became of a message, and acknowledge messages.
    Messages(messages::MessagesArgs),
    /// Tell operators something, as an agent.
    Notify(notifications::NotifyArgs),
    /// List what agents want operators to know, and mark it as read.
    Notifications(notifications::NotificationsArgs),
    /// Say that the agent lives whose token this is.
    Heartbeat(heartbeat::HeartbeatArgs),
    /// Save an address and a token for the other commands.
    Login(session::LoginArgs),
    /// Forget the saved address and token; a device that `login` paired is unpaired.
    #[command(after_help = "Example:\n  portunus logout")]
    Logout,
    /// Print completions for your shell.
    #[command(
        after_help = "Example:\n  portunus completions bash > /etc/bash_completion.d/portunus"
    )]
    Completions {
        /// Whose completions.
        shell: Shell,
    },
}
