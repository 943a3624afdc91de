//! The way to the OpenTelemetry collector: OTLP in JSON over HTTP/1.1, plain or TLS.

use crate::client::{HttpClient, http_client};
use crate::config::{CollectorUrl, TelemetrySettings};
use crate::failure::{Failure, Kind};
use crate::secure_file;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use portunus_app::clock::SystemClock;
use portunus_app::telemetry::{Collector, Undelivered};
use portunus_client::Lost;
use portunus_core::time::{Clock, Timestamp};
use std::path::Path;
use std::time::Duration;

/// Longest that one message may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Most bytes of an answer that are read.
const ANSWER_LIMIT: usize = 64 * 1024;

/// A collector that speaks OTLP over HTTP.
pub(super) struct Otlp {
    client: HttpClient,
    url: CollectorUrl,
    headers: HeaderMap,
}

impl Otlp {
    /// The configured collector, if there is one.
    pub(super) fn new(settings: &TelemetrySettings) -> Result<Option<Self>, Failure> {
        let Some(url) = settings.endpoint.clone() else {
            return Ok(None);
        };
        let headers = settings.headers_file.as_deref().map(read_headers);
        Ok(Some(Self {
            client: http_client(url.endpoint()?)?,
            url,
            headers: headers.transpose()?.unwrap_or_default(),
        }))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<(), Undelivered> {
        let answer = self.client.request(request).await;
        let answer = answer.map_err(|error| Undelivered::Later(Lost::of(&error).to_string()))?;
        let status = answer.status();
        // Read to its end, so that the connection can be used again.
        let body = Limited::new(answer.into_body(), ANSWER_LIMIT);
        let _ = body.collect().await;
        if status.is_success() {
            Ok(())
        } else if is_passing(status) {
            Err(Undelivered::Later(format!("it answered {status}")))
        } else {
            Err(Undelivered::Refused(format!("it answered {status}")))
        }
    }
}

/// The statuses after which a message may be sent again (OTLP 1.x, "Retryable Response Codes").
const fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

impl Collector for Otlp {
    async fn post(&self, path: &'static str, body: Vec<u8>) -> Result<(), Undelivered> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.url.join(path))
            .body(Full::from(body));
        let mut request = request.map_err(|error| Undelivered::Refused(error.to_string()))?;
        let headers = request.headers_mut();
        headers.extend(self.headers.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match tokio::time::timeout(TIMEOUT, self.exchange(request)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Undelivered::Later("it did not answer in time".to_owned())),
        }
    }

    fn now(&self) -> Timestamp {
        SystemClock.now()
    }
}

/// Reads `name: value` lines from a file that nobody else may read. A mistake is told by its line, never by its text.
fn read_headers(path: &Path) -> Result<HeaderMap, Failure> {
    let told = |what: String| {
        let fix = "write one `name: value` on each line of a file that only this user may read";
        Failure::new(Kind::Usage, format!("{}: {what}", path.display())).fix(fix)
    };
    let text = secure_file::read(path).map_err(|error| {
        let fix = error.fix();
        Failure::new(Kind::General, error.to_string()).fix(fix)
    })?;
    let text = text.ok_or_else(|| told("there is no such file".to_owned()))?;
    let mut headers = HeaderMap::new();
    for (line, number) in text.lines().map(str::trim).zip(1..) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let header = header(line);
        let (name, value) = header.ok_or_else(|| told(format!("line {number} is no header")))?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    let mut value = HeaderValue::from_str(value.trim()).ok()?;
    value.set_sensitive(true);
    Some((name.trim().parse().ok()?, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_and_a_bad_line_is_not_repeated() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("headers");
        let text = "# for the collector\nauthorization: Bearer hunter2\n\nx-team: a\n";
        secure_file::create(&path, text).unwrap();
        let headers = read_headers(&path).unwrap();
        assert_eq!(headers["authorization"], "Bearer hunter2");
        assert_eq!(headers.len(), 2);
        assert!(!format!("{headers:?}").contains("hunter2"));
        secure_file::replace(&path, "x: 1\nhunter2\n").unwrap();
        let failure = read_headers(&path).unwrap_err();
        assert!(failure.detail().contains("line 2"), "{failure:?}");
        assert!(!failure.detail().contains("hunter2"));
    }
}
