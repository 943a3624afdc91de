//! What a sign-in is answered with: a body, and the session's secret in a cookie beside it. Both are kept, sealed, for a
//! repetition.

use crate::caller;
use crate::once;
use crate::wire;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::SET_COOKIE;
use portunus_api::SecretText;
use portunus_api::sessions::SignedIn;
use portunus_app::Plane;
use portunus_app::once::Answer;
use portunus_app::sessions::begin::Begun;
use portunus_core::secret::Secret;
use serde::{Deserialize, Serialize};

/// See the module.
#[derive(Deserialize, Serialize)]
pub(super) struct Told {
    cookie: SecretText,
    longest_ms: u64,
    body: SignedIn,
}

impl Told {
    /// Of a session that began, and the token of the device that was paired by the way.
    pub(super) fn new(plane: &Plane, begun: &Begun, device_token: Option<&Secret>) -> Self {
        let text = |secret: &Secret| SecretText::new(secret.expose().to_owned());
        Self {
            cookie: text(&begun.secret),
            longest_ms: begun.longest_ms,
            body: SignedIn {
                session: wire::sessions::session(plane, &begun.standing, begun.kid),
                device_token: device_token.map(text),
            },
        }
    }

    /// As it is kept.
    pub(super) fn answer(&self) -> Answer {
        once::answer_with_secret(StatusCode::CREATED, self)
    }

    /// As it was kept.
    pub(super) fn read(answer: &Answer) -> Option<Self> {
        serde_json::from_slice(&answer.body).ok()
    }

    /// The session's secret.
    pub(super) fn secret(&self) -> &str {
        self.cookie.expose()
    }

    /// As it goes out.
    pub(super) fn response(&self) -> Response {
        let mut response = (StatusCode::CREATED, Json(&self.body)).into_response();
        if let Some(cookie) = caller::cookie_of(self.cookie.expose(), self.longest_ms) {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        response
    }
}
