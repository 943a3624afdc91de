//! Which plane is meant and with which token: flag, environment, credentials file, default.

use super::credentials::{Credentials, CredentialsFile};
use super::trust;
use crate::args::Reach;
use crate::config::Environment;
use crate::failure::{Failure, Kind};
use http::Uri;
use portunus_client::{Endpoint, Pin};
use portunus_core::secret::Secret;
use std::fmt;

/// Where a plane listens when nobody said otherwise.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:7070";

/// The address of a plane: scheme, host, optional port and path prefix, without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl(String);

impl BaseUrl {
    /// Reads an address that a person typed.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        // Not repeated where it may hold a password, whatever else is wrong with it.
        let shown = match text.contains('@') {
            true => "what was given".to_owned(),
            false => format!("`{text}`"),
        };
        let wrong = |why: &str| {
            Failure::new(
                Kind::Usage,
                format!("{shown} is no address of a plane: {why}"),
            )
            .fix(match text.contains(',') {
                true => "name one address; only `portunus run` takes several",
                false => "write it like http://127.0.0.1:7070 or https://plane.example",
            })
        };
        let uri: Uri = text
            .trim()
            .parse()
            .map_err(|_| wrong("it cannot be read"))?;
        let scheme = match uri.scheme_str() {
            Some(scheme @ ("http" | "https")) => scheme,
            _ => return Err(wrong("it must begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it has no host"))?;
        if authority.as_str().contains(',') {
            return Err(wrong("it is more than one"));
        }
        if authority.as_str().contains('@') {
            return Err(Failure::new(
                Kind::Usage,
                "an address of a plane has no user name and no password",
            )
            .fix("leave them out; the token is kept by `portunus login`"));
        }
        if uri.query().is_some() {
            return Err(wrong("it must not have a query"));
        }
        if authority.host() != authority.as_str() && authority.port_u16().is_none() {
            return Err(wrong("its port cannot be"));
        }
        let authority = authority.as_str().to_ascii_lowercase();
        let path = uri.path().trim_end_matches('/');
        Ok(Self(format!("{scheme}://{authority}{path}")))
    }

    /// The address of `path` on this plane.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Where to connect, and to whose certificates alone, if there are any.
    pub(crate) fn endpoint(&self, pins: &[Pin]) -> Result<Endpoint, Failure> {
        let endpoint = self.0.parse().and_then(|endpoint: Endpoint| {
            pins.iter().cloned().try_fold(endpoint, Endpoint::pinned)
        });
        endpoint.map_err(|error| {
            Failure::new(Kind::Usage, format!("`{self}` {error}"))
                .fix("write https://, or do without --pin and PORTUNUS_PIN")
        })
    }

    /// Whether bytes travel encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Whether it is this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        let uri: Option<Uri> = self.0.parse().ok();
        let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || bare
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A plane and the token for it.
#[derive(Debug)]
pub(crate) struct Target {
    /// Where it is.
    pub(crate) url: BaseUrl,
    /// Where that was said, for messages.
    pub(crate) source: &'static str,
    /// Who we are.
    pub(crate) token: Secret,
    /// The certificates that are believed; the system's roots decide when there are none.
    pub(crate) pins: Vec<Pin>,
}

impl Target {
    /// Finds the plane and the token.
    ///
    /// A saved token goes only to the address that it was saved for.
    pub(crate) fn find(reach: &Reach, environment: &dyn Environment) -> Result<Self, Failure> {
        let variable = |name| {
            environment
                .variable(name)
                .map(|value| value.to_string_lossy().into_owned())
        };
        if environment.is_set_empty("PORTUNUS_TOKEN") {
            // Whoever is saved is somebody else than who was meant.
            let failure = Failure::new(Kind::Usage, "PORTUNUS_TOKEN is empty");
            return Err(failure.fix("unset it, or give a token"));
        }
        let token = variable("PORTUNUS_TOKEN");
        let told = match (&reach.url, variable("PORTUNUS_URL")) {
            (Some(url), _) => Some((BaseUrl::parse(url)?, "this one comes from --url")),
            (None, Some(url)) => Some((BaseUrl::parse(&url)?, "this one comes from PORTUNUS_URL")),
            (None, None) => None,
        };
        let told_pins = trust::pins_told(environment)?;
        if let (Some(token), Some((url, source))) = (&token, &told) {
            // Nothing else is needed of what is saved, so it need not be in order.
            let saved = || CredentialsFile::locate(environment).ok()?.read().ok()?;
            return Ok(Self {
                pins: told_pins.unwrap_or_else(|| trust::pins_saved(saved().as_ref(), url)),
                url: url.clone(),
                source,
                token: Secret::new(token.clone()),
            });
        }
        let saved = CredentialsFile::locate(environment)?.read()?;
        let saved_url = saved.as_ref().map(|saved| saved.url.clone());
        let (url, source) = told
            .or(saved_url.map(|url| (url, "this one comes from `portunus login`")))
            .map_or_else(
                || BaseUrl::parse(DEFAULT_URL).map(|url| (url, "this one is the default")),
                Ok,
            )?;
        let pins = told_pins.unwrap_or_else(|| trust::pins_saved(saved.as_ref(), &url));
        let token = match token {
            Some(token) => Secret::new(token),
            None => saved_token(saved, &url)?,
        };
        Ok(Self {
            url,
            source,
            token,
            pins,
        })
    }
}

/// The saved token, which goes only to where it was saved for.
fn saved_token(saved: Option<Credentials>, url: &BaseUrl) -> Result<Secret, Failure> {
    match saved {
        Some(saved) if saved.url == *url => Ok(saved.token),
        Some(saved) => Err(Failure::new(
            Kind::Authentication,
            format!("the saved token is for {}, not for {url}", saved.url),
        )
        .fix(format!("portunus login --url {url}"))),
        None => Err(Failure::new(Kind::Authentication, "you are not signed in")
            .fix("run `portunus login`, or set PORTUNUS_TOKEN")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Credentials;
    use std::collections::BTreeMap;
    use std::ffi::OsString;

    struct Variables(BTreeMap<&'static str, OsString>);

    impl Environment for Variables {
        fn variable(&self, name: &str) -> Option<OsString> {
            self.0.get(name).filter(|value| !value.is_empty()).cloned()
        }

        fn is_set_empty(&self, name: &str) -> bool {
            self.0.get(name).is_some_and(|value| value.is_empty())
        }
    }

    fn variables(dir: &std::path::Path, more: &[(&'static str, &str)]) -> Variables {
        let mut all = BTreeMap::from([("XDG_CONFIG_HOME", OsString::from(dir))]);
        all.extend(more.iter().map(|(name, value)| (*name, value.into())));
        Variables(all)
    }

    fn reach(url: Option<&str>) -> Reach {
        Reach {
            url: url.map(str::to_owned),
            json: false,
        }
    }

    fn saved(dir: &std::path::Path) {
        CredentialsFile::locate(&variables(dir, &[]))
            .unwrap()
            .save(&Credentials {
                url: BaseUrl::parse("http://saved:1").unwrap(),
                token: Secret::new("saved-token".into()),
                pins: vec![],
            })
            .unwrap();
    }

    #[test]
    fn flags_and_variables_win_over_the_file() {
        let dir = tempfile::tempdir().unwrap();
        saved(dir.path());
        let plain = Target::find(&reach(None), &variables(dir.path(), &[])).unwrap();
        assert_eq!(plain.url.to_string(), "http://saved:1");
        let told = variables(
            dir.path(),
            &[
                ("PORTUNUS_URL", "http://env:2/"),
                ("PORTUNUS_TOKEN", "env-token"),
            ],
        );
        let target = Target::find(&reach(None), &told).unwrap();
        assert_eq!(target.url.to_string(), "http://env:2");
        assert_eq!(target.token.expose(), "env-token");
        let target = Target::find(&reach(Some("http://flag:3")), &told).unwrap();
        assert_eq!(target.url.to_string(), "http://flag:3");
    }

    #[test]
    fn p6_an_empty_token_means_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        saved(dir.path());
        let emptied = variables(dir.path(), &[("PORTUNUS_TOKEN", "")]);
        let refused = Target::find(&reach(None), &emptied).unwrap_err();
        assert_eq!(refused.kind(), Kind::Usage);
        assert_eq!(refused.next_step(), Some("unset it, or give a token"));
    }

    #[test]
    fn p11_a_saved_token_goes_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        saved(dir.path());
        let refused = Target::find(&reach(Some("http://evil:1")), &variables(dir.path(), &[]));
        assert_eq!(refused.unwrap_err().kind(), Kind::Authentication);
    }

    #[test]
    fn without_a_token_the_next_step_is_login() {
        let dir = tempfile::tempdir().unwrap();
        let refused = Target::find(&reach(None), &variables(dir.path(), &[])).unwrap_err();
        assert!(refused.next_step().unwrap().contains("portunus login"));
    }

    #[test]
    fn addresses_are_read_strictly() {
        let read = |text| BaseUrl::parse(text).map(|url| url.to_string());
        assert_eq!(read("HTTP://Plane:80/p/").unwrap(), "http://plane:80/p");
        for bad in [
            "http://a,http://b",
            "plane",
            "ftp://a",
            "http://u:p@h",
            "http://h?x",
            "http://",
            "//h",
            "http://127.0.0.1:70700",
            "http://h:",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        for secret in [
            "http://u:hunter2@h",
            "ftp://u:hunter2@h",
            "http://u:hunter2 @h",
            "http://u:hunter2@a,http://b",
            "u:hunter2@h",
        ] {
            let refused = read(secret).unwrap_err();
            assert!(!refused.detail().contains("hunter2"), "{refused:?}");
        }
        assert!(BaseUrl::parse("http://[::1]:7").unwrap().is_loopback());
        assert!(!BaseUrl::parse("http://10.0.0.1").unwrap().is_loopback());
    }
}
