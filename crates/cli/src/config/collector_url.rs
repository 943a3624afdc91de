//! The address of an OpenTelemetry collector, as it is read from the file.

use crate::failure::{Failure, Kind};
use http::Uri;
use portunus_client::Endpoint;
use std::fmt;

/// Scheme, host, optional port and path prefix, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CollectorUrl(String);

impl CollectorUrl {
    /// Reads an address; `Err` says what is wrong and what to write instead.
    pub(super) fn read(text: &str) -> Result<Self, (String, String)> {
        let instead = "write the address for OTLP over HTTP, such as http://127.0.0.1:4318";
        let wrong = |what: &str| (format!("`otlp_endpoint` {what}"), instead.to_owned());
        let uri: Uri = text.parse().map_err(|_| wrong("is no address"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(wrong("must begin with http:// or https://"));
        }
        let authority = uri.authority().ok_or_else(|| wrong("has no host"))?;
        if authority.as_str().contains('@') {
            let instead = "put the credential into a header of `otlp_headers_file`";
            let what = "`otlp_endpoint` must have no user name and no password";
            return Err((what.to_owned(), instead.to_owned()));
        }
        if uri.query().is_some() {
            return Err(wrong("must not have a query"));
        }
        let path = uri.path().trim_end_matches('/');
        if path.ends_with("/v1/traces") || path.ends_with("/v1/metrics") {
            return Err(wrong("must end before /v1/traces and /v1/metrics"));
        }
        let scheme = uri.scheme_str().unwrap_or("http");
        Ok(Self(format!("{scheme}://{authority}{path}")))
    }

    /// The address of `path` there.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Where to connect.
    pub(crate) fn endpoint(&self) -> Result<Endpoint, Failure> {
        self.0.parse().map_err(|error| {
            let detail = format!("`otlp_endpoint` {error}");
            Failure::new(Kind::Usage, detail)
        })
    }
}

impl fmt::Display for CollectorUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_without_its_last_slash_and_joined() {
        let url = CollectorUrl::read("https://otel.example/prefix/").unwrap();
        assert_eq!(
            url.join("/v1/traces"),
            "https://otel.example/prefix/v1/traces"
        );
        let endpoint = url.endpoint().unwrap();
        assert_eq!(endpoint.to_string(), "https://otel.example/prefix");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_and_a_password_is_not_repeated() {
        for text in [
            "127.0.0.1:4318",
            "grpc://otel.example:4317",
            "http://otel.example/?key=1",
            "http://otel.example/v1/traces",
            "http://",
        ] {
            assert!(CollectorUrl::read(text).is_err(), "{text}");
        }
        let (what, instead) = CollectorUrl::read("http://me:hunter2@otel.example").unwrap_err();
        assert!(!format!("{what}{instead}").contains("hunter2"));
    }
}
