//! Runs what was typed: one module per command, each a few requests and what a person sees of their answers.

mod agents;
mod alarms;
mod audit;
mod backup;
mod boards;
mod budgets;
mod completions;
mod decisions;
mod doctor;
mod following;
mod heartbeat;
mod import;
mod keys;
mod life;
mod login;
mod messages;
mod notifications;
mod operators;
mod plane;
mod pools;
mod prices;
mod process;
mod restore;
mod run;
mod sources;
mod status;
mod token;
mod tokens;
mod usage;
mod whoami;

pub(crate) use decisions::{nanos, story};
pub(crate) use keys::remedy;
pub(crate) use plane::{Plane, typed};

use crate::args::Command;
use crate::failure::{Failure, Kind};
use std::future::Future;
use std::process::ExitCode;

/// Runs one command to its end, and says with which code the process should end.
pub(crate) fn dispatch(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Serve(args) => crate::serve::run(&args),
        Command::Demo(args) => crate::demo::run(&args),
        Command::Agents(args) => speak(agents::run(args)),
        Command::Operators(args) => speak(operators::run(args)),
        Command::Tokens(args) => speak(tokens::run(args)),
        Command::Token(args) => speak(token::run(args)),
        Command::Signing(args) => speak(token::signing(args)),
        Command::Pools(args) => speak(pools::run(args)),
        Command::Keys(args) => speak(keys::run(args)),
        Command::Import(args) => speak(import::run(args)),
        Command::Budgets(args) => speak(budgets::run(args)),
        Command::Sources(args) => speak(sources::run(args)),
        Command::Alarms(args) => speak(alarms::run(args)),
        Command::Audit(args) => speak(audit::run(args)),
        Command::Decisions(args) => speak(decisions::run(args)),
        Command::Explain(args) => speak(decisions::explain::run(args)),
        Command::LogLevel(args) => speak(process::log_level(args)),
        Command::Reload(args) => speak(process::reload(args)),
        Command::Backup(args) => speak(backup::run(args)),
        Command::Restore(args) => speak(restore::run(args)),
        Command::Usage(args) => speak(usage::run(args)),
        Command::Prices(args) => speak(prices::run(args)),
        Command::Status(args) => speak(status::run(args)),
        Command::Top(args) => speak(crate::top::run(args)),
        Command::Doctor(args) => speak(doctor::run(args)),
        Command::Whoami(args) => speak(whoami::run(args)),
        Command::Boards(args) => speak(boards::run(args)),
        Command::Send(args) => speak(messages::send::run(args)),
        Command::Inbox(args) => speak(messages::inbox::run(args)),
        Command::Messages(args) => speak(messages::run(args)),
        Command::Notify(args) => speak(notifications::notify(args)),
        Command::Notifications(args) => speak(notifications::run(args)),
        Command::Heartbeat(args) => speak(heartbeat::run(args)),
        Command::Login(args) => speak(login::login(args)),
        // The one that has an exit code of its own.
        Command::Run(args) => return run::run(*args),
        Command::Logout => speak(login::logout()),
        Command::Completions { shell } => completions::run(shell),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Runs a conversation with a plane; one thread is plenty.
fn speak(conversation: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Kind::General, format!("cannot start: {error}")))?
        .block_on(conversation)
}
