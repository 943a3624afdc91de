//! Decides what each setting means, from all the places where it was given.

use super::Environment;
use super::collector_url::CollectorUrl;
use super::file::Values;
use super::log_level::{default_filter, read_filter};
use super::problem::{Place, Problem};
use super::public_url::PublicUrl;
use super::settings::{
    DoorSettings, LogFilter, LogFormat, LogSettings, MessageSettings, MetricsReaders,
    NotificationSettings, PrivateUpstreams, ServeSettings, TelemetrySettings, UpstreamSettings,
    WebhookPriority, WebhookSettings,
};
use super::webhook_url::WebhookUrl;
use crate::args::serve::ServeArgs;
use portunus_app::admission::{Pace, Paces};
use portunus_app::ledger::Keep;
use portunus_app::notifications::NotificationTerms;
use portunus_app::push::Bounds;
use portunus_core::access::Terms;
use portunus_core::admission::TrustedProxies;
use portunus_core::message::terms;
use portunus_core::notification::Priority;
use portunus_core::session::SessionTerms;
use std::io::IsTerminal;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

const DEFAULT_PORT: u16 = 7070;
const MIB: usize = 1024 * 1024;

/// The settings; `None` only when a problem was noted.
pub(super) fn settings(
    args: &ServeArgs,
    environment: &dyn Environment,
    file: &Values,
    problems: &mut Vec<Problem>,
) -> Option<ServeSettings> {
    let listen = listen(args, environment, file, problems);
    let log = log(args, environment, file, problems);
    let data_dir = path(
        args.data_dir.as_ref(),
        environment.variable("PORTUNUS_DATA_DIR").map(Into::into),
        file.text("", "data_dir"),
    )
    .or_else(|| default_data_dir(environment, problems));
    let operator_token_file = path(
        args.operator_token_file.as_ref(),
        environment
            .variable("PORTUNUS_OPERATOR_TOKEN_FILE")
            .map(Into::into),
        file.text("", "operator_token_file"),
    );
    let public_url = file.text("", "public_url");
    let public_url = public_url.map(|(place, text)| (place, text.to_owned()));
    let public_url = first_of(public_url, PublicUrl::read, problems);
    let telemetry = telemetry(file, problems);
    let alarms = webhook(file, "alarms", problems);
    let notifications = notifications(file, problems);
    let trusted_proxies = trusted_proxies(file, problems);
    let listen = listen?;
    Some(ServeSettings {
        listen,
        data_dir: data_dir?,
        operator_token_file,
        public_url: public_url.ok()?,
        log: log?,
        upstream: upstream(file, listen),
        door: door(file),
        drain_timeout: drain_timeout(file),
        limits: limits(file),
        trusted_proxies: trusted_proxies?,
        decisions: decisions(file),
        messages: messages(file),
        push: push(file),
        access_tokens: access_tokens(file),
        sessions: sessions(file),
        metrics: metrics(file),
        telemetry: telemetry?,
        alarms: alarms?,
        notifications: notifications?,
        prices: file.prices().to_vec(),
    })
}

/// What is meant when nothing more is said than an address and a directory.
pub(super) fn defaults(listen: SocketAddr, data_dir: PathBuf) -> ServeSettings {
    let nothing = Values::default();
    ServeSettings {
        listen,
        data_dir,
        operator_token_file: None,
        public_url: None,
        log: LogSettings {
            format: default_format(),
            filter: LogFilter(default_filter()),
        },
        upstream: upstream(&nothing, listen),
        door: door(&nothing),
        drain_timeout: drain_timeout(&nothing),
        limits: Paces::default(),
        trusted_proxies: TrustedProxies::default(),
        decisions: decisions(&nothing),
        messages: messages(&nothing),
        push: push(&nothing),
        access_tokens: access_tokens(&nothing),
        sessions: sessions(&nothing),
        metrics: metrics(&nothing),
        telemetry: TelemetrySettings::default(),
        alarms: WebhookSettings::default(),
        notifications: NotificationSettings::default(),
        prices: Vec::new(),
    }
}

/// Reads every given text with `read`; the first place wins, all mistakes are noted.
///
/// `Err` means that a mistake was noted, `Ok(None)` that nothing was given.
fn first_of<T>(
    given: impl IntoIterator<Item = (Place, String)>,
    read: impl Fn(&str) -> Result<T, (String, String)>,
    problems: &mut Vec<Problem>,
) -> Result<Option<T>, ()> {
    let mut winner = Ok(None);
    for (place, text) in given {
        match read(&text) {
            Ok(value) => {
                if matches!(winner, Ok(None)) {
                    winner = Ok(Some(value));
                }
            }
            Err((what, instead)) => {
                problems.push(Problem {
                    place,
                    what,
                    instead,
                });
                winner = Err(());
            }
        }
    }
    winner
}

fn given(
    flag: Option<(&'static str, &String)>,
    variable: &'static str,
    environment: &dyn Environment,
    line: Option<(Place, &str)>,
) -> Vec<(Place, String)> {
    let flag = flag.map(|(name, text)| (Place::Flag(name), text.clone()));
    let variable = environment.variable(variable).map(|text| {
        (
            Place::Variable(variable),
            text.to_string_lossy().into_owned(),
        )
    });
    let line = line.map(|(place, text)| (place, text.to_owned()));
    flag.into_iter().chain(variable).chain(line).collect()
}

fn listen(
    args: &ServeArgs,
    environment: &dyn Environment,
    file: &Values,
    problems: &mut Vec<Problem>,
) -> Option<SocketAddr> {
    let given = given(
        args.listen.as_ref().map(|text| ("--listen", text)),
        "PORTUNUS_LISTEN",
        environment,
        file.text("", "listen"),
    );
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT));
    first_of(given, read_listen, problems)
        .ok()
        .map(|address| address.unwrap_or(default))
}

fn read_listen(text: &str) -> Result<SocketAddr, (String, String)> {
    text.parse().map_err(|_| {
        let instead = match (text.parse::<u16>(), text.strip_prefix(':')) {
            (Ok(port), _) => format!("write 127.0.0.1:{port}, or 0.0.0.0:{port} for all networks"),
            (_, Some(port)) => {
                format!("write 0.0.0.0:{port} for all networks, or 127.0.0.1:{port}")
            }
            _ if text.parse::<std::net::IpAddr>().is_ok() => {
                let host = if text.contains(':') {
                    format!("[{text}]")
                } else {
                    text.to_owned()
                };
                format!("add a port: {host}:{DEFAULT_PORT}")
            }
            _ if text.starts_with("localhost:") => text.replacen("localhost", "127.0.0.1", 1),
            _ => "write an address and a port, such as 127.0.0.1:7070 or [::]:7070".to_owned(),
        };
        (format!("`{text}` is no address to listen on"), instead)
    })
}

fn log(
    args: &ServeArgs,
    environment: &dyn Environment,
    file: &Values,
    problems: &mut Vec<Problem>,
) -> Option<LogSettings> {
    let levels = given(
        args.log.as_ref().map(|text| ("--log", text)),
        "PORTUNUS_LOG",
        environment,
        file.text("log", "level"),
    );
    let filter = first_of(levels, read_filter, problems);
    let format = file.text("log", "format");
    let format = format.map(|(place, text)| (place, text.to_owned()));
    let format = first_of(format, read_format, problems);
    Some(LogSettings {
        format: format.ok()?.unwrap_or_else(default_format),
        filter: LogFilter(filter.ok()?.unwrap_or_else(default_filter)),
    })
}

fn default_format() -> LogFormat {
    if std::io::stderr().is_terminal() {
        LogFormat::Pretty
    } else {
        LogFormat::Json
    }
}

fn read_format(text: &str) -> Result<LogFormat, (String, String)> {
    match text {
        "json" => Ok(LogFormat::Json),
        "pretty" => Ok(LogFormat::Pretty),
        _ => Err((
            format!("`format` must be json or pretty, found \"{text}\""),
            "write `format = \"json\"`".to_owned(),
        )),
    }
}

/// A path from a flag, a variable or the file; those of the file are relative to it.
fn path(
    flag: Option<&PathBuf>,
    variable: Option<PathBuf>,
    line: Option<(Place, &str)>,
) -> Option<PathBuf> {
    flag.cloned().or(variable).or_else(|| {
        let (place, text) = line?;
        let base = match &place {
            Place::Line { file, .. } => file.parent(),
            _ => None,
        };
        Some(base.unwrap_or(Path::new("")).join(text))
    })
}

fn default_data_dir(environment: &dyn Environment, problems: &mut Vec<Problem>) -> Option<PathBuf> {
    if let Some(data_home) = environment.variable("XDG_DATA_HOME") {
        return Some(PathBuf::from(data_home).join("portunus"));
    }
    if rustix::process::geteuid().is_root() {
        return Some(PathBuf::from("/var/lib/portunus"));
    }
    if let Some(home) = environment.variable("HOME") {
        return Some(PathBuf::from(home).join(".local/share/portunus"));
    }
    problems.push(Problem {
        place: Place::Default,
        what: "neither XDG_DATA_HOME nor HOME is set, so there is no default data directory"
            .to_owned(),
        instead: "name one with --data-dir".to_owned(),
    });
    None
}

fn seconds(file: &Values, section: &str, name: &str, default: u64) -> Duration {
    Duration::from_secs(file.number(section, name).unwrap_or(default))
}

fn drain_timeout(file: &Values) -> Duration {
    seconds(file, "drain", "timeout_s", 120)
}

fn limits(file: &Values) -> Paces {
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
fn trusted_proxies(file: &Values, problems: &mut Vec<Problem>) -> Option<TrustedProxies> {
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

fn decisions(file: &Values) -> Keep {
    let default = Keep::default();
    let number = |name| file.number("decisions", name);
    Keep {
        days: number("keep_days")
            .and_then(|days| u32::try_from(days).ok())
            .unwrap_or(default.days),
        bytes: number("keep_mib").map_or(default.bytes, |mib| mib << 20),
    }
}

fn messages(file: &Values) -> MessageSettings {
    let number = |name| file.number("messages", name);
    MessageSettings {
        keep_days: number("keep_days").unwrap_or(terms::RETENTION_DAYS),
        inbox_length: number("inbox_length").unwrap_or(terms::INBOX_LENGTH),
    }
}

fn push(file: &Values) -> Bounds {
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

fn access_tokens(file: &Values) -> Terms {
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

fn sessions(file: &Values) -> SessionTerms {
    let default = SessionTerms::default();
    let number = |name| file.number("sessions", name);
    SessionTerms {
        idle_ms: number("idle_minutes").map_or(default.idle_ms, |minutes| minutes * 60_000),
        absolute_ms: number("absolute_hours")
            .map_or(default.absolute_ms, |hours| hours * 3_600_000),
    }
}

fn metrics(file: &Values) -> MetricsReaders {
    match file.switch("metrics", "public") {
        Some(true) => MetricsReaders::Anybody,
        Some(false) | None => MetricsReaders::WithScope,
    }
}

fn telemetry(file: &Values, problems: &mut Vec<Problem>) -> Option<TelemetrySettings> {
    let endpoint = file.text("telemetry", "otlp_endpoint");
    let endpoint = endpoint.map(|(place, text)| (place, text.to_owned()));
    Some(TelemetrySettings {
        endpoint: first_of(endpoint, CollectorUrl::read, problems).ok()?,
        headers_file: path(None, None, file.text("telemetry", "otlp_headers_file")),
    })
}

fn webhook(file: &Values, section: &str, problems: &mut Vec<Problem>) -> Option<WebhookSettings> {
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

fn notifications(file: &Values, problems: &mut Vec<Problem>) -> Option<NotificationSettings> {
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

fn upstream(file: &Values, listen: SocketAddr) -> UpstreamSettings {
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

fn door(file: &Values) -> DoorSettings {
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
