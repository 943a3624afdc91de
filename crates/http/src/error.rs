//! Refusals of the control API: made here, rendered here as problem documents (RFC 9457), and nowhere else.
//!
//! [`from_app`] maps how use cases end to them. A refusal's texts are public; causes that are not go to the log.

mod fixes;
mod from_app;
mod messages;
mod missing;
mod notifications;
mod of_agents;
mod of_budgets;
mod of_keys;
mod sign_in;

use crate::extract::speakable;
use crate::instance::REQUEST_ID;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, UPGRADE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
pub(crate) use missing::suggest;
use portunus_api::problem::PROBLEM_JSON;
use portunus_api::{AuthDetails, ErrorCode, Problem};
use portunus_app::{Plane, Session};
use portunus_core::agent::Principal;
use portunus_core::ids::RequestId;
use portunus_core::scope::{Pattern, Scope};

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    code: ErrorCode,
    detail: String,
    fix: String,
    challenge: Option<Box<str>>,
    retry_after_s: Option<u64>,
    auth: Option<AuthDetails>,
    missing: Option<Box<missing::Missing>>,
}

impl Refusal {
    /// A refusal with the code's usual fix.
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            fix: fixes::usual(code).to_owned(),
            challenge: None,
            retry_after_s: None,
            auth: None,
            missing: None,
        }
    }

    /// With a next step that fits this request better than the usual one.
    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }

    /// Turns an outcome into a refusal that names what was `asked` for, where the outcome is about that name and the
    /// name cannot be a secret.
    pub(crate) fn naming<E: Into<Self>>(asked: &str) -> impl FnOnce(E) -> Self + use<E> {
        let asked = speakable(asked).then(|| asked.to_owned());
        move |error| {
            let refusal: Self = error.into();
            let is_about_it = matches!(
                refusal.code,
                ErrorCode::NotFound | ErrorCode::NameTaken | ErrorCode::BadFallback
            );
            match asked.filter(|_| is_about_it) {
                Some(asked) => refusal.about(&asked),
                None => refusal,
            }
        }
    }

    /// With the name that was asked for, if it cannot be a secret.
    fn about(mut self, asked: &str) -> Self {
        if speakable(asked) {
            self.detail = format!("{}: \"{asked}\"", self.detail);
            self = self.asked(asked);
        }
        self
    }

    /// With the name alone, where the detail has it already.
    fn asked(mut self, asked: &str) -> Self {
        if let Some(missing) = &mut self.missing {
            missing.asked = speakable(asked).then(|| asked.to_owned());
        }
        self
    }

    /// With the time after which the same request may succeed.
    pub(crate) fn retry_after_ms(mut self, millis: u64) -> Self {
        self.retry_after_s = Some(millis.div_ceil(1000).max(1));
        self
    }

    /// With what a failed sign-in says besides.
    pub(crate) fn auth(mut self, details: AuthDetails) -> Self {
        if let Some(millis) = details.retry_after_ms {
            self = self.retry_after_ms(millis);
        }
        self.auth = Some(details);
        self
    }

    /// No credential came: RFC 6750 §3 wants no error code then (P2).
    pub(crate) fn missing_credential() -> Self {
        let mut refusal = Self::new(
            ErrorCode::MissingCredential,
            "no token came with the request",
        );
        refusal.challenge = Some("Bearer realm=\"portunus\"".into());
        refusal
    }

    /// A credential came and is not accepted.
    pub(crate) fn invalid_token(why: &str) -> Self {
        let mut refusal = Self::new(ErrorCode::InvalidToken, why);
        refusal.challenge = Some(
            format!(
                "Bearer realm=\"portunus\", error=\"invalid_token\", error_description=\"{why}\""
            )
            .into(),
        );
        refusal
    }

    /// The token is valid and does not hold `scope`.
    pub(crate) fn insufficient_scope(scope: Scope) -> Self {
        let detail = format!("the token does not hold the scope {scope}");
        let mut refusal = Self::new(ErrorCode::InsufficientScope, detail);
        refusal.challenge = Some(
            format!("Bearer realm=\"portunus\", error=\"insufficient_scope\", scope=\"{scope}\"")
                .into(),
        );
        refusal
    }

    /// The same when `who` lacks it: an operator has an operator's token, and needs a wider role.
    pub(crate) fn not_permitted(who: Principal, scope: Scope) -> Self {
        let refusal = Self::insufficient_scope(scope);
        match who {
            Principal::Agent(_) => refusal,
            Principal::Operator(_) => refusal.fix(fixes::wider_role(scope)),
        }
    }

    /// The same with what helps whoever has the session: another credential, a wider role, or an operator.
    pub(crate) fn lacking(plane: &Plane, session: &Session, scope: Scope) -> Self {
        let refusal = Self::not_permitted(session.principal, scope);
        match session.principal {
            who if plane.holds(who, scope) => refusal.fix(fixes::WIDER_CREDENTIAL),
            Principal::Agent(_) => refusal.fix(fixes::WIDER_AGENT),
            Principal::Operator(_) => refusal,
        }
    }

    /// The token would hand on what it does not hold itself.
    pub(crate) fn beyond_scope(beyond: &Pattern) -> Self {
        let detail = format!("the token does not hold {beyond}, so it cannot hand it on");
        let mut refusal = Self::new(ErrorCode::InsufficientScope, detail);
        refusal.challenge = Some(
            format!("Bearer realm=\"portunus\", error=\"insufficient_scope\", scope=\"{beyond}\"")
                .into(),
        );
        refusal.fix("leave it out, or ask an operator who holds it")
    }

    /// A defect of the plane: its cause is logged, the client learns the request id.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a control request failed inside");
        Self::new(
            ErrorCode::Internal,
            "the plane failed while it handled this request",
        )
    }

    /// What to do about it.
    pub(crate) fn next_step(&self) -> &str {
        &self.fix
    }

    /// What is wrong, for people.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Milliseconds after which the same request may succeed.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.retry_after_s
            .map(|seconds| seconds.saturating_mul(1_000))
    }

    /// The code.
    pub(crate) const fn code(&self) -> ErrorCode {
        self.code
    }

    /// Turns `response`, whose headers stay, into the problem document of request `id`.
    pub(crate) fn render<B: From<Vec<u8>>>(self, id: RequestId, response: &mut http::Response<B>) {
        let status = StatusCode::from_u16(self.code.status());
        *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let place = format!("/errors#{}", self.code.as_str());
        let problem = Problem {
            kind: place.clone(),
            title: self.code.title().to_owned(),
            status: self.code.status(),
            detail: self.detail,
            instance: format!("urn:portunus:request:{id}"),
            code: self.code.as_str().to_owned(),
            fix: self.fix,
            doc_url: place,
            auth: self.auth,
        };
        // A document of strings and a number always serialises.
        *response.body_mut() = serde_json::to_vec(&problem).unwrap_or_default().into();
        let headers = response.headers_mut();
        headers.remove(http::header::CONTENT_LENGTH);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code == ErrorCode::UpgradeRequired {
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        }
        if let Some(challenge) = self
            .challenge
            .and_then(|text| HeaderValue::from_str(&text).ok())
        {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
    }
}

impl IntoResponse for Refusal {
    /// An empty answer that carries the refusal to [`crate::instance::finish`], which knows the request's id.
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status());
        let mut response = status
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            .into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The answer when a handler never came to its end: a defect, told as every other refusal.
#[must_use]
pub fn internal_error() -> Response {
    let mut response = Response::default();
    let refusal = Refusal::internal(&"a handler panicked; the panic is in the log");
    refusal.render(RequestId::from_bytes([0; 16]), &mut response);
    response
}

/// What is said to a head that never became a request: `status` is what the listener found, 400, 408, 414 or 431.
#[must_use]
pub fn unreadable_head(status: StatusCode, id: RequestId) -> http::Response<Bytes> {
    let refusal = match status {
        StatusCode::URI_TOO_LONG => {
            Refusal::new(ErrorCode::UriTooLong, "the path and query are too long")
        }
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Refusal::new(
            ErrorCode::HeadTooLarge,
            "the headers are too large or too many",
        ),
        StatusCode::REQUEST_TIMEOUT => Refusal::new(
            ErrorCode::RequestTimeout,
            "the head of the request stopped arriving before its end",
        )
        .fix("send the whole head without pauses"),
        _ => Refusal::new(
            ErrorCode::BadRequest,
            "the head of the request is not HTTP/1.1",
        ),
    };
    let mut response = http::Response::new(Bytes::new());
    refusal.render(id, &mut response);
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Every kind of refusal with its title and usual fix, as the page under `/errors` shows it: HTML, so that the anchor
/// in a problem's `doc_url` leads to its code. All texts are ours and have no character that HTML would read.
pub(crate) fn catalogue() -> String {
    let mut page = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Errors of the control API</title>\n\
         <h1>Errors of the control API</h1>\n",
    );
    for code in ErrorCode::ALL {
        page.push_str(&format!(
            "<h2 id=\"{name}\">{name}</h2>\n<p>{} (HTTP {}). To mend it: {}.</p>\n",
            code.title(),
            code.status(),
            fixes::usual(*code),
            name = code.as_str(),
        ));
    }
    page.push_str("</html>\n");
    page
}
