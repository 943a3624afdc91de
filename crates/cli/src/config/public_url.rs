//! The plane's address as others know it: the issuer of its access tokens.

use http::Uri;

/// `https://host[:port]`, or `http://` for a plane that only a network of its own reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicUrl(String);

impl PublicUrl {
    /// Reads what was configured; `Err` says what is wrong and what to write instead.
    pub(super) fn read(text: &str) -> Result<Self, (String, String)> {
        let wrong = |why: &str| {
            (
                format!("`public_url` {why}"),
                "write scheme, host and optional port: `public_url = \"https://plane.example\"`"
                    .to_owned(),
            )
        };
        let uri: Uri = text.parse().map_err(|_| wrong("is no address"))?;
        let Some(scheme @ ("http" | "https")) = uri.scheme_str() else {
            return Err(wrong("must begin with http:// or https://"));
        };
        let authority = uri.authority().ok_or_else(|| wrong("has no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("must have no user name and no password"));
        }
        if uri.path() != "/" || uri.query().is_some() || text.contains('#') {
            return Err(wrong("must have no path, query or fragment"));
        }
        let authority = authority.as_str().to_ascii_lowercase();
        Ok(Self(format!("{scheme}://{authority}")))
    }

    /// The address, without a slash at its end.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_scheme_host_and_port() {
        let read = |text| PublicUrl::read(text).map(|url| url.0);
        assert_eq!(
            read("https://Plane.example/"),
            Ok("https://plane.example".into())
        );
        assert_eq!(
            read("http://10.0.0.1:7070"),
            Ok("http://10.0.0.1:7070".into())
        );
        for bad in [
            "plane.example",
            "ftp://plane.example",
            "https://",
            "https://me:secret@plane.example",
            "https://plane.example/prefix",
            "https://plane.example/?a=b",
            "https://plane.example/#a",
        ] {
            let (what, _) = PublicUrl::read(bad).unwrap_err();
            assert!(!what.contains("secret"), "{what}");
        }
    }
}
