//! The environment of the child: what the broker was started with, without secrets and without what would lead past the
//! broker, and with where the broker is.

use crate::handle::LocalHandle;
use portunus_core::secret::Secret;
use portunus_core::token::TokenKind;
use std::ffi::{OsStr, OsString};

/// One variable.
pub type Variable = (OsString, OsString);

/// Credentials of providers and of their clients, and what would make a client ask somebody else than the broker.
const REMOVED: [&str; 14] = [
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_VERTEX",
    "CODEX_API_KEY",
    "CREDENTIALS_DIRECTORY",
    "OPENAI_ADMIN_KEY",
    "OPENAI_API_BASE",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_WEBHOOK_SECRET",
];
/// All of ours: tokens, addresses, settings of `serve`.
const OURS: &str = "PORTUNUS_";
/// Clients obey these for every address; the broker must not be asked through a proxy.
const PROXIES: [&str; 4] = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];
const LOOPBACK: &str = "127.0.0.1";
/// What a program needs with what it holds: where programs are, and where the broker is.
const NEEDED: [&str; 5] = [
    "ANTHROPIC_BASE_URL",
    "NO_PROXY",
    "OPENAI_BASE_URL",
    "PATH",
    "no_proxy",
];

/// Why a variable cannot hold the handle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was named.
    #[error("is empty")]
    Empty,
    /// No variable can have this name.
    #[error("`{0}` is no name of a variable: it has `=` or a character that cannot be seen")]
    Impossible(String),
    /// The program needs what stands there, or the broker sets it itself.
    #[error("{0} cannot be: the program finds something else there")]
    Taken(String),
}

/// Whether a further variable of this name can hold the handle.
///
/// # Errors
///
/// [`NameError`].
pub fn may_hold_handle(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.contains(|letter: char| letter == '=' || letter.is_control() || letter.is_whitespace())
    {
        return Err(NameError::Impossible(name.to_owned()));
    }
    if name.starts_with(OURS) || NEEDED.contains(&name) {
        return Err(NameError::Taken(name.to_owned()));
    }
    Ok(())
}

/// What the child is told.
#[derive(Debug)]
pub struct Told<'a> {
    /// The broker's address, `http://127.0.0.1:PORT`.
    pub url: &'a str,
    /// What opens it.
    pub handle: &'a LocalHandle,
    /// The agent.
    pub agent: &'a str,
    /// Its token, which may have come in any variable and is passed on in none.
    pub token: &'a Secret,
    /// Further variables that hold the handle, for programs that read it nowhere else.
    pub handle_in: &'a [String],
}

/// The whole environment of the child, made of the broker's own.
pub fn for_child(own: impl Iterator<Item = Variable>, told: &Told<'_>) -> Vec<Variable> {
    let mut all: Vec<Variable> = own
        .filter(|(name, value)| !is_removed(name) && !holds_token(value, told.token))
        .collect();
    if all.iter().any(|(name, _)| is(name, &PROXIES)) {
        past_the_proxy(&mut all);
    }
    let handle = told.handle.expose();
    let openai = format!("{}/v1", told.url);
    let usual = [
        ("PORTUNUS_URL", told.url),
        ("PORTUNUS_TOKEN", handle),
        ("PORTUNUS_HANDLE", handle),
        ("PORTUNUS_AGENT", told.agent),
        ("ANTHROPIC_BASE_URL", told.url),
        // Not ANTHROPIC_API_KEY: Claude Code asks a person about each key that it does not know, and warns of both.
        ("ANTHROPIC_AUTH_TOKEN", handle),
        ("OPENAI_BASE_URL", openai.as_str()),
        ("OPENAI_API_KEY", handle),
        ("CODEX_API_KEY", handle),
    ];
    let more = told.handle_in.iter().map(|name| (name.as_str(), handle));
    for (name, value) in usual.into_iter().chain(more) {
        set(&mut all, name, value.into());
    }
    all
}

fn is_removed(name: &OsStr) -> bool {
    name.to_string_lossy().starts_with(OURS) || is(name, &REMOVED)
}

/// Whether the agent's token stands in a value, or any token of a plane: an operator's is worth more than the agent's.
fn holds_token(value: &OsStr, token: &Secret) -> bool {
    let value = value.to_string_lossy();
    let is_in = |text: &str| value.contains(text);
    let kinds = TokenKind::ALL.into_iter();
    is_in(token.expose()) || kinds.map(TokenKind::prefix).any(is_in)
}

fn is(name: &OsStr, any_of: &[&str]) -> bool {
    any_of.iter().any(|one| *one == name)
}

fn set(all: &mut Vec<Variable>, name: &str, value: OsString) {
    all.retain(|(present, _)| present != name);
    all.push((name.into(), value));
}

fn past_the_proxy(all: &mut Vec<Variable>) {
    let told = NO_PROXY.map(|name| {
        let mut present = all.iter().filter(|(present, _)| present == name);
        let value = present.next().map(|(_, value)| value.clone());
        value.filter(|value| !value.is_empty())
    });
    // A client that reads one spelling, or one before the other, finds the program's own exceptions in both.
    let any = told.iter().flatten().next().cloned();
    for (name, own) in NO_PROXY.into_iter().zip(told) {
        let value = match own.or_else(|| any.clone()) {
            Some(mut value) => {
                value.push(",");
                value.push(LOOPBACK);
                value
            }
            None => LOOPBACK.into(),
        };
        set(all, name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(own: &[(&str, &str)], handle_in: &[String]) -> (Vec<(String, String)>, String) {
        let handle = LocalHandle::draw().unwrap();
        let own = own.iter().map(|(name, value)| (name.into(), value.into()));
        let told = Told {
            url: "http://127.0.0.1:9",
            handle: &handle,
            agent: "mayor",
            token: &Secret::new("imported-canary".to_owned()),
            handle_in,
        };
        let text = |word: OsString| word.into_string().unwrap();
        let all = for_child(own, &told);
        let all = all
            .into_iter()
            .map(|(name, value)| (text(name), text(value)));
        (all.collect(), handle.expose().to_owned())
    }

    fn of<'a>(all: &'a [(String, String)], name: &str) -> Vec<&'a str> {
        let found = all.iter().filter(|(present, _)| present == name);
        found.map(|(_, value)| value.as_str()).collect()
    }

    #[test]
    fn p11_no_secret_of_the_broker_or_of_a_provider_reaches_the_child() {
        let own = [
            ("PORTUNUS_TOKEN", "ptna_canary"),
            ("PORTUNUS_MASTER_KEY", "canary"),
            ("PORTUNUS_URL", "https://plane.example"),
            ("ANTHROPIC_API_KEY", "sk-ant-canary"),
            ("OPENAI_API_KEY", "sk-canary"),
            ("CLAUDE_CODE_OAUTH_TOKEN", "canary"),
            ("CREDENTIALS_DIRECTORY", "/run/canary"),
            ("WHERE_IT_CAME_FROM", "imported-canary"),
            (
                "CURL_CONFIG",
                "header = \"Authorization: Bearer ptno_canary\"",
            ),
            ("CLAUDE_CODE_USE_BEDROCK", "1"),
            ("PATH", "/bin"),
        ];
        let (all, _) = made(&own, &[]);
        let text = format!("{all:?}");
        assert!(
            !text.contains("canary") && !text.contains("plane.example"),
            "{text}"
        );
        assert!(of(&all, "ANTHROPIC_API_KEY").is_empty());
        assert!(of(&all, "CLAUDE_CODE_USE_BEDROCK").is_empty());
        assert_eq!(of(&all, "PATH"), ["/bin"]);
    }

    #[test]
    fn the_child_finds_the_broker_where_its_clients_look() {
        let (all, handle) = made(
            &[("OPENAI_BASE_URL", "https://elsewhere")],
            &["ANTHROPIC_API_KEY".to_owned()],
        );
        assert_eq!(of(&all, "ANTHROPIC_BASE_URL"), ["http://127.0.0.1:9"]);
        assert_eq!(of(&all, "OPENAI_BASE_URL"), ["http://127.0.0.1:9/v1"]);
        assert_eq!(of(&all, "PORTUNUS_AGENT"), ["mayor"]);
        for name in [
            "ANTHROPIC_AUTH_TOKEN",
            "ANTHROPIC_API_KEY",
            "OPENAI_API_KEY",
            "CODEX_API_KEY",
            "PORTUNUS_TOKEN",
            "PORTUNUS_HANDLE",
        ] {
            assert_eq!(of(&all, name), [handle.as_str()], "{name}");
        }
    }

    #[test]
    fn the_handle_takes_no_place_that_is_needed() {
        for name in ["ANTHROPIC_API_KEY", "MY_KEY", "OPENAI_API_KEY"] {
            assert_eq!(may_hold_handle(name), Ok(()));
        }
        assert_eq!(may_hold_handle(""), Err(NameError::Empty));
        for name in ["A=B", "=", "A B", "A\0"] {
            assert_eq!(
                may_hold_handle(name),
                Err(NameError::Impossible(name.to_owned()))
            );
        }
        for name in ["PATH", "PORTUNUS_URL", "OPENAI_BASE_URL", "no_proxy"] {
            assert_eq!(
                may_hold_handle(name),
                Err(NameError::Taken(name.to_owned()))
            );
        }
    }

    #[test]
    fn a_proxy_is_not_asked_for_the_broker() {
        let (all, _) = made(&[("http_proxy", "http://p"), ("NO_PROXY", "intern")], &[]);
        assert_eq!(of(&all, "NO_PROXY"), ["intern,127.0.0.1"]);
        assert_eq!(of(&all, "no_proxy"), ["intern,127.0.0.1"]);
        let own = [("HTTP_PROXY", "p"), ("NO_PROXY", ""), ("no_proxy", "a.b")];
        let (all, _) = made(&own, &[]);
        assert_eq!(of(&all, "NO_PROXY"), ["a.b,127.0.0.1"]);
        let (all, _) = made(&[("HTTP_PROXY", "p")], &[]);
        assert_eq!(of(&all, "no_proxy"), ["127.0.0.1"]);
        assert!(of(&made(&[("HTTPS_PROXY", "http://p")], &[]).0, "NO_PROXY").is_empty());
    }
}
