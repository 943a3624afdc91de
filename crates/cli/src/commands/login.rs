//! `portunus login` and `logout`: keep a checked token in the credentials file, or forget it.

use crate::args::session::LoginArgs;
use crate::client::{BaseUrl, Client, Credentials, CredentialsFile, DEFAULT_URL, Removed, Target};
use crate::config::{Environment, ProcessEnvironment};
use crate::failure::{Failure, Kind};
use crate::{output, secret_input};
use portunus_api::SecretText;
use portunus_api::sessions::{SignIn, SignedIn};
use portunus_api::tokens::PrincipalKind;
use portunus_api::whoami::WhoAmI;
use portunus_core::secret::Secret;

/// Asks for a token, checks it with the plane, keeps it.
pub(super) async fn login(args: LoginArgs) -> Result<(), Failure> {
    let environment = ProcessEnvironment;
    let file = CredentialsFile::locate(&environment)?;
    let url = match args.url {
        Some(url) => url,
        None => environment.variable("PORTUNUS_URL").map_or_else(
            || DEFAULT_URL.to_owned(),
            |url| url.to_string_lossy().into(),
        ),
    };
    let url = BaseUrl::parse(&url)?;
    if !url.is_encrypted() && !url.is_loopback() {
        output::remark(&format!("warning: the token travels to {url} unencrypted"));
    }
    let from_env = args.from_env.as_deref();
    let token = match &args.operator {
        Some(operator) => {
            let device = args.device.as_ref().map(ToString::to_string);
            by_password(&url, operator, device, from_env, &environment).await?
        }
        None => {
            let what = format!("The token for {url}");
            let how = "portunus login < operator.token";
            secret_input::read(from_env, &what, how, &environment)?
        }
    };
    let client = Client::new(Target {
        url: url.clone(),
        source: "name another one if this is wrong",
        token: token.clone(),
    })?;
    let me: WhoAmI = client.get("/whoami", &[]).await?.read()?;
    let kind = match me.kind {
        PrincipalKind::Agent => "agent",
        PrincipalKind::Operator => "operator",
    };
    let text = format!(
        "Signed in to {url} as {kind} {}.\n",
        output::plain(&me.name)
    );
    let replaced = operator_of(&file, &url).await;
    file.save(&Credentials { url, token })?;
    output::print(&text)?;
    if let (PrincipalKind::Agent, Some(operator)) = (me.kind, replaced) {
        output::remark(&format!(
            "warning: this replaced the session of operator {operator}, and an agent may administer nothing; \
             to be the operator again, run `portunus login` with the operator's token"
        ));
    }
    warn_of_variables(&environment);
    Ok(())
}

/// Signs in by a password and pairs this machine; the token of the device is what is kept.
async fn by_password(
    url: &BaseUrl,
    operator: &str,
    device: Option<String>,
    from_env: Option<&str>,
    environment: &dyn Environment,
) -> Result<Secret, Failure> {
    let what = format!("The password of {operator} at {url}");
    let password = secret_input::password(from_env, &what, environment)?;
    let device = device.unwrap_or_else(this_machine);
    let client = Client::new(Target {
        url: url.clone(),
        source: "name another one if this is wrong",
        token: Secret::new(String::new()),
    })?;
    let body = SignIn {
        operator: Some(operator.to_owned()),
        password: Some(SecretText::new(password.expose().to_owned())),
        pair: Some(device.clone()),
    };
    let answer = client.post("/sessions", &body).await.map_err(|failure| {
        if failure.kind() == Kind::Conflict {
            let fix = format!("name this one otherwise with --device, or unpair {device} first: portunus operators unpair {device}");
            return failure.fix(fix);
        }
        failure
    })?;
    let signed_in: SignedIn = answer.read()?;
    let token = signed_in.device_token.ok_or_else(|| {
        Failure::new(Kind::General, "the plane paired no device")
            .fix("use a portunus of the plane's version")
    })?;
    Ok(Secret::new(token.expose().to_owned()))
}

/// The name of this machine, as far as a device can have it.
fn this_machine() -> String {
    let told = std::env::var("HOSTNAME").or_else(|_| std::fs::read_to_string("/etc/hostname"));
    let name = told.unwrap_or_default();
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' {
            c
        } else {
            '-'
        }
    };
    let name: String = name.trim().chars().map(plain).take(63).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "cli" } else { name }.to_owned()
}

/// The operator who was signed in at `url` so far, if the saved token still proves one.
async fn operator_of(file: &CredentialsFile, url: &BaseUrl) -> Option<String> {
    let saved = file.read().ok()??;
    // Asked of the same plane only: another one may be out of reach, and it is not what is replaced by mistake.
    let saved = (saved.url == *url).then_some(saved)?;
    let client = Client::new(Target {
        url: saved.url,
        source: "",
        token: saved.token,
    });
    let me: WhoAmI = client.ok()?.get("/whoami", &[]).await.ok()?.read().ok()?;
    (me.kind == PrincipalKind::Operator).then_some(me.name)
}

/// Forgets address and token.
pub(super) fn logout() -> Result<(), Failure> {
    let environment = ProcessEnvironment;
    let file = CredentialsFile::locate(&environment)?;
    let path = file.path().display().to_string();
    match file.remove()? {
        Removed::Yes => output::print(&format!("Removed {path}.\n"))?,
        Removed::WasAbsent => output::print("Nothing was saved.\n")?,
    }
    warn_of_variables(&environment);
    Ok(())
}

fn warn_of_variables(environment: &dyn Environment) {
    for name in ["PORTUNUS_URL", "PORTUNUS_TOKEN"] {
        if environment.variable(name).is_some() {
            output::remark(&format!("note: {name} is set and wins over what is saved"));
        }
    }
}
