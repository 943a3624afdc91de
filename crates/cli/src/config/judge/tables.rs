//! What the tables of the file mean, each by itself.

use super::{first_of, path};
use crate::config::collector_url::CollectorUrl;
use crate::config::file::Values;
use crate::config::problem::Problem;
use crate::config::settings::{
    DoorSettings, MessageSettings, MetricsReaders, NotificationSettings, PrivateUpstreams,
    TelemetrySettings, UpstreamSettings, WebhookPriority, WebhookSettings,
};
use crate::config::webhook_url::WebhookUrl;
use portunus_app::admission::{Pace, Paces};
use portunus_app::ledger::Keep;
use portunus_app::notifications::NotificationTerms;
use portunus_app::push::Bounds;
use portunus_core::access::Terms;
use portunus_core::admission::TrustedProxies;
use portunus_core::message::terms;
use portunus_core::notification::Priority;
use portunus_core::session::SessionTerms;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

const MIB: usize = 1024 * 1024;

fn seconds(file: &Values, section: &str, name: &str, default: u64) -> Duration {
    Duration::from_secs(file.number(section, name).unwrap_or(default))
}

pub(super) fn drain_timeout(file: &Values) -> Duration {
    seconds(file, "drain", "timeout_s", 120)
}

pub(super) fn limits(file: &Values) -> Paces {
    let number = |name| {
        let number = file.number("limits", name);
        number.and_then(|number| u32::try_from(number).ok())
    };
    let pace = |rate, burst, default: Pace| Pace {
        rate: number(rate).unwrap_or(default.rate),
        burst: number(burst)
            .and_then(NonZeroU32::new)
            .unwrap_or(default.burst),
    };
    let default = Paces::default();
    Paces {
        vital: pace("vital_per_minute", "vital_burst", default.vital),
        control: pace("control_per_minute", "control_burst", default.control),
        llm: pace("llm_per_minute", "llm_burst", default.llm),
        unverified: pace(
            "unverified_per_second",
            "unverified_burst",
            default.unverified,
        ),
    }
}

/// `None` means that a mistake was noted.
pub(super) fn trusted_proxies(
    file: &Values,
    problems: &mut Vec<Problem>,
) -> Option<TrustedProxies> {
    let Some((place, texts)) = file.texts("", "trusted_proxies") else {
        return Some(TrustedProxies::default());
    };
    let read = TrustedProxies::read(texts.iter().map(String::as_str));
    let mistake = |(at, error): (usize, _)| {
        let text = texts.get(at).map_or("", String::as_str);
        problems.push(Problem {
            place,
            what: format!("`{text}` in trusted_proxies is {error}"),
            instead: "write addresses and networks, such as 127.0.0.1 or 10.0.0.0/8".to_owned(),
        });
    };
    read.map_err(mistake).ok()
}

pub(super) fn decisions(file: &Values) -> Keep {
    let default = Keep::default();
    let number = |name| file.number("decisions", name);
    Keep {
        days: number("keep_days")
            .and_then(|days| u32::try_from(days).ok())
            .unwrap_or(default.days),
        bytes: number("keep_mib").map_or(default.bytes, |mib| mib << 20),
    }
}

pub(super) fn messages(file: &Values) -> MessageSettings {
    let number = |name| file.number("messages", name);
    MessageSettings {
        keep_days: number("keep_days").unwrap_or(terms::RETENTION_DAYS),
        inbox_length: number("inbox_length").unwrap_or(terms::INBOX_LENGTH),
        outbox_mib: number("outbox_mib").unwrap_or(terms::MIB_PER_SENDER),
    }
}

pub(super) fn push(file: &Values) -> Bounds {
    let default = Bounds::default();
    let count = |name, usual| {
        let number = file.number("push", name);
        number
            .and_then(|number| usize::try_from(number).ok())
            .unwrap_or(usual)
    };
    Bounds {
        node: count("max_connections", default.node),
        each: count("max_per_principal", default.each),
    }
}

pub(super) fn access_tokens(file: &Values) -> Terms {
    let default = Terms::default();
    let millis = |name, usual| {
        let seconds = file.number("access_tokens", name);
        seconds.map_or(usual, |seconds| seconds * 1_000)
    };
    Terms {
        life_ms: millis("life_s", default.life_ms),
        grace_ms: millis("grace_s", default.grace_ms),
        family_ms: millis("family_s", default.family_ms),
    }
}

pub(super) fn sessions(file: &Values) -> SessionTerms {
    let default = SessionTerms::default();
    let number = |name| file.number("sessions", name);
    SessionTerms {
        idle_ms: number("idle_minutes").map_or(default.idle_ms, |minutes| minutes * 60_000),
        absolute_ms: number("absolute_hours")
            .map_or(default.absolute_ms, |hours| hours * 3_600_000),
    }
}

pub(super) fn metrics(file: &Values) -> MetricsReaders {
    match file.switch("metrics", "public") {
        Some(true) => MetricsReaders::Anybody,
        Some(false) | None => MetricsReaders::WithScope,
    }
}

pub(super) fn telemetry(file: &Values, problems: &mut Vec<Problem>) -> Option<TelemetrySettings> {
    let endpoint = file.text("telemetry", "otlp_endpoint");
    let endpoint = endpoint.map(|(place, text)| (place, text.to_owned()));
    Some(TelemetrySettings {
        endpoint: first_of(endpoint, CollectorUrl::read, problems).ok()?,
        headers_file: path(None, None, file.text("telemetry", "otlp_headers_file")),
    })
}

pub(super) fn webhook(
    file: &Values,
    section: &str,
    problems: &mut Vec<Problem>,
) -> Option<WebhookSettings> {
    let url = file.text(section, "webhook_url");
    let secret = file.text(section, "webhook_secret_file");
    if let (Some((place, _)), None) = (&url, &secret) {
        problems.push(Problem {
            place: place.clone(),
            what: "`webhook_url` is there without `webhook_secret_file`".to_owned(),
            instead: "name a file with the secret that messages are signed with".to_owned(),
        });
        return None;
    }
    let url = url.map(|(place, text)| (place, text.to_owned()));
    Some(WebhookSettings {
        url: first_of(url, WebhookUrl::read, problems).ok()?,
        secret_file: path(None, None, secret),
    })
}

pub(super) fn notifications(
    file: &Values,
    problems: &mut Vec<Problem>,
) -> Option<NotificationSettings> {
    let number = |name| file.number("notifications", name);
    let count = |name| {
        let number = number(name).and_then(|number| u32::try_from(number).ok());
        number.and_then(NonZeroU32::new)
    };
    let default = NotificationTerms::default();
    let terms = NotificationTerms {
        per_hour: count("per_hour").unwrap_or(default.per_hour),
        burst: count("burst").unwrap_or(default.burst),
        keep_days: number("keep_days").unwrap_or(default.keep_days),
        keep_most: number("keep_most").unwrap_or(default.keep_most),
    };
    let least = file.text("notifications", "webhook_min_priority");
    let least = least.map(|(place, text)| (place, text.to_owned()));
    let least = first_of(least, read_priority, problems);
    let webhook = webhook(file, "notifications", problems);
    Some(NotificationSettings {
        terms,
        webhook: webhook?,
        webhook_min_priority: least.ok()?.unwrap_or_default(),
    })
}

fn read_priority(text: &str) -> Result<WebhookPriority, (String, String)> {
    let priority = Priority::from_name(text).map(WebhookPriority);
    priority.ok_or_else(|| {
        (
            format!("`{text}` is no priority"),
            "write low, normal, high or urgent".to_owned(),
        )
    })
}

pub(super) fn upstream(file: &Values, listen: SocketAddr) -> UpstreamSettings {
    let allowed = file
        .switch("upstream", "allow_private")
        .unwrap_or_else(|| listen.ip().is_loopback());
    UpstreamSettings {
        private: if allowed {
            PrivateUpstreams::Allowed
        } else {
            PrivateUpstreams::Refused
        },
        connect_timeout: seconds(file, "upstream", "connect_timeout_s", 10),
        first_byte_timeout: seconds(file, "upstream", "first_byte_timeout_s", 120),
        answer_timeout: seconds(file, "upstream", "answer_timeout_s", 600),
        idle_timeout: seconds(file, "upstream", "idle_timeout_s", 300),
    }
}

pub(super) fn door(file: &Values) -> DoorSettings {
    let number = |name| {
        file.number("door", name)
            .and_then(|number| usize::try_from(number).ok())
    };
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    DoorSettings {
        workers: number("workers")
            .and_then(NonZeroUsize::new)
            .unwrap_or(cores),
        body_limit: number("body_limit_mib").unwrap_or(32).saturating_mul(MIB),
    }
}
