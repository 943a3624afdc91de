//! The credentials file: address and token of the plane that one signed in to, and the certificates that are pinned there;
//! mode 0600, replaced as a whole.

use super::target::BaseUrl;
use crate::config::Environment;
use crate::failure::{Failure, Kind};
use crate::secure_file::{self, SecureFileError};
use portunus_client::Pin;
use portunus_core::secret::Secret;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// What is kept.
#[derive(Debug)]
pub(crate) struct Credentials {
    /// The plane.
    pub(crate) url: BaseUrl,
    /// The token, which goes to that plane alone.
    pub(crate) token: Secret,
    /// The certificates that this plane may have; empty when the system's roots decide.
    pub(crate) pins: Vec<Pin>,
}

#[derive(Deserialize, Serialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct Written {
    url: String,
    token: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pins: Vec<String>,
}

/// Where it is kept.
#[derive(Debug)]
pub(crate) struct CredentialsFile {
    path: PathBuf,
}

impl CredentialsFile {
    /// `$XDG_CONFIG_HOME/portunus/credentials.toml`, or under `~/.config`.
    pub(crate) fn locate(environment: &dyn Environment) -> Result<Self, Failure> {
        let base = match environment.variable("XDG_CONFIG_HOME") {
            Some(config_home) => PathBuf::from(config_home),
            None => match environment.variable("HOME") {
                Some(home) => PathBuf::from(home).join(".config"),
                None => {
                    return Err(Failure::new(
                        Kind::Usage,
                        "neither XDG_CONFIG_HOME nor HOME is set, so there is no place for credentials",
                    )
                    .fix("set PORTUNUS_URL and PORTUNUS_TOKEN instead"));
                }
            },
        };
        Ok(Self {
            path: base.join("portunus/credentials.toml"),
        })
    }

    /// The file's path, for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is kept, if anything. A file that others can read is refused.
    pub(crate) fn read(&self) -> Result<Option<Credentials>, Failure> {
        let Some(text) = secure_file::read(&self.path).map_err(refused)? else {
            return Ok(None);
        };
        // The parser's own message would quote the line, and with it the token.
        let written: Written = toml::from_str(&text).map_err(|_| self.damaged())?;
        let pins = written.pins.iter().map(|pin| pin.parse());
        Ok(Some(Credentials {
            pins: pins.collect::<Result<_, _>>().map_err(|_| self.damaged())?,
            url: BaseUrl::parse(&written.url).map_err(|_| self.damaged())?,
            token: Secret::new(written.token.clone()),
        }))
    }

    /// Keeps `credentials` in place of what was kept before.
    pub(crate) fn save(&self, credentials: &Credentials) -> Result<(), Failure> {
        if let Some(dir) = self.path.parent() {
            std::fs::create_dir_all(dir.parent().unwrap_or(dir)).map_err(|error| {
                Failure::new(
                    Kind::General,
                    format!("cannot create {}: {error}", dir.display()),
                )
            })?;
            secure_file::make_dir(dir).map_err(refused)?;
        }
        let text = toml::to_string(&Written {
            url: credentials.url.to_string(),
            token: credentials.token.expose().to_owned(),
            pins: credentials.pins.iter().map(Pin::to_string).collect(),
        });
        let text = Zeroizing::new(text.map_err(|_| {
            Failure::new(Kind::General, "the credentials cannot be written as TOML")
        })?);
        secure_file::replace(&self.path, &text).map_err(refused)
    }

    /// Forgets what was kept; says whether there was anything.
    pub(crate) fn remove(&self) -> Result<Removed, Failure> {
        match std::fs::remove_file(&self.path) {
            Ok(()) => Ok(Removed::Yes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Removed::WasAbsent),
            Err(error) => Err(Failure::new(
                Kind::General,
                format!("cannot remove {}: {error}", self.path.display()),
            )),
        }
    }

    fn damaged(&self) -> Failure {
        Failure::new(
            Kind::General,
            format!("{} cannot be read as credentials", self.path.display()),
        )
        .fix("run `portunus login` to write it anew")
    }
}

/// Whether there was something to forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removed {
    /// It is gone now.
    Yes,
    /// There was nothing.
    WasAbsent,
}

fn refused(error: SecureFileError) -> Failure {
    Failure::new(Kind::General, error.to_string()).fix(error.fix())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    fn file(dir: &Path) -> CredentialsFile {
        CredentialsFile {
            path: dir.join("portunus/credentials.toml"),
        }
    }

    fn credentials(token: &str) -> Credentials {
        Credentials {
            url: BaseUrl::parse("https://plane.example").unwrap(),
            token: Secret::new(token.into()),
            pins: vec![Pin::of(b"")],
        }
    }

    #[test]
    fn what_is_saved_reads_back_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let file = file(dir.path());
        assert!(file.read().unwrap().is_none());
        file.save(&credentials("ptno_one")).unwrap();
        file.save(&credentials("ptno_two")).unwrap();
        let read = file.read().unwrap().unwrap();
        assert_eq!(read.token.expose(), "ptno_two");
        assert_eq!(read.url.to_string(), "https://plane.example");
        assert_eq!(read.pins, [Pin::of(b"")]);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&file.path), 0o600);
        assert_eq!(mode(file.path.parent().unwrap()), 0o700);
        let beside = std::fs::read_dir(file.path.parent().unwrap()).unwrap();
        assert_eq!(beside.count(), 1, "no draft stays");
        assert_eq!(file.remove().unwrap(), Removed::Yes);
        assert_eq!(file.remove().unwrap(), Removed::WasAbsent);
    }

    #[test]
    fn p11_a_readable_or_damaged_file_is_refused_without_its_content() {
        let dir = tempfile::tempdir().unwrap();
        let file = file(dir.path());
        file.save(&credentials("ptno_canary")).unwrap();
        std::fs::set_permissions(&file.path, std::fs::Permissions::from_mode(0o604)).unwrap();
        let refused = file.read().unwrap_err();
        assert!(refused.next_step().unwrap().starts_with("chmod 600"));
        secure_file::replace(&file.path, "token = ptno_canary").unwrap();
        let refused = format!("{:?}", file.read().unwrap_err());
        assert!(!refused.contains("canary"), "{refused}");
    }
}
