//! Signs an operator in; the session's secret leaves in a cookie and nowhere else.

use crate::browser;
use crate::caller;
use crate::error::Refusal;
use crate::extract::expiry::lasting;
use crate::extract::{Arrival, OptionalJsonBody};
use crate::routes::devices::pair::{SCOPE as PAIR, device_name};
use crate::wire;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::SET_COOKIE;
use portunus_api::sessions::{SignIn, SignedIn};
use portunus_api::{ErrorCode, SecretText};
use portunus_app::passwords::Tried;
use portunus_app::sessions::begin::{Begun, with_credential, with_password};
use portunus_app::sessions::devices;
use portunus_app::sessions::end::end;
use portunus_app::sessions::list::standing_of;
use portunus_app::{AuthError, CredentialHeaders, Plane, Session};
use portunus_core::name::Label;
use portunus_core::secret::Secret;
use std::sync::Arc;

/// Sign in
///
/// With an operator's name and password; or without them, with an operator's token or the token of a paired device in
/// `Authorization`. The session is a cookie. With `pair` a device is paired by the way. A password that comes with the token of a device of the same operator is
/// never delayed, and costs nothing when it is wrong.
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
    let device = body.pair.as_deref().map(device_name).transpose()?;
    let begun = begin(&plane, &arrival, body).await?;
    let device_token = match device {
        Some(name) => Some(pair(&plane, &begun, name).await?),
        None => None,
    };
    let session = standing_of(&plane, begun.kid).ok_or_else(Refusal::session_lost)?;
    let answer = Json(SignedIn {
        session: wire::sessions::session(&plane, &session, begun.kid),
        device_token,
    });
    let mut response = (StatusCode::CREATED, answer).into_response();
    if let Some(cookie) = caller::cookie_of(begun.secret.expose(), begun.longest_ms) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Pairs a device in the session that has just begun, as its operator could do next. When that fails the session ends: its
/// secret leaves in no answer then.
async fn pair(plane: &Arc<Plane>, begun: &Begun, name: Label) -> Result<SecretText, Refusal> {
    let session = plane.authenticate_session(begun.secret.expose());
    let session = session.map_err(Refusal::of_session)?;
    let paired = pair_in(plane, &session, name).await;
    if paired.is_err()
        && let Err(error) = end(plane, session, begun.kid).await
    {
        tracing::warn!(%error, kid = %begun.kid, "a session that nobody has goes on");
    }
    paired
}

async fn pair_in(
    plane: &Arc<Plane>,
    session: &Session,
    name: Label,
) -> Result<SecretText, Refusal> {
    if !session.grants().allow(PAIR) {
        return Err(Refusal::not_permitted(session.principal, PAIR));
    }
    lasting(plane, session)?;
    let paired = devices::pair(plane, session.principal, name).await?;
    Ok(SecretText::new(paired.token.expose().to_owned()))
}

async fn begin(plane: &Arc<Plane>, arrival: &Arrival, body: SignIn) -> Result<Begun, Refusal> {
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
            Ok(with_password(plane, tried).await?)
        }
        (None, Some(_), _) => Err(Refusal::new(
            ErrorCode::InvalidBody,
            "the field operator is missing",
        )
        .fix("say whose password it is")),
        (None, None, Some(session)) => Ok(with_credential(plane, &session).await?),
        // A form that was sent empty is nothing that was tried.
        (_, None, _) => {
            plane.admission().hold_back(plane.now())?;
            Err(Refusal::nothing_to_sign_in_with())
        }
    }
}

fn secret(given: &SecretText) -> Secret {
    Secret::new(given.expose().to_owned())
}
