//! `portunus login` and `logout`: keep a checked token in the credentials file, or forget it.

use crate::args::session::LoginArgs;
use crate::client::{BaseUrl, Client, Credentials, CredentialsFile, DEFAULT_URL, Removed, Target};
use crate::config::{Environment, ProcessEnvironment};
use crate::failure::Failure;
use crate::{output, secret_input};
use portunus_api::tokens::PrincipalKind;
use portunus_api::whoami::WhoAmI;

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
    let what = format!("The token for {url}");
    let token = secret_input::read(
        args.from_env.as_deref(),
        &what,
        "portunus login < operator.token",
        &environment,
    )?;
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
