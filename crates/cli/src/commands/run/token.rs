//! Where the agent's token comes from, never from an argument: a file, a variable, standard input, a systemd credential, or the
//! place where agents' tokens usually are.

use crate::args::run::RunArgs;
use crate::config::Environment;
use crate::failure::{Failure, Kind};
use crate::secret_input;
use crate::secure_file::{self, SecureFileError};
use portunus_broker::TokenSource;
use portunus_core::name::Slug;
use portunus_core::secret::Secret;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the credential of a systemd unit (`LoadCredential=`).
const CREDENTIAL: &str = "portunus-token";

/// Finds it, and reads it once, so that a mistake is told before anything starts.
pub(super) fn find(
    args: &RunArgs,
    agent: &Slug,
    environment: &dyn Environment,
) -> Result<TokenSource, Failure> {
    const WHAT: &str = "the agent's token";
    const HOW: &str = "name a file with --token-file";
    if let Some(name) = &args.from_env {
        return secret_input::read(Some(name), WHAT, HOW, environment).map(TokenSource::Given);
    }
    if args.token_file.as_deref() == Some(Path::new("-")) {
        return secret_input::read(None, WHAT, HOW, environment).map(TokenSource::Given);
    }
    let path = match &args.token_file {
        Some(path) => path.clone(),
        None => usual(agent, environment)?,
    };
    read(&path).map_err(|why| {
        let fix = match secure_file::check_file(&path) {
            Err(loose @ SecureFileError::Loose { .. }) => loose.fix(),
            _ => format!(
                "put the token there, as `portunus agents create {agent}` printed it, with mode 0600; or name another file with --token-file"
            ),
        };
        Failure::new(Kind::Authentication, why).fix(fix)
    })?;
    Ok(TokenSource::Followed(Arc::new(move || read(&path))))
}

/// Where nobody has to be told: the unit's credential, else below the user's own configuration.
fn usual(agent: &Slug, environment: &dyn Environment) -> Result<PathBuf, Failure> {
    if let Some(directory) = environment.variable("CREDENTIALS_DIRECTORY") {
        let path = PathBuf::from(directory).join(CREDENTIAL);
        if path.exists() {
            return Ok(path);
        }
    }
    let below = match environment.variable("XDG_CONFIG_HOME") {
        Some(config) => PathBuf::from(config),
        None => match environment.variable("HOME") {
            Some(home) => PathBuf::from(home).join(".config"),
            None => {
                return Err(
                    Failure::new(Kind::Usage, "where the agent's token is was not said")
                        .fix("name a file with --token-file"),
                );
            }
        },
    };
    Ok(below.join(format!("portunus/agents/{agent}.token")))
}

/// What is in the file now. Says why not, without any of it.
fn read(path: &Path) -> Result<Secret, String> {
    let text = secure_file::read_given(path).map_err(|error| error.to_string())?;
    let text = text.ok_or_else(|| format!("{} is not there", path.display()))?;
    match text.trim() {
        "" => Err(format!("{} is empty", path.display())),
        token => Ok(Secret::new(token.to_owned())),
    }
}
