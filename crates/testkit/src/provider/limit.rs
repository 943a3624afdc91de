//! Limits of one key: so many requests per window, told in the headers of one of three real styles.
//!
//! A window opens with its first request and ends on a whole second, because two of the styles tell whole seconds
//! and the provider should keep its word exactly.

use portunus_core::time::Timestamp;
use std::time::Duration;

/// How a provider tells its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitStyle {
    /// `anthropic-ratelimit-requests-{limit,remaining,reset}` with RFC 3339 resets, `retry-after` in seconds.
    AnthropicApiKey,
    /// `anthropic-ratelimit-unified-*` with a `5h` window in epoch seconds and utilization.
    AnthropicUnified,
    /// `x-ratelimit-{limit,remaining,reset}-requests` with durations such as `1m2s`.
    OpenAi,
}

/// So many requests per window.
#[derive(Clone, Debug)]
pub struct Limit {
    pub(crate) requests: u64,
    pub(crate) per: Duration,
    pub(crate) style: LimitStyle,
    pub(crate) models: Option<String>,
    window: Option<Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    ends: Timestamp,
    used: u64,
}

/// What a limit says to one request.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Within the limit.
    Allowed(Vec<(String, String)>),
    /// Beyond it: 429.
    Rejected(Vec<(String, String)>),
}

impl Limit {
    /// At most `requests` in every window of `per`.
    #[must_use]
    pub const fn new(requests: u64, per: Duration, style: LimitStyle) -> Self {
        Self {
            requests,
            per,
            style,
            models: None,
            window: None,
        }
    }

    /// Counts only requests for models whose name contains `part`.
    #[must_use]
    pub fn for_models(mut self, part: &str) -> Self {
        self.models = Some(part.to_owned());
        self
    }

    /// Spends what is left of a window that begins now, as though others had used the key.
    #[must_use]
    pub fn spent_at(mut self, now: Timestamp) -> Self {
        self.window = Some(Window {
            ends: self.end_of_window(now),
            used: self.requests,
        });
        self
    }

    pub(crate) fn binds(&self, model: &str) -> bool {
        self.models
            .as_deref()
            .is_none_or(|part| model.contains(part))
    }

    fn end_of_window(&self, now: Timestamp) -> Timestamp {
        let end = now.plus_ms(crate::clock::millis(self.per)).as_millis();
        Timestamp::from_secs(end.div_ceil(1000))
    }

    /// Counts one request and says what the provider says.
    pub(crate) fn charge(&mut self, now: Timestamp) -> Verdict {
        let fresh = Window {
            ends: self.end_of_window(now),
            used: 0,
        };
        let mut window = self.window.filter(|w| w.ends > now).unwrap_or(fresh);
        let allowed = window.used < self.requests;
        if allowed {
            window.used += 1;
        }
        self.window = Some(window);
        if allowed {
            Verdict::Allowed(self.headers(window, now, true))
        } else {
            Verdict::Rejected(self.headers(window, now, false))
        }
    }

    fn headers(&self, window: Window, now: Timestamp, allowed: bool) -> Vec<(String, String)> {
        let left = self.requests.saturating_sub(window.used);
        let wait_ms = now.ms_until(window.ends);
        let mut out: Vec<(&str, String)> = match self.style {
            LimitStyle::AnthropicApiKey => vec![
                (
                    "anthropic-ratelimit-requests-limit",
                    self.requests.to_string(),
                ),
                ("anthropic-ratelimit-requests-remaining", left.to_string()),
                ("anthropic-ratelimit-requests-reset", rfc3339(window.ends)),
            ],
            LimitStyle::AnthropicUnified => self.unified(window, allowed),
            LimitStyle::OpenAi => vec![
                ("x-ratelimit-limit-requests", self.requests.to_string()),
                ("x-ratelimit-remaining-requests", left.to_string()),
                ("x-ratelimit-reset-requests", go_duration(wait_ms)),
            ],
        };
        if !allowed {
            out.push(("retry-after", wait_ms.div_ceil(1000).to_string()));
        }
        out.into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    fn unified(&self, window: Window, allowed: bool) -> Vec<(&'static str, String)> {
        let status = if allowed { "allowed" } else { "rejected" };
        let per_mille = window.used.saturating_mul(1000) / self.requests.max(1);
        let spent = format!("{}.{:03}", per_mille / 1000, per_mille % 1000);
        let reset = (window.ends.as_millis() / 1000).to_string();
        vec![
            ("anthropic-ratelimit-unified-status", status.to_owned()),
            ("anthropic-ratelimit-unified-reset", reset.clone()),
            ("anthropic-ratelimit-unified-5h-status", status.to_owned()),
            ("anthropic-ratelimit-unified-5h-reset", reset),
            ("anthropic-ratelimit-unified-5h-utilization", spent),
            (
                "anthropic-ratelimit-unified-representative-claim",
                "five_hour".to_owned(),
            ),
        ]
    }
}

fn rfc3339(moment: Timestamp) -> String {
    i64::try_from(moment.as_millis() / 1000)
        .ok()
        .and_then(|secs| jiff::Timestamp::from_second(secs).ok())
        .map_or_else(String::new, |t| t.to_string())
}

/// `1m2s`, `3.25s`, `100ms`: durations as Go prints them.
fn go_duration(ms: u64) -> String {
    let (minutes, rest) = (ms / 60_000, ms % 60_000);
    match (minutes, rest) {
        (0, ms) if ms < 1000 => format!("{ms}ms"),
        (0, ms) if ms % 1000 == 0 => format!("{}s", ms / 1000),
        (0, ms) => format!("{}.{:03}s", ms / 1000, ms % 1000),
        (minutes, ms) => format!("{minutes}m{}s", ms.div_ceil(1000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_rejects_after_its_last_request_and_opens_again_at_its_reset() {
        let mut limit = Limit::new(2, Duration::from_secs(3), LimitStyle::AnthropicApiKey);
        let now = Timestamp::from_millis(1_000_400);
        assert!(matches!(limit.charge(now), Verdict::Allowed(_)));
        assert!(matches!(limit.charge(now), Verdict::Allowed(_)));
        let Verdict::Rejected(headers) = limit.charge(now) else {
            panic!("a third request in the window");
        };
        assert!(headers.contains(&("retry-after".into(), "4".into())));
        assert!(headers.contains(&(
            "anthropic-ratelimit-requests-reset".into(),
            "1970-01-01T00:16:44Z".into()
        )));
        let reset = Timestamp::from_secs(1004);
        assert!(matches!(limit.charge(reset), Verdict::Allowed(_)));
    }

    #[test]
    fn durations_read_as_go_prints_them() {
        assert_eq!(go_duration(100), "100ms");
        assert_eq!(go_duration(1000), "1s");
        assert_eq!(go_duration(3250), "3.250s");
        assert_eq!(go_duration(62_000), "1m2s");
    }
}
