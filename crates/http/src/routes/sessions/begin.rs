//! Signs an operator in; the session's secret leaves in a cookie and nowhere else. Under a key that happens once: whoever
//! proves the same again within ten minutes gets the same session.

use super::told::Told;
use crate::browser;
use crate::error::Refusal;
use crate::extract::expiry::lasting;
use crate::extract::{Arrival, OptionalJsonBody};
use crate::once;
use crate::routes::devices::pair::{SCOPE as PAIR, device_name};
use axum::extract::State;
use axum::response::Response;
use portunus_api::sessions::{SignIn, SignedIn};
use portunus_api::{ErrorCode, SecretText};
use portunus_app::once::{Answer, Asked, Attempt, Begun as Once, begin as begin_once, look_again};
use portunus_app::passwords::Tried;
use portunus_app::sessions::begin::{Begun, Proven, begin, by_credential, by_password};
use portunus_app::sessions::devices::{self, Paired};
use portunus_app::sessions::end::end;
use portunus_app::{AuthError, CredentialHeaders, Plane};
use portunus_core::agent::Principal;
use portunus_core::name::Label;
use portunus_core::once::Claim;
use portunus_core::secret::Secret;
use std::sync::Arc;

/// As keys of changes are bound to it.
const ROUTE: &str = "POST /api/v1/sessions";

/// Sign in
///
/// With an operator's name and password; or without them, with an operator's token or the token of a paired device in
/// `Authorization`. The session is a cookie. With `pair` a device is paired by the way. A password that comes with the token of a device of the same operator is
/// never delayed, and costs nothing when it is wrong. Sent again under its key with the same proof, a sign-in gives the same session.
#[utoipa::path(
    post,
    path = "/api/v1/sessions",
    operation_id = "sign_in",
    tag = "sessions",
    request_body = Option<SignIn>,
    responses((status = 201, description = "The session; its secret is in Set-Cookie", body = SignedIn))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    arrival: Arrival,
    OptionalJsonBody(body): OptionalJsonBody<SignIn>,
) -> Result<Response, Refusal> {
    browser::admit_sign_in(&arrival.headers, plane.public_url())?;
    let key = once::key(&arrival.headers)?;
    let device = body.pair.as_deref().map(device_name).transpose()?;
    let given = body.clone();
    let proven = prove(&plane, &arrival, body).await?;
    let Some(key) = key else {
        return Ok(sign_in(&plane, None, proven, device).await?.response());
    };
    let claim = Claim {
        by: proven.principal(),
        route: ROUTE.to_owned(),
        key,
    };
    let of_what = proven.of_what();
    let attempt = match begin_once(&plane, claim, &parts(&of_what, &given)).await? {
        Once::Repeated(answer) => return repeated(&plane, &answer),
        Once::First(attempt) => attempt,
    };
    match sign_in(&plane, Some(&attempt), proven, device).await {
        Ok(told) => Ok(told.response()),
        // On its way another process may have been faster.
        Err(refusal) => match look_again(&plane, &attempt).await {
            Ok(Some(answer)) => repeated(&plane, &answer),
            Ok(None) | Err(_) => Err(refusal),
        },
    }
}

/// What tells a sign-in from another one under the same key.
fn parts<'a>(of_what: &'a str, given: &'a SignIn) -> [&'a [u8]; 4] {
    let operator = given.operator.as_deref().unwrap_or_default();
    let password = given.password.as_ref().map_or("", SecretText::expose);
    let pair = given.pair.as_deref().unwrap_or_default();
    [of_what, operator, password, pair].map(str::as_bytes)
}

/// The answer that was given before, to somebody who has proven the same again, while its session goes on.
fn repeated(plane: &Plane, answer: &Answer) -> Result<Response, Refusal> {
    let told = Told::read(answer).ok_or_else(Refusal::session_lost)?;
    match plane.authenticate_session(told.secret()) {
        Ok(_) => {}
        Err(AuthError::Revoked | AuthError::Expired) => return Err(Refusal::session_ended_since()),
        Err(error) => return Err(Refusal::of_session(error)),
    }
    Ok(once::marked_as_repeated(told.response()))
}

/// Begins the session. With a device the receipt is that one's: a session that a crash leaves without it ends by itself.
async fn sign_in(
    plane: &Arc<Plane>,
    attempt: Option<&Arc<Attempt>>,
    proven: Proven,
    device: Option<Label>,
) -> Result<Told, Refusal> {
    let by = proven.principal();
    let Some(name) = device else {
        let teller = Arc::clone(plane);
        let told = move |begun: &Begun| Told::new(&teller, begun, None).answer();
        let begun = begin(plane, asked(by, attempt, told), proven).await?;
        return Ok(Told::new(plane, &begun, None));
    };
    let begun = Arc::new(begin(plane, by, proven).await?);
    let paired = pair(plane, attempt, &begun, name).await;
    if paired.is_err() {
        give_up(plane, &begun).await;
    }
    paired
}

fn asked<T>(
    by: Principal,
    attempt: Option<&Arc<Attempt>>,
    told: impl Fn(&T) -> Answer + Send + Sync + 'static,
) -> Asked<T> {
    match attempt {
        None => by.into(),
        Some(attempt) => Asked::under(by, Arc::clone(attempt), told),
    }
}

/// Pairs a device in the session that has just begun, as its operator could do next.
async fn pair(
    plane: &Arc<Plane>,
    attempt: Option<&Arc<Attempt>>,
    begun: &Arc<Begun>,
    name: Label,
) -> Result<Told, Refusal> {
    let session = plane.authenticate_session(begun.secret.expose());
    let session = session.map_err(Refusal::of_session)?;
    if !session.grants().allow(PAIR) {
        return Err(Refusal::not_permitted(session.principal, PAIR));
    }
    lasting(plane, &session)?;
    let (teller, of) = (Arc::clone(plane), Arc::clone(begun));
    let told = move |paired: &Paired| Told::new(&teller, &of, Some(&paired.token)).answer();
    let asked = asked(session.principal, attempt, told);
    let paired = devices::pair(plane, asked, name).await?;
    Ok(Told::new(plane, begun, Some(&paired.token)))
}

/// Ends a session whose secret leaves in no answer.
async fn give_up(plane: &Arc<Plane>, begun: &Begun) {
    if let Ok(session) = plane.authenticate_session(begun.secret.expose())
        && let Err(error) = end(plane, session, begun.kid).await
    {
        tracing::warn!(%error, kid = %begun.kid, "a session that nobody has goes on");
    }
}

async fn prove(plane: &Arc<Plane>, arrival: &Arrival, body: SignIn) -> Result<Proven, Refusal> {
    let (headers, peer) = (&arrival.headers, arrival.peer);
    let beside = match CredentialHeaders::of(headers).credential() {
        Err(AuthError::Missing) => None,
        _ => {
            let proof = plane.admit(headers, peer).await;
            Some(proof.map_err(|error| Refusal::from(error).bad_sign_in_token())?)
        }
    };
    let password = body.password.filter(|given| !given.expose().is_empty());
    match (body.operator, password, beside) {
        (Some(name), Some(password), beside) => {
            let tried = Tried {
                name,
                password: secret(&password),
                source: arrival.source(plane),
                beside,
            };
            Ok(by_password(plane, tried).await?)
        }
        (None, Some(_), _) => Err(Refusal::new(
            ErrorCode::InvalidBody,
            "the field operator is missing",
        )
        .fix("say whose password it is")),
        (None, None, Some(session)) => Ok(by_credential(&session)?),
        // A form that was sent empty is nothing that was tried.
        (_, None, _) => {
            plane.admission().hold_back(plane.tick())?;
            Err(Refusal::nothing_to_sign_in_with())
        }
    }
}

fn secret(given: &SecretText) -> Secret {
    Secret::new(given.expose().to_owned())
}
