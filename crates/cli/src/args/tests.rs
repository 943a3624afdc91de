//! What can be typed: help names every command and shows examples, no argument takes a secret, words are read as documented.

use super::overview::OVERVIEW;
use super::{Cli, refusal};
use crate::failure::Kind;
use clap::{CommandFactory, Parser};
use std::ffi::OsString;

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

#[test]
fn a_name_an_id_and_a_filter_are_not_empty() {
    for (words, told) in [
        ("agents show ", "AGENT is empty"),
        ("keys remove ", "KEY is empty"),
        ("messages show ", "MESSAGE is empty"),
        ("decisions --agent ", "--agent is empty"),
        ("audit list --subject ", "--subject is empty"),
        ("send --to ", "--to is empty"),
        ("send --to mayor ", "TEXT is empty"),
        ("agents create --scope ", "--scope is empty"),
    ] {
        let words = format!("portunus {words}");
        let mut words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
        if told == "--to is empty" || told == "--scope is empty" {
            words.push("mayor".into());
        }
        let refused = Cli::read(&words).unwrap_err();
        assert_eq!(refused.detail(), told, "{words:?}");
        assert_eq!(refused.kind(), Kind::Usage);
    }
}
