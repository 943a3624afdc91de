//! What a person sees who made mistakes in the configuration, and which place wins when none was made.

use super::*;
use portunus_app::admission::Paces;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Default)]
struct Variables(BTreeMap<&'static str, &'static str>);

impl Environment for Variables {
    fn variable(&self, name: &str) -> Option<OsString> {
        self.0.get(name).map(OsString::from)
    }
}

fn variables(given: &[(&'static str, &'static str)]) -> Variables {
    let mut all: BTreeMap<_, _> = given.iter().copied().collect();
    all.entry("XDG_DATA_HOME").or_insert("/data");
    Variables(all)
}

fn load_text(
    text: &str,
    mut args: ServeArgs,
    environment: &Variables,
) -> Result<ServeSettings, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("portunus.toml");
    std::fs::write(&path, text).unwrap();
    args.config = Some(path);
    load(&args, environment).map_err(|failure| {
        let dir = format!("{}/", dir.path().display());
        failure.detail().replace(&dir, "")
    })
}

#[test]
fn nothing_given_is_a_plane_on_loopback() {
    let settings = load(&ServeArgs::default(), &variables(&[])).unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:7070");
    assert_eq!(settings.data_dir, PathBuf::from("/data/portunus"));
    assert_eq!(settings.operator_token_file, None);
    assert_eq!(settings.upstream.private, PrivateUpstreams::Allowed);
    assert_eq!(settings.door.body_limit, 32 * 1024 * 1024);
    assert_eq!(settings.drain_timeout, Duration::from_secs(120));
}

#[test]
fn messages_and_notifications_have_bounds() {
    let read = |text: &str| load_text(text, ServeArgs::default(), &variables(&[]));
    let settings = read("[messages]\nkeep_days = 7\n[notifications]\nburst = 3\n").unwrap();
    assert_eq!(settings.messages.keep_days, 7);
    assert_eq!(settings.messages.inbox_length, 10_000);
    assert_eq!(settings.messages.outbox_mib, 1_024);
    assert_eq!(settings.notifications.terms.burst.get(), 3);
    assert_eq!(settings.notifications.terms.per_hour.get(), 60);
    let refused = read(
        "[messages]\nkeep_days = 0\ninbox_length = 9\n\
         [notifications]\nper_hour = 0\nwebhook_url = \"https://a.example/\"\nwebhook_min_priority = \"soon\"\n",
    );
    let refused = refused.unwrap_err();
    for mistake in [
        "5 problems",
        "`keep_days` must be a whole number of days from 1 to 3650, found 0",
        "`inbox_length` must be a whole number of messages from 10 to 100000, found 9",
        "`per_hour` must be a whole number of notifications from 1 to 100000, found 0",
        "`webhook_url` is there without `webhook_secret_file`",
        "`soon` is no priority",
    ] {
        assert!(refused.contains(mistake), "{refused}");
    }
}

#[test]
fn every_key_of_the_schema_is_read() {
    let text = schema::KEYS
        .iter()
        .fold((String::new(), ""), |(text, last), key| {
            let heading = if key.section == last {
                String::new()
            } else {
                format!("[{}]\n", key.section)
            };
            (format!("{text}{heading}{}\n", key.example), key.section)
        });
    let settings = load_text(&text.0, ServeArgs::default(), &variables(&[])).unwrap();
    assert_eq!(settings.data_dir, PathBuf::from("/var/lib/portunus"));
    assert_eq!(settings.log.format, LogFormat::Json);
    assert_eq!(settings.door.workers.get(), 2);
}

#[test]
fn limits_and_trusted_proxies_are_read_and_their_mistakes_named() {
    let load = |text: &str| load_text(text, ServeArgs::default(), &variables(&[]));
    let settings =
        load("trusted_proxies = [\"::1\", \"10.1.2.3/8\"]\n[limits]\nllm_per_minute = 90\n");
    let settings = settings.unwrap();
    let networks: Vec<String> = settings.trusted_proxies.networks().collect();
    assert_eq!(networks, ["::1/128", "10.0.0.0/8"]);
    assert_eq!(settings.limits.llm.rate, 90);
    assert_eq!(settings.limits.llm.burst.get(), 1_000);
    assert_eq!(load("").unwrap().limits, Paces::default());
    for (text, says) in [
        ("trusted_proxies = \"::1\"", "list of texts"),
        ("trusted_proxies = [1]", "list of texts"),
        (
            "trusted_proxies = [\"::1\", \"proxy\"]",
            "`proxy` in trusted_proxies",
        ),
        ("[limits]\nvital_burst = 0", "from 1 to"),
        ("[limits]\nvital = 0", "vital_burst"),
    ] {
        let refused = load(text).unwrap_err();
        assert!(refused.contains(says), "{text}: {refused}");
    }
}

#[test]
fn a_flag_wins_over_a_variable_and_that_over_the_file() {
    let text = "listen = \"127.0.0.1:1\"\ndata_dir = \"/file\"\noperator_token_file = \"tok\"\n";
    let environment = variables(&[
        ("PORTUNUS_LISTEN", "127.0.0.1:2"),
        ("PORTUNUS_DATA_DIR", "/variable"),
    ]);
    let args = ServeArgs {
        listen: Some("127.0.0.1:3".into()),
        ..ServeArgs::default()
    };
    let settings = load_text(text, args, &environment).unwrap();
    assert_eq!(settings.listen.port(), 3);
    assert_eq!(settings.data_dir, PathBuf::from("/variable"));
    let beside = settings.operator_token_file.unwrap();
    assert!(
        beside.is_absolute() && beside.ends_with("tok"),
        "{beside:?}"
    );
}

#[test]
fn private_upstreams_follow_the_address_unless_told() {
    let private = |text: &str| {
        load_text(text, ServeArgs::default(), &variables(&[]))
            .unwrap()
            .upstream
            .private
    };
    assert_eq!(private("listen = \"[::1]:1\""), PrivateUpstreams::Allowed);
    assert_eq!(private("listen = \"0.0.0.0:1\""), PrivateUpstreams::Refused);
    let told = "listen = \"0.0.0.0:1\"\n[upstream]\nallow_private = true";
    assert_eq!(private(told), PrivateUpstreams::Allowed);
}

#[test]
fn all_mistakes_are_told_at_once_with_line_and_remedy() {
    let text = "\
lisen = \"127.0.0.1:7070\"
listen = \":7070\"
data_dir = 7
timeout_s = 3

[logs]
level = \"info\"

[log]
format = \"yaml\"
level = \"loud\"

[door]
workers = 0
body_limit_mib = 64

[drain]
timeout_s = \"soon\"
";
    let environment = variables(&[("PORTUNUS_LOG", "info,portunus_proxy=chatty")]);
    let args = ServeArgs {
        listen: Some("localhost:7070".into()),
        ..ServeArgs::default()
    };
    insta::assert_snapshot!(load_text(text, args, &environment).unwrap_err(), @r#"
    the configuration has 12 problems

      portunus.toml:1: unknown key `lisen`
        fix: did you mean `listen`? Write `listen = "127.0.0.1:7070"`
      portunus.toml:2: `:7070` is no address to listen on
        fix: write 0.0.0.0:7070 for all networks, or 127.0.0.1:7070
      portunus.toml:3: `data_dir` must be text in double quotes, found 7
        fix: write `data_dir = "/var/lib/portunus"`
      portunus.toml:4: unknown key `timeout_s`
        fix: put `timeout_s = 120` under [drain]
      portunus.toml:6: unknown table [logs]
        fix: did you mean [log]?
      portunus.toml:10: `format` must be json or pretty, found "yaml"
        fix: write `format = "json"`
      portunus.toml:11: `loud` is no log level
        fix: write off, error, warn, info, debug or trace, or info,portunus_proxy=debug
      portunus.toml:14: `workers` must be a whole number of threads from 1 to 256, found 0
        fix: write `workers = 2`
      portunus.toml:15: `body_limit_mib` must be a whole number of MiB from 1 to 32, found 64
        fix: write `body_limit_mib = 32`
      portunus.toml:18: `timeout_s` must be a whole number of seconds from 0 to 3600, found "soon"
        fix: write `timeout_s = 120`
      PORTUNUS_LOG: `chatty` is no log level
        fix: write off, error, warn, info, debug or trace, or info,portunus_proxy=debug
      --listen: `localhost:7070` is no address to listen on
        fix: 127.0.0.1:7070
    "#);
}

#[test]
fn broken_toml_is_told_with_its_lines_and_the_rest_still_judged() {
    let text = "listen = 127.0.0.1\ndata_dir = \"/d\nx = 1\n[drain]\ntimeout_s = -1\n";
    let told = load_text(text, ServeArgs::default(), &variables(&[])).unwrap_err();
    insta::assert_snapshot!(told, @r#"
    the configuration has 4 problems

      portunus.toml:1: this is not TOML: invalid float, expected nothing
        fix: write `key = value`, with text in double quotes
      portunus.toml:2: this is not TOML: invalid basic string, expected `"`
        fix: write `key = value`, with text in double quotes
      portunus.toml:3: unknown key `x`
        fix: remove it; at the top of the file there are listen, data_dir, operator_token_file, trusted_proxies, public_url
      portunus.toml:5: `timeout_s` must be a whole number of seconds from 0 to 3600, found -1
        fix: write `timeout_s = 120`
    "#);
}

#[test]
fn a_missing_file_is_told() {
    let args = ServeArgs {
        config: Some("/nowhere/portunus.toml".into()),
        listen: Some("7070".into()),
        ..ServeArgs::default()
    };
    let told = load(&args, &variables(&[])).unwrap_err();
    insta::assert_snapshot!(told.detail(), @r#"
    the configuration has 2 problems

      --config: cannot read /nowhere/portunus.toml: No such file or directory (os error 2)
        fix: name a TOML file that this user may read
      --listen: `7070` is no address to listen on
        fix: write 127.0.0.1:7070, or 0.0.0.0:7070 for all networks
    "#);
}

#[test]
fn prices_are_read_with_their_names() {
    let text = "[[prices]]\nmodel = [\"mine\", \"mine-*\"]\ninput = 1\noutput = 2.5\n\n[[prices]]\nmodel = \"other\"\ninput = 0.25\n";
    let settings = load_text(text, ServeArgs::default(), &variables(&[])).unwrap();
    let read: Vec<String> = settings
        .prices
        .iter()
        .map(|entry| format!("{} {}", entry.model, entry.price.input))
        .collect();
    assert_eq!(read, ["mine 1.00", "mine-* 1.00", "other 0.25"]);
}

#[test]
fn mistaken_prices_are_told_with_line_and_fix() {
    let text = "[[prices]]\nmodel = \"mine\"\ninput = -1\n\n[[prices]]\nmodel = \"other\"\noutput = 1\n\n[[price]]\nmodel = \"x\"\n";
    let told = load_text(text, ServeArgs::default(), &variables(&[])).unwrap_err();
    insta::assert_snapshot!(told, @"
    the configuration has 3 problems

      portunus.toml:3: `input` must be a number from 0 to 1000000 with at most six decimals, found -1
        fix: write US dollars per million tokens, such as `input = 3.75`
      portunus.toml:5: a price without `input`
        fix: write `input = 3.0`; nothing costs `input = 0`
      portunus.toml:9: unknown key `price`
        fix: did you mean [[prices]]?
    ");
}
