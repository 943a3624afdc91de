//! Secrets of provider keys that an import does not hold itself: in a variable that `secret_env` names, or in a file that
//! `secret_file` names, from the import's own folder.

use crate::config::Environment;
use crate::secret_input;
use portunus_core::secret::Secret;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::path::Path;
use zeroize::Zeroizing;

const SECRET: &str = "secret";
const IN_VARIABLE: &str = "secret_env";
const IN_FILE: &str = "secret_file";

/// Where secrets are looked for.
pub(super) struct Elsewhere<'a> {
    folder: &'a Path,
    environment: &'a dyn Environment,
}

impl<'a> Elsewhere<'a> {
    /// Files are named from `folder`.
    pub(super) const fn new(folder: &'a Path, environment: &'a dyn Environment) -> Self {
        Self {
            folder,
            environment,
        }
    }

    /// The line with the secret that it says the place of, or the line as it is. Fails with what is wrong, in words.
    pub(super) fn filled_in(&self, line: Zeroizing<String>) -> Result<Zeroizing<String>, String> {
        if !line.contains(IN_VARIABLE) && !line.contains(IN_FILE) {
            return Ok(line);
        }
        // What is no object is told by whoever reads the line.
        let Ok(mut fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(&line) else {
            return Ok(line);
        };
        let [variable, file] = [IN_VARIABLE, IN_FILE].map(|name| fields.remove(name));
        let secret = match (fields.get(SECRET), variable, file) {
            (None, Some(name), None) => self.in_variable(&text(name, IN_VARIABLE)?)?,
            (None, None, Some(name)) => self.in_file(&text(name, IN_FILE)?)?,
            (_, None, None) => return Ok(line),
            _ => {
                return Err(format!(
                    "{SECRET}, {IN_VARIABLE} and {IN_FILE} exclude each other"
                ));
            }
        };
        whole(&fields, &secret).ok_or_else(|| "it cannot be read".to_owned())
    }

    fn in_variable(&self, name: &str) -> Result<Secret, String> {
        let read = secret_input::read(
            Some(name),
            "the secret",
            "name a variable",
            self.environment,
        );
        read.map_err(|failure| format!("{IN_VARIABLE}: {}", failure.detail()))
    }

    fn in_file(&self, name: &str) -> Result<Secret, String> {
        let read = secret_input::read_file(&self.folder.join(name), "the secret");
        read.map_err(|failure| format!("{IN_FILE}: {}", failure.detail()))
    }
}

fn text(value: &RawValue, name: &str) -> Result<String, String> {
    String::deserialize(value).map_err(|_| format!("{name} must be a text"))
}

/// The object with the secret in its place, in memory that is wiped.
fn whole(fields: &BTreeMap<String, &RawValue>, secret: &Secret) -> Option<Zeroizing<String>> {
    let room = fields
        .values()
        .map(|value| value.get().len() + 80)
        .sum::<usize>();
    // Room from the start, also for a secret of escapes only, so that growing leaves no copy behind.
    let mut json = Zeroizing::new(Vec::with_capacity(room + 6 * secret.expose().len() + 80));
    json.extend_from_slice(b"{");
    for (name, value) in fields {
        serde_json::to_writer(&mut *json, name).ok()?;
        json.extend_from_slice(b":");
        json.extend_from_slice(value.get().as_bytes());
        json.extend_from_slice(b",");
    }
    json.extend_from_slice(b"\"secret\":");
    serde_json::to_writer(&mut *json, secret.expose()).ok()?;
    json.extend_from_slice(b"}");
    let text = std::str::from_utf8(&json).ok()?;
    Some(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    struct One;

    impl Environment for One {
        fn variable(&self, name: &str) -> Option<OsString> {
            (name == "TEAM_A").then(|| " sk-canary\n".into())
        }
    }

    fn filled_in(folder: &Path, line: &str) -> Result<String, String> {
        let elsewhere = Elsewhere::new(folder, &One);
        let line = Zeroizing::new(line.to_owned());
        elsewhere.filled_in(line).map(|line| line.to_string())
    }

    #[test]
    fn a_secret_is_taken_from_where_the_line_says() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("team-a.key"), "sk-canary\n").unwrap();
        let expected = r#"{"kind":"key","label":"a","pool":"p","secret":"sk-canary"}"#;
        for place in [
            r#""secret_env": "TEAM_A""#,
            r#""secret_file": "team-a.key""#,
        ] {
            let line = format!(r#"{{"kind":"key","pool":"p",{place},"label":"a"}}"#);
            assert_eq!(filled_in(folder.path(), &line).unwrap(), expected);
        }
        for as_it_is in [r#"{"kind":"key","secret":"x"}"#, r#"["secret_env"]"#] {
            assert_eq!(filled_in(folder.path(), as_it_is).unwrap(), as_it_is);
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_what_the_line_holds() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("two"), "sk-canary and more").unwrap();
        for (line, why) in [
            (
                r#"{"secret":"sk-canary","secret_env":"TEAM_A"}"#,
                "exclude each other",
            ),
            (
                r#"{"secret_env":"TEAM_A","secret_file":"two"}"#,
                "exclude each other",
            ),
            (r#"{"secret_env":7}"#, "secret_env must be a text"),
            (r#"{"secret_env":"TEAM_B"}"#, "TEAM_B is not set"),
            (r#"{"secret_env":"sk-canary"}"#, "no name of a variable"),
            (r#"{"secret_file":"one"}"#, "cannot read"),
            (r#"{"secret_file":"two"}"#, "has spaces or several lines"),
        ] {
            let told = filled_in(folder.path(), line).unwrap_err();
            assert!(told.contains(why), "{told}");
            assert!(!told.contains("canary"), "{told}");
        }
    }
}
