//! Where a secret that a person gives comes from: a variable by name, standard input, or a prompt without echo.

use crate::config::{Environment, ProcessEnvironment};
use crate::failure::{Failure, Kind};
use portunus_core::password::check_length;
use portunus_core::secret::Secret;
use std::io::{IsTerminal, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// Longest input that is taken for one secret, in bytes.
const LIMIT: u64 = 64 * 1024;

/// Reads one secret. `what` names it in the prompt and in messages, `how` is a command that gives one well.
pub(crate) fn read(
    from_env: Option<&str>,
    what: &str,
    how: &str,
    environment: &dyn Environment,
) -> Result<Secret, Failure> {
    let text = match from_env {
        Some(name) => variable(name, environment)?,
        None if std::io::stdin().is_terminal() => prompt(what)?,
        None => standard_input(what, how)?,
    };
    judge(&text, what, how)
}

/// Reads one secret out of a file. `what` names it in messages.
pub(crate) fn read_file(path: &Path, what: &str) -> Result<Secret, Failure> {
    const HOW: &str = "write it into the file alone";
    let name = path.display();
    let unreadable =
        |error| Failure::new(Kind::Usage, format!("cannot read {name}: {error}")).fix(HOW);
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut text = Zeroizing::new(String::with_capacity(
        usize::try_from(LIMIT).unwrap_or(0) + 1,
    ));
    file.take(LIMIT + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > LIMIT {
        return Err(wrong(what, HOW, "is longer than 64 KiB"));
    }
    judge(&text, what, HOW)
}

/// Reads a password that there is. Spaces in it count; a line break at its end does not.
pub(crate) fn password(
    from_env: Option<&str>,
    what: &str,
    environment: &dyn Environment,
) -> Result<Secret, Failure> {
    const HOW: &str = "pipe one line";
    let text = match from_env {
        Some(name) => variable(name, environment)?,
        None if std::io::stdin().is_terminal() => prompt(what)?,
        None => standard_input(what, HOW)?,
    };
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(wrong(what, HOW, "is empty"));
    }
    if text.contains(['\n', '\0']) {
        return Err(wrong(what, HOW, "has several lines"));
    }
    Ok(Secret::new(text.to_owned()))
}

/// Reads a password that is being chosen: at a prompt twice, and of a length that is accepted.
pub(crate) fn new_password(from_env: Option<&str>, what: &str) -> Result<Secret, Failure> {
    let environment = ProcessEnvironment;
    let chosen = password(from_env, what, &environment)?;
    check_length(chosen.expose()).map_err(|error| {
        Failure::new(Kind::Usage, format!("{what} {error}"))
            .fix("choose 12 characters or more; several words are easy to remember")
    })?;
    if from_env.is_none() && std::io::stdin().is_terminal() {
        let again = prompt("The same again")?;
        if *again != *chosen.expose() {
            return Err(Failure::new(Kind::Usage, "the two are not the same").fix("type it again"));
        }
    }
    Ok(chosen)
}

fn variable(name: &str, environment: &dyn Environment) -> Result<Zeroizing<String>, Failure> {
    let missing = |why: &str| {
        Failure::new(
            Kind::Usage,
            format!("the environment variable {name} {why}"),
        )
        .fix(format!(
            "export {name}, or give the secret on standard input"
        ))
    };
    if !is_variable_name(name) {
        // Not repeated: somebody may have typed the secret instead of its name.
        return Err(Failure::new(
            Kind::Usage,
            "what follows --from-env is no name of a variable",
        )
        .fix("write --from-env NAME, where NAME holds the secret"));
    }
    environment
        .variable(name)
        .ok_or_else(|| match environment.is_set_empty(name) {
            true => missing("is set, and empty"),
            false => missing("is not set"),
        })?
        .into_string()
        .map(Zeroizing::new)
        .map_err(|_| missing("is not text"))
}

fn is_variable_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn prompt(what: &str) -> Result<Zeroizing<String>, Failure> {
    rpassword::prompt_password(format!("{what} (not shown): "))
        .map(Zeroizing::new)
        .map_err(|error| {
            Failure::new(Kind::General, format!("cannot ask for {what}: {error}"))
                .fix("give it on standard input")
        })
}

fn standard_input(what: &str, how: &str) -> Result<Zeroizing<String>, Failure> {
    // Enough room from the start, so that no half-filled copy is left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(LIMIT).unwrap_or(0) + 1));
    std::io::stdin()
        .lock()
        .take(LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::new(Kind::General, format!("cannot read {what}: {error}")))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LIMIT {
        return Err(wrong(what, how, "is longer than 64 KiB"));
    }
    std::str::from_utf8(&bytes)
        .map(|text| Zeroizing::new(text.to_owned()))
        .map_err(|_| wrong(what, how, "is not text"))
}

fn wrong(what: &str, how: &str, why: &str) -> Failure {
    Failure::new(Kind::Usage, format!("{what} {why}")).fix(format!("{how}, or --from-env NAME"))
}

/// A secret is one word; white space around it is an accident of the pipe.
fn judge(text: &str, what: &str, how: &str) -> Result<Secret, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Err(wrong(what, how, "is empty"));
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(wrong(what, how, "has spaces or several lines"));
    }
    Ok(Secret::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    struct One;

    impl Environment for One {
        fn variable(&self, name: &str) -> Option<OsString> {
            (name == "KEY").then(|| " sk-canary\n".into())
        }
    }

    #[test]
    fn a_variable_is_taken_by_name_and_trimmed() {
        assert_eq!(
            read(Some("KEY"), "the secret", "pipe it", &One)
                .unwrap()
                .expose(),
            "sk-canary"
        );
        let missing = read(Some("NO_KEY"), "the secret", "pipe it", &One).unwrap_err();
        assert!(missing.detail().contains("NO_KEY"));
        let mistaken = read(Some("sk-canary"), "the secret", "pipe it", &One).unwrap_err();
        assert!(!mistaken.detail().contains("canary"));
    }

    #[test]
    fn a_password_keeps_its_spaces_and_loses_its_line_break() {
        let read = password(Some("KEY"), "the password", &One).unwrap();
        assert_eq!(read.expose(), " sk-canary");
    }

    #[test]
    fn p11_what_is_no_secret_is_refused_without_being_repeated() {
        for text in [
            "",
            " \n",
            "sk-canary two",
            "sk-canary\nsk-other",
            "sk-canary\u{7}x",
        ] {
            let refused = judge(text, "the secret", "pipe it").unwrap_err();
            assert!(!format!("{refused:?}").contains("canary"));
        }
    }
}
