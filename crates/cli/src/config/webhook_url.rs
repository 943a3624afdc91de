//! The address of a webhook, as it is read from the file.

use http::Uri;

/// Scheme, host, optional port, path and query. What follows the host may be secret and is not shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct WebhookUrl {
    text: String,
    host: String,
}

impl WebhookUrl {
    /// Reads an address; `Err` says what is wrong and what to write instead.
    pub(super) fn read(text: &str) -> Result<Self, (String, String)> {
        let instead = "write an address such as https://alarms.example/portunus";
        let wrong = |what: &str| (format!("`webhook_url` {what}"), instead.to_owned());
        let uri: Uri = text.parse().map_err(|_| wrong("is no address"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(wrong("must begin with http:// or https://"));
        }
        let authority = uri.authority().ok_or_else(|| wrong("has no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("must have no user name and no password"));
        }
        Ok(Self {
            text: text.to_owned(),
            host: authority.as_str().to_owned(),
        })
    }

    /// The whole address.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Host and port alone.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }
}

impl std::fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WebhookUrl({})", self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p11_what_follows_the_host_is_not_shown() {
        let url = WebhookUrl::read("https://alarms.example:8443/hook/canary?token=canary").unwrap();
        assert!(url.as_str().ends_with("?token=canary"));
        assert_eq!(url.host(), "alarms.example:8443");
        assert!(!format!("{url:?}").contains("canary"));
        for bad in [
            "",
            "alarms.example",
            "ftp://a",
            "https://",
            "https://u:canary@a/",
        ] {
            let (what, instead) = WebhookUrl::read(bad).unwrap_err();
            assert!(
                !what.contains("canary") && !instead.contains("canary"),
                "{bad}"
            );
        }
    }
}
