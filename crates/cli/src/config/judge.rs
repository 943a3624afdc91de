//! Decides what each setting means, from all the places where it was given.

mod tables;

use super::Environment;
use super::file::Values;
use super::log_level::{default_filter, read_filter};
use super::problem::{Place, Problem};
use super::public_url::PublicUrl;
use super::settings::{
    LogFilter, LogFormat, LogSettings, NotificationSettings, ServeSettings, TelemetrySettings,
    WebhookSettings,
};
use crate::args::serve::ServeArgs;
use portunus_app::admission::Paces;
use portunus_core::admission::TrustedProxies;
use std::io::IsTerminal;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

const DEFAULT_PORT: u16 = 7070;

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
    let telemetry = tables::telemetry(file, problems);
    let alarms = tables::webhook(file, "alarms", problems);
    let notifications = tables::notifications(file, problems);
    let trusted_proxies = tables::trusted_proxies(file, problems);
    let listen = listen?;
    Some(ServeSettings {
        listen,
        data_dir: data_dir?,
        operator_token_file,
        public_url: public_url.ok()?,
        log: log?,
        upstream: tables::upstream(file, listen),
        door: tables::door(file),
        drain_timeout: tables::drain_timeout(file),
        limits: tables::limits(file),
        trusted_proxies: trusted_proxies?,
        decisions: tables::decisions(file),
        messages: tables::messages(file),
        push: tables::push(file),
        access_tokens: tables::access_tokens(file),
        sessions: tables::sessions(file),
        metrics: tables::metrics(file),
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
        upstream: tables::upstream(&nothing, listen),
        door: tables::door(&nothing),
        drain_timeout: tables::drain_timeout(&nothing),
        limits: Paces::default(),
        trusted_proxies: TrustedProxies::default(),
        decisions: tables::decisions(&nothing),
        messages: tables::messages(&nothing),
        push: tables::push(&nothing),
        access_tokens: tables::access_tokens(&nothing),
        sessions: tables::sessions(&nothing),
        metrics: tables::metrics(&nothing),
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
