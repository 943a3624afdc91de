//! `portunus run`: from what was typed to a broker with a program beside it.

mod log;
mod token;

use crate::args::run::RunArgs;
use crate::client::{BaseUrl, CredentialsFile, DEFAULT_URL, pins_saved, pins_told, remedy};
use crate::config::{Environment, ProcessEnvironment};
use crate::failure::{Failure, Kind};
use portunus_broker::child::environment::may_hold_handle;
use portunus_broker::child::user::{User, UserError};
use portunus_broker::child::{Input, Launch, StageError, become_child};
use portunus_broker::{BrokerError, Settings, TokenSource};
use portunus_client::{AddressError, BuildError, Endpoint, Pin};
use portunus_core::name::Slug;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::ExitCode;
use std::time::Duration;

/// Runs the program to its end, with its exit code.
pub(super) fn run(args: RunArgs) -> Result<ExitCode, Failure> {
    if let Some(broker) = args.child_of {
        return Err(not_begun(&become_child(broker, &args.command)));
    }
    portunus_broker::seclude().map_err(|error| {
        Failure::new(
            Kind::General,
            format!("this process cannot be closed to others: {error}"),
        )
    })?;
    let Some(agent) = args.agent.clone() else {
        return Err(
            Failure::new(Kind::Usage, "which agent is meant is not said").fix("--agent NAME"),
        );
    };
    refuse_what_cannot_be_meant(&args)?;
    log::start(args.log.as_deref())?;
    let settings = settings(args, agent)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Kind::General, format!("cannot start: {error}")))?;
    let code = runtime
        .block_on(portunus_broker::run(settings))
        .map_err(failed)?;
    // What still runs, a hook for instance, is not waited for.
    runtime.shutdown_background();
    Ok(ExitCode::from(code))
}

/// What would be taken and do harm later: messages would be acknowledged that nobody worked on, or the program would not begin.
fn refuse_what_cannot_be_meant(args: &RunArgs) -> Result<(), Failure> {
    if args
        .on_message
        .as_deref()
        .is_some_and(|command| command.trim().is_empty())
    {
        return Err(
            Failure::new(Kind::Usage, "the command of --on-message is empty")
                .fix("give the command that is run for each message, or leave --on-message out"),
        );
    }
    for name in &args.handle_in {
        may_hold_handle(name).map_err(|error| {
            Failure::new(Kind::Usage, format!("--handle-in {error}"))
                .fix("name a variable of the program's that nothing else stands in, such as ANTHROPIC_API_KEY")
        })?;
    }
    Ok(())
}

fn settings(args: RunArgs, agent: Slug) -> Result<Settings, Failure> {
    let token = token::find(&args, &agent, &ProcessEnvironment)?;
    let input = match (&token, &args.token_file) {
        (TokenSource::Given(_), Some(_)) => Input::Empty,
        _ => Input::Inherited,
    };
    Ok(Settings {
        agent,
        planes: addresses(&args.url, &args.pin, &ProcessEnvironment)?,
        token,
        listen: args.listen,
        max_wait: Duration::from_millis(args.max_wait.millis),
        cadence: args.cadence,
        on_message: args.on_message,
        tell: log::teller(args.log.as_deref()),
        handle_in: args.handle_in,
        launch: Launch {
            stage: stage(args.json),
            command: args.command,
            user: args.user.as_deref().map(user).transpose()?,
            input,
        },
    })
}

/// The words that make this binary the child, which tells its failures as the broker does.
fn stage(json: bool) -> Vec<OsString> {
    let words: &[&str] = match json {
        true => &["run", "--json", "--child-of"],
        false => &["run", "--child-of"],
    };
    words.iter().map(OsString::from).collect()
}

/// Why the program did not begin, with the exit code that a shell would end with.
fn not_begun(error: &StageError) -> Failure {
    let fix = match error {
        StageError::Program { cause, .. } if cause.kind() == ErrorKind::NotFound => {
            "check the name, or give its path"
        }
        StageError::Program { .. } => "check that it is a program and may be executed",
        StageError::NoBroker | StageError::NoTie(_) => "start it anew with `portunus run`",
    };
    let failure = Failure::new(Kind::General, error.to_string()).fix(fix);
    failure.ending_with(error.exit_code())
}

/// The plane's addresses: as typed, or from `PORTUNUS_URL` with commas between them, or as saved, or the usual one; and the
/// pins: as typed, or from `PORTUNUS_PIN`, or as saved with the address.
fn addresses(
    typed: &[String],
    pins: &[Pin],
    environment: &dyn Environment,
) -> Result<Vec<Endpoint>, Failure> {
    let told = environment.variable("PORTUNUS_URL");
    let told = told.map(|text| text.to_string_lossy().into_owned());
    let told = told.as_deref().unwrap_or_default().split(',');
    let told: Vec<&str> = told
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .collect();
    // Who never signed in here has no such file, or not even a home.
    let saved = CredentialsFile::locate(environment).and_then(|file| file.read());
    let saved = saved.ok().flatten();
    let texts: Vec<String> = if !typed.is_empty() {
        typed.to_vec()
    } else if !told.is_empty() {
        told.into_iter().map(str::to_owned).collect()
    } else {
        let saved = saved.as_ref().map(|saved| saved.url.to_string());
        vec![saved.unwrap_or_else(|| DEFAULT_URL.to_owned())]
    };
    let pins = match pins {
        [] => pins_told(environment)?,
        typed => Some(typed.to_vec()),
    };
    let address = |text: &String| match &pins {
        Some(pins) => address(text, pins),
        None => {
            let url = BaseUrl::parse(text).ok();
            let pins = url.map(|url| pins_saved(saved.as_ref(), &url));
            address(text, &pins.unwrap_or_default())
        }
    };
    let read: Result<_, _> = texts.iter().map(address).collect();
    read.map_err(|error: AddressError| {
        // Not repeated: what stands before an @ may be a password.
        let failure = Failure::new(Kind::Usage, format!("an address of the plane {error}"));
        match typed.iter().any(|text| text.contains(',')) {
            true => failure.fix(
                "give each address its own --url: --url https://a.example --url https://b.example",
            ),
            false => failure,
        }
    })
}

fn address(text: &str, pins: &[Pin]) -> Result<Endpoint, AddressError> {
    pins.iter()
        .cloned()
        .try_fold(text.parse()?, Endpoint::pinned)
}

fn user(wanted: &str) -> Result<User, Failure> {
    if !rustix::process::geteuid().is_root() {
        return Err(
            Failure::new(Kind::Usage, "--as needs root, to become somebody else")
                .fix("start this as root, or leave --as out"),
        );
    }
    let passwd = std::fs::read_to_string("/etc/passwd");
    let passwd = passwd.map_err(|error| {
        Failure::new(Kind::General, format!("cannot read /etc/passwd: {error}"))
    })?;
    User::find(&passwd, wanted).map_err(|error| {
        let fix = match &error {
            UserError::Unknown(name) => format!("create the user: useradd --system {name}"),
            UserError::Root => "name a user of its own".to_owned(),
        };
        Failure::new(Kind::Usage, error.to_string()).fix(fix)
    })
}

fn failed(error: BrokerError) -> Failure {
    let trust;
    let (kind, fix) = match &error {
        BrokerError::NotLoopback(_) => (Kind::Usage, "listen on 127.0.0.1 or [::1]"),
        BrokerError::Listen(..) => (
            Kind::General,
            "name another port, or none: --listen 127.0.0.1:0",
        ),
        BrokerError::Strangers { last, .. } => {
            trust = remedy(last, |pin| format!("--pin {pin}")).unwrap_or_default();
            (Kind::Authentication, trust.as_str())
        }
        BrokerError::Unusable(BuildError::NoRoots) => (
            Kind::General,
            "install the system's CA certificates, or name a bundle with SSL_CERT_FILE",
        ),
        BrokerError::Unusable(_) => (
            Kind::Usage,
            "give the token as `portunus agents create` printed it",
        ),
        BrokerError::NoToken(_) => (Kind::Authentication, "name its file with --token-file"),
        BrokerError::NotAccepted { .. } => (
            Kind::Authentication,
            "an operator can issue a fresh one: portunus tokens rotate NAME",
        ),
        BrokerError::Operators(..) | BrokerError::NotAnAgents(..) => (
            Kind::Authentication,
            "give the agent's, as `portunus agents create` printed it, with --token-file FILE",
        ),
        BrokerError::SomebodyElse(..) => (
            Kind::Authentication,
            "name the agent that the token is for, or give the token of the agent that is named",
        ),
        BrokerError::NoLeash(_) => (
            Kind::General,
            "allow pidfd_open, which Linux has since 5.3, or have the program take its messages itself: GET /portunus/inbox",
        ),
        BrokerError::NoRandomness(_) | BrokerError::Child(_) => (Kind::General, ""),
    };
    Failure::new(kind, error.to_string()).fix(fix)
}
