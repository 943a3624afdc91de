//! What was typed: the command line as clap reads it, before anything is decided.
//!
//! Values that can also come from a file or the environment stay text here; `config` judges them together.

#[cfg(test)]
pub(crate) mod advice_tests;
pub(crate) mod agents;
pub(crate) mod alarms;
pub(crate) mod amount;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod boards;
pub(crate) mod budgets;
pub(crate) mod decisions;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod duration;
pub(crate) mod expiry;
pub(crate) mod heartbeat;
pub(crate) mod import;
pub(crate) mod keys;
pub(crate) mod messages;
pub(crate) mod notifications;
pub(crate) mod operators;
pub(crate) mod pools;
pub(crate) mod process;
pub(crate) mod reach;
mod refusal;
pub(crate) mod run;
mod secret_word;
pub(crate) mod serve;
pub(crate) mod session;
pub(crate) mod sources;
pub(crate) mod token;
pub(crate) mod tokens;
pub(crate) mod top;
pub(crate) mod usage;
pub(crate) mod when;

pub(crate) use reach::{PageArgs, Reach};

use crate::failure::{Failure, Kind};
use crate::output::Reader;
use clap::{Parser, Subcommand};
use clap_complete::Shell;
use std::ffi::OsString;

const OVERVIEW: &str = "\
{about}

{usage-heading} {usage}

Run a plane:
  serve        Run the plane: the control API and the model door on one address
  demo         Watch a fleet keep working while its provider keys are limited

Administer it:
  agents       Create, list, show and delete agents
  operators    Create, list, change and delete operators
  tokens       Rotate, revoke and list tokens
  token        Exchange a token for an access token, look at one, end one
  signing      List and rotate the keys that sign access tokens
  pools        List, create and change pools of provider keys
  keys         Add provider keys, see how they fare, switch and remove them
  import       Take over agents with the tokens that they have, and provider keys
  budgets      Limit what agents and pools may use, and see what is left
  sources      See where failed credentials came from, and lift penalties
  audit        Read, export and verify the record of what happened
  alarms       See what people should look at, and acknowledge it
  log-level    Show or change what the plane logs
  reload       Have the plane read its configuration again
  backup       Copy the database of a living plane into a file
  restore      Put a backup in the place of a stopped plane's database

Talk:
  boards       Create, list, read and change boards
  send         Write a message to a board or to an agent
  inbox        Take messages out of your inbox, wait for them, follow it
  messages     See what became of a message, and acknowledge messages
  notify       Tell operators something, as an agent
  notifications  List what agents want operators to know, and mark it as read

Understand it:
  explain      Tell the story of one request: keys, waits, attempts, cost
  decisions    List or follow what became of requests
  usage        Show what was used: requests, tokens and money
  prices       Show what tokens cost, and where each price comes from

Run agents:
  run          Run a program as an agent, with a broker beside it that holds its token

Find your way:
  top          Watch the plane live: keys, agents, queues, decisions
  status       Show the plane at a glance
  doctor       Check machine, plane, keys and upstreams, and say how to mend them
  whoami       Show who your token proves
  heartbeat    Say that the agent lives whose token this is
  login        Save an address and a token for the other commands
  logout       Forget them
  completions  Print completions for your shell
  help         Print the help of a command

{options}{after-help}";

const EXAMPLES: &str = "
Examples:
  Start a plane on this machine and keep the first operator's token in a file:
    portunus serve --operator-token-file operator.token

  Sign in, then give the plane a provider key without showing it to anybody:
    portunus login < operator.token
    printf %s \"$ANTHROPIC_API_KEY\" | portunus keys add --pool anthropic --label main

  Create an agent; it keeps its SDK and changes the base URL and the key:
    portunus agents create mayor

Environment:
  PORTUNUS_URL, PORTUNUS_TOKEN  where the plane is and who you are; they win over `portunus login`
  NO_COLOR                      no colours, even on a terminal

Exit codes: 1 failure, 2 usage, 3 authentication, 4 not found, 5 conflict, 6 limited.
";

/// The access plane for fleets of AI agents.
#[derive(Debug, Parser)]
#[command(
    name = "portunus",
    version,
    about = "Portunus: the access plane for fleets of AI agents.\n\nAgents keep their SDK and call models with a token of their own; the plane serves them from a pool\nof provider keys, so that a rate limit never stops the work.",
    help_template = OVERVIEW,
    after_help = EXAMPLES,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// Reads `words`, the first of which is the program's name. Help ends the process, as do most mistakes when a
    /// person reads, with the parser's own words.
    pub(crate) fn read(words: &[OsString]) -> Result<Self, Failure> {
        secret_word::refuse(own(words).get(1..).unwrap_or_default())?;
        Self::try_parse_from(words).map_err(|error| {
            let fix = "--help of the command has examples";
            match refusal::in_own_words(&error) {
                Some(detail) => Failure::new(Kind::Usage, detail).fix(fix),
                None if error.use_stderr() && reader(words) == Reader::Program => {
                    let said = error.render().to_string();
                    let said = said
                        .split("\n\nFor more information")
                        .next()
                        .unwrap_or_default();
                    Failure::new(Kind::Usage, said.trim_start_matches("error: ")).fix(fix)
                }
                None => error.exit(),
            }
        })
    }
}

/// Who reads what the command says. Known even when the words make no command.
pub(crate) fn reader(words: &[OsString]) -> Reader {
    if own(words).iter().any(|word| word == "--json") {
        Reader::Program
    } else {
        Reader::Person
    }
}

/// The words that are for us: what follows `--` of `run` is another program's.
fn own(words: &[OsString]) -> &[OsString] {
    let end = words
        .iter()
        .position(|word| word == "--")
        .filter(|_| words.get(1).is_some_and(|command| command == "run"));
    end.and_then(|end| words.get(..end)).unwrap_or(words)
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_overview_names_every_command() {
        for command in Cli::command().get_subcommands() {
            let line = format!("\n  {} ", command.get_name());
            assert!(
                OVERVIEW.contains(&line),
                "{} is missing",
                command.get_name()
            );
        }
    }

    #[test]
    fn no_argument_takes_a_secret() {
        fn walk(command: &clap::Command) {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                let takes_value = argument.get_action().takes_values();
                let secret = name.contains("secret") || name == "token" || name == "password";
                assert!(!(secret && takes_value), "{} {name}", command.get_name());
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Cli::command());
    }

    #[test]
    fn every_command_has_examples() {
        fn walk(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            let more = command.get_after_help().map(ToString::to_string);
            let more = more.unwrap_or_default();
            assert!(more.contains("Example"), "{path} has no example");
            assert!(
                more.contains(path.trim()),
                "{path} is in no example of its own"
            );
            command
                .get_subcommands()
                .for_each(|below| walk(below, &path));
        }
        walk(&Cli::command(), "");
    }

    #[test]
    fn p11_a_word_that_belongs_nowhere_is_repeated_only_when_it_is_plain() {
        let said = |words: &str| {
            let error = Cli::try_parse_from(words.split(' ')).unwrap_err();
            refusal::in_own_words(&error)
        };
        for words in [
            "portunus keys add --pool p --label a AIzaCanary",
            "portunus keys add --pool p --label a -AIzaCanary",
            "portunus login canarycanarycanary",
        ] {
            let said = said(words).unwrap_or_else(|| panic!("{words}"));
            assert!(!said.to_lowercase().contains("canary"), "{words}: {said}");
        }
        for words in [
            "portunus keys set p:a --secret=Canary",
            "portunus login --token=Canary",
        ] {
            let error = Cli::try_parse_from(words.split(' ')).unwrap_err();
            let said = said(words).unwrap_or_else(|| error.render().to_string());
            assert!(!said.contains("Canary"), "{words}: {said}");
        }
        for plain in ["portunus keys list --pol a", "portunus serve extra"] {
            assert_eq!(said(plain), None, "{plain}");
        }
        for negative in [
            "portunus keys set p:a --priority -1",
            "portunus pools set p --max-wait -5m",
        ] {
            let said = said(negative).unwrap_or_else(|| panic!("{negative}"));
            assert!(said.contains("is negative"), "{said}");
        }
    }

    #[test]
    fn words_are_read_as_they_are_documented() {
        let read = |words: &str| Cli::try_parse_from(words.split(' '));
        for good in [
            "portunus serve --config p.toml --data-dir d --listen 127.0.0.1:0",
            "portunus agents create mayor --json",
            "portunus agents --json list --limit 5",
            "portunus tokens rotate mayor --overlap 0",
            "portunus tokens rotate mayor --overlap 10m",
            "portunus agents create clerk --scope llm.call:model/claude-haiku-* --scope self.*",
            "portunus agents end-access mayor",
            "portunus agents list --status offline --json",
            "portunus agents pause mayor --json",
            "portunus agents resume mayor",
            "portunus heartbeat --cadence 45m --note busy --json",
            "portunus heartbeat --cadence 0",
            "portunus run --agent mayor -- claude -p sk-learn",
            "portunus run --agent mayor --url http://a --url http://b --cadence 0 --as mayor -- sh -c x",
            "portunus run --child-of 7 -- true",
            "portunus operators create ann --role admin --scope keys.*",
            "portunus operators set-role ann --scope usage.read --force",
            "portunus operators rotate ann --overlap 0 --json",
            "portunus operators set-password ann --from-env PASSPHRASE",
            "portunus operators sessions --json",
            "portunus operators pair laptop",
            "portunus login --operator ann --device laptop",
            "portunus token exchange --scope llm.call --json",
            "portunus token inspect --from-env ACCESS",
            "portunus signing rotate --json",
            "portunus pools create mine --protocol openai --max-wait 30s --fallback openai",
            "portunus pools set mine --no-fallback --max-wait 0",
            "portunus keys add --pool anthropic --label a --priority 2 --base-url http://127.0.0.1:9",
            "portunus keys add --pool anthropic --label a --from-env ANTHROPIC_API_KEY",
            "portunus keys add --pool anthropic --from -",
            "portunus keys set anthropic:a --secret --label b",
            "portunus keys remove anthropic:a --force",
            "portunus keys import-env",
            "portunus budgets set --agent mayor --money $5.50 --per day --action warn --warn-at 90",
            "portunus budgets set --every-agent --tokens 2M --total",
            "portunus budgets set --pool anthropic --concurrency 8",
            "portunus budgets list --agent mayor --json",
            "portunus budgets remove bud_1",
            "portunus sources list --json --limit 5",
            "portunus sources clear 2001:db8::/64 --json",
            "portunus audit list --action key. --subject mayor",
            "portunus audit export --to audit.jsonl --since 24h --force",
            "portunus audit key --checkpoint",
            "portunus alarms list --open --limit 3 --json",
            "portunus alarms ack alm_1 alm_2",
            "portunus alarms ack --all",
            "portunus audit verify audit.jsonl --key k --checkpoint a --checkpoint b --json",
            "portunus audit verify --data-dir d",
            "portunus explain",
            "portunus explain 0000000000000000000000",
            "portunus decisions -f --json --agent mayor --failed --since 15m",
            "portunus decisions --outcome broken_off --slower-than 10s --cursor c",
            "portunus demo --seconds 5 --break",
            "portunus demo --plain",
            "portunus top --interval 500ms",
            "portunus top --once --json",
            "portunus completions fish",
            "portunus log-level",
            "portunus log-level info,portunus_proxy=debug --json",
            "portunus reload",
            "portunus doctor --data-dir d --json",
            "portunus boards list --tag team --chat --json",
            "portunus boards create town --chat --tag team --description everybody",
            "portunus boards update town --no-chat",
            "portunus boards read town --follow --tag note --from mayor",
            "portunus boards read town --after 41 --limit 5 --json",
            "portunus send --board diary --tag note -",
            "portunus send --to clerk --expires 1h --data {\"job\":7} hello",
            "portunus inbox --ack --wait 10m --limit 1 --hide 5m --json",
            "portunus inbox -f --ack",
            "portunus messages show msg_1 --limit 5 --json",
            "portunus messages ack msg_1 msg_2",
            "portunus notify look --priority urgent --link https://a.example --body - --json",
            "portunus notifications list --unread --min-priority high --from mayor --since 24h",
            "portunus notifications list -f --json",
            "portunus notifications read ntf_1 ntf_2",
            "portunus notifications read --up-to ntf_1",
            "portunus backup copy.db --force",
            "portunus restore copy.db --data-dir d --force --json",
        ] {
            assert!(read(good).is_ok(), "{good}: {:?}", read(good).err());
        }
        for bad in [
            "portunus heartbeat --cadence 31d",
            "portunus run --agent mayor",
            "portunus run --agent mayor claude",
            "portunus run -- claude",
            "portunus run --agent mayor --token-file f --from-env T -- claude",
            "portunus heartbeat --cadence -5m",
            "portunus agents list --status dead",
            "portunus keys add --pool anthropic",
            "portunus keys add --pool anthropic --label a --from f",
            "portunus keys add --label a",
            "portunus keys add --pool p --label a sk-secret",
            "portunus tokens rotate mayor --overlap soon",
            "portunus pools set mine --fallback a --no-fallback",
            "portunus pools set mine",
            "portunus keys set anthropic:a",
            "portunus agents create Mayor",
            "portunus operators create ann --role root",
            "portunus operators set-role ann",
            "portunus login --device laptop",
            "portunus budgets set --money 5 --per day",
            "portunus budgets set --agent mayor --per day",
            "portunus budgets set --agent mayor --money 5",
            "portunus budgets set --agent mayor --money 5 --per year",
            "portunus budgets set --agent mayor --money 5 --per day --total",
            "portunus budgets set --agent mayor --money five --per day",
            "portunus budgets set --agent mayor --money 5 --tokens 2M --per day",
            "portunus budgets set --agent mayor --pool a --money 5 --per day",
            "portunus budgets set --agent mayor --concurrency 8 --per day",
            "portunus budgets set --agent mayor --requests 1.5 --per day",
            "portunus budgets set --agent mayor --requests 5 --per day --warn-at 101",
            "portunus budgets list --agent a --pool b",
            "portunus explain --last req_1",
            "portunus decisions --outcome lost",
            "portunus decisions --follow --cursor c",
            "portunus top --interval 10ms",
            "portunus audit verify audit.jsonl --data-dir d",
            "portunus audit export --since soon",
            "portunus alarms ack",
            "portunus alarms ack alm_1 --all",
            "portunus boards create Town",
            "portunus boards update town",
            "portunus boards update town --chat --no-chat",
            "portunus boards read town --follow --cursor c",
            "portunus send hello",
            "portunus send --board diary --to clerk hello",
            "portunus send --board diary",
            "portunus send --to clerk --data {] hello",
            "portunus inbox --follow --wait 5s",
            "portunus inbox --limit 101",
            "portunus messages ack",
            "portunus notify",
            "portunus notify look --priority soon",
            "portunus notifications read",
            "portunus notifications read ntf_1 --all",
            "portunus notifications list --follow --cursor c",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
