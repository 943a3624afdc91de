//! `portunus login` and `logout`: keep a checked token in the credentials file, or forget it; what the one paired, the other
//! unpairs.

use crate::args::session::LoginArgs;
use crate::client::{
    Answer, BaseUrl, Client, Credentials, CredentialsFile, DEFAULT_URL, Removed, Target, escape,
    pins_saved, pins_told,
};
use crate::config::{Environment, ProcessEnvironment};
use crate::failure::{Failure, Kind};
use crate::{output, secret_input};
use portunus_api::devices::Device;
use portunus_api::sessions::{SignIn, SignedIn};
use portunus_api::tokens::PrincipalKind;
use portunus_api::whoami::WhoAmI;
use portunus_api::{ErrorCode, List, SecretText};
use portunus_client::Pin;
use portunus_core::secret::Secret;
use portunus_core::token::TokenKind;
use serde::de::DeserializeOwned;

/// The plane that is meant, and whose certificates alone are believed there, if there are any.
struct Place {
    url: BaseUrl,
    pins: Vec<Pin>,
}

impl Place {
    /// As typed, as told, as saved, or where a plane usually is.
    fn find(
        url: Option<String>,
        pins: Vec<Pin>,
        file: &CredentialsFile,
        environment: &dyn Environment,
    ) -> Result<Self, Failure> {
        let told = environment.variable("PORTUNUS_URL");
        let told = told.map(|url| url.to_string_lossy().into_owned());
        // A file that cannot be read is about to be written anew.
        let saved = file.read().ok().flatten();
        let url = match (url.or(told), &saved) {
            (Some(url), _) => BaseUrl::parse(&url)?,
            (None, Some(saved)) => saved.url.clone(),
            (None, None) => BaseUrl::parse(DEFAULT_URL)?,
        };
        let pins = match pins.is_empty() {
            false => pins,
            true => pins_told(environment)?.unwrap_or_else(|| pins_saved(saved.as_ref(), &url)),
        };
        Ok(Self { url, pins })
    }

    /// As the credentials file will name it.
    fn with(&self, token: Secret) -> Credentials {
        Credentials {
            url: self.url.clone(),
            token,
            pins: self.pins.clone(),
        }
    }

    /// Speaks to it before anything is saved.
    fn client(&self, token: Secret) -> Result<Client, Failure> {
        let source = "name another one if this is wrong";
        speaking(self.with(token), source)
    }
}

fn speaking(to: Credentials, source: &'static str) -> Result<Client, Failure> {
    let Credentials { url, token, pins } = to;
    Client::new(Target {
        url,
        source,
        token,
        pins,
    })
}

/// Asks for a token, checks it with the plane, keeps it.
pub(super) async fn login(args: LoginArgs) -> Result<(), Failure> {
    let environment = ProcessEnvironment;
    let file = CredentialsFile::locate(&environment)?;
    let place = Place::find(args.url, args.pin, &file, &environment)?;
    let url = &place.url;
    if !url.is_encrypted() && !url.is_loopback() {
        output::remark(&format!("warning: the token travels to {url} unencrypted"));
    }
    let from_env = args.from_env.as_deref();
    match &args.operator {
        Some(operator) => {
            let device = args.device.as_ref().map(ToString::to_string);
            let what = format!("The password of {operator} at {url}");
            let password = secret_input::password(from_env, &what, &environment)?;
            by_password(&place, &file, operator, device, &password).await?;
        }
        None => {
            let what = format!("The token for {url}");
            let how = "portunus login < operator.token";
            let token = secret_input::read(from_env, &what, how, &environment)?;
            by_token(&place, &file, token).await?;
        }
    }
    warn_of_variables(&environment);
    Ok(())
}

/// Keeps a token once the plane has said whose it is.
async fn by_token(place: &Place, file: &CredentialsFile, token: Secret) -> Result<(), Failure> {
    let url = &place.url;
    let client = place.client(token.clone())?;
    let me: WhoAmI = first(&client.get("/whoami", &[]).await?, url)?;
    let kind = match me.kind {
        PrincipalKind::Agent => "agent",
        PrincipalKind::Operator => "operator",
    };
    let replaced = operator_of(file, url).await;
    file.save(&place.with(token))?;
    output::print(&signed_in_as(url, kind, &me.name))?;
    if let (PrincipalKind::Agent, Some(operator)) = (me.kind, replaced) {
        output::remark(&format!(
            "warning: this replaced the session of operator {operator}, and an agent may administer nothing; \
             to be the operator again, run `portunus login` with the operator's token"
        ));
    }
    Ok(())
}

fn signed_in_as(url: &BaseUrl, kind: &str, name: &str) -> String {
    format!("Signed in to {url} as {kind} {}.\n", output::plain(name))
}

/// The first answer of what is at `url`, which shows whether that is a plane.
fn first<T: DeserializeOwned>(answer: &Answer, url: &BaseUrl) -> Result<T, Failure> {
    answer.read().map_err(|_| {
        Failure::new(Kind::General, format!("{url} is no Portunus plane"))
            .fix("check --url, or PORTUNUS_URL")
    })
}

/// Signs in by a password and pairs this machine. The device's token is shown once, so it is kept before anything else is asked.
async fn by_password(
    place: &Place,
    file: &CredentialsFile,
    operator: &str,
    device: Option<String>,
    password: &Secret,
) -> Result<(), Failure> {
    let device = device.unwrap_or_else(this_machine);
    let client = place.client(Secret::new(String::new()))?;
    let body = SignIn {
        operator: Some(operator.to_owned()),
        password: Some(SecretText::new(password.expose().to_owned())),
        pair: Some(device.clone()),
    };
    let answer = client.post("/sessions", &body).await.map_err(|failure| {
        if failure.kind() == Kind::Conflict {
            let fix = format!("name this one otherwise with --device, or unpair {device} where you are signed in: portunus operators unpair {device}");
            return failure.fix(fix);
        }
        failure
    })?;
    let signed_in: SignedIn = first(&answer, &place.url)?;
    let token = signed_in.device_token.ok_or_else(|| {
        Failure::new(Kind::General, "the plane paired no device")
            .fix("use a portunus of the plane's version")
    })?;
    let token = Secret::new(token.expose().to_owned());
    let saved = file.save(&place.with(token.clone()));
    end_session(place, token.clone(), &signed_in.session.kid).await;
    if saved.is_err() && unpair(place.with(token)).await.is_err() {
        output::remark(&format!(
            "note: {device} stays paired, and nobody has its token; unpair it where you are signed in: portunus operators unpair {device}"
        ));
    }
    saved?;
    let name = &signed_in.session.operator;
    output::print(&signed_in_as(&place.url, "operator", name))
}

/// Ends the session in which the device was paired: nobody has its cookie.
async fn end_session(place: &Place, token: Secret, kid: &str) {
    let path = format!("/sessions/{}", escape(kid));
    let ended = async {
        let client = place.client(token)?;
        client.delete(&path, &[]).await
    };
    if let Err(failure) = ended.await {
        output::remark(&format!(
            "note: session {kid} of this sign-in ends by itself only: {failure}"
        ));
    }
}

fn as_saved(saved: Credentials) -> Result<Client, Failure> {
    speaking(saved, "this one comes from `portunus login`")
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
    let client = as_saved(saved);
    let me: WhoAmI = client.ok()?.get("/whoami", &[]).await.ok()?.read().ok()?;
    (me.kind == PrincipalKind::Operator).then_some(me.name)
}

/// Forgets address and token. The device that the token is of is unpaired first: nobody is signed in afterwards who could.
pub(super) async fn logout() -> Result<(), Failure> {
    let environment = ProcessEnvironment;
    let file = CredentialsFile::locate(&environment)?;
    let path = file.path().display().to_string();
    // What cannot be read is forgotten all the same.
    if let Some(saved) = file.read().ok().flatten() {
        let url = saved.url.clone();
        match unpair(saved).await {
            Ok(None) => {}
            Ok(Some(device)) => output::print(&format!("Unpaired {}.\n", output::plain(&device)))?,
            Err(failure) => output::remark(&format!(
                "note: this machine stays paired at {url}: {failure}; \
                 end that where you are signed in: portunus operators unpair DEVICE"
            )),
        }
    }
    match file.remove()? {
        Removed::Yes => output::print(&format!("Removed {path}.\n"))?,
        Removed::WasAbsent => output::print("Nothing was saved.\n")?,
    }
    warn_of_variables(&environment);
    Ok(())
}

/// Unpairs the device whose token was saved, if it is a device's and still accepted; its name.
async fn unpair(saved: Credentials) -> Result<Option<String>, Failure> {
    if !saved.token.expose().starts_with(TokenKind::Device.prefix()) {
        return Ok(None);
    }
    let client = as_saved(saved)?;
    let me: WhoAmI = match client.get("/whoami", &[]).await {
        Err(ended) if ended.has_code(ErrorCode::InvalidToken) => return Ok(None),
        answer => answer?.read()?,
    };
    let devices: List<Device> = client.get("/devices", &[]).await?.read()?;
    let is_this = |device: &Device| {
        let before = device.retiring.as_ref();
        device.kid == me.kid || before.is_some_and(|before| before.kid == me.kid)
    };
    let Some(device) = devices.items.into_iter().find(is_this) else {
        return Ok(None);
    };
    let path = format!("/devices/{}", escape(&device.id));
    client.delete(&path, &[]).await?;
    Ok(Some(device.name))
}

fn warn_of_variables(environment: &dyn Environment) {
    for name in ["PORTUNUS_URL", "PORTUNUS_TOKEN", "PORTUNUS_PIN"] {
        if environment.variable(name).is_some() {
            output::remark(&format!("note: {name} is set and wins over what is saved"));
        }
    }
}
