//! Stands before every guarded route: proves who acts, judges scope and pace, and refuses unknown parameters.
//!
//! In the order of DESIGN "Admission": verify, class limit, scope, work. The handler gets the session and nothing
//! else to learn from who acts (P6).

use crate::error::Refusal;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use portunus_api::ErrorCode;
use portunus_app::metrics::Readers;
use portunus_app::{CredentialHeaders, Plane};
use portunus_core::scope::Scope;
use std::sync::Arc;

/// How often a route may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As often as one likes.
    Free,
    /// A change of provider keys: see [`portunus_app::key_changes`].
    KeyChange,
}

/// Who may do without a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiver {
    /// Nobody.
    Never,
    /// Anybody, as long as the configuration opens the metrics to all who reach the listener.
    PublicMetrics,
}

impl Waiver {
    fn holds(self, plane: &Plane) -> bool {
        match self {
            Self::Never => false,
            Self::PublicMetrics => plane.metrics().readers() == Readers::Anybody,
        }
    }
}

/// What one route demands.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) plane: Arc<Plane>,
    pub(crate) scope: Scope,
    pub(crate) pace: Pace,
    pub(crate) waiver: Waiver,
    /// Names of the query parameters that the route documents.
    pub(crate) parameters: Arc<[String]>,
}

/// Lets the request through to its handler, with its session, or refuses it.
pub(crate) async fn enforce(
    State(guard): State<Guard>,
    mut request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    if guard.waiver.holds(&guard.plane) {
        refuse_unknown(&guard.parameters, request.uri().query().unwrap_or(""))?;
        return Ok(next.run(request).await);
    }
    let headers = CredentialHeaders::of(request.headers());
    let session = guard.plane.authenticate(headers).await?;
    if !session.grants().allow(guard.scope) {
        return Err(Refusal::insufficient_scope(guard.scope));
    }
    if guard.pace == Pace::KeyChange {
        let now = guard.plane.now();
        guard.plane.key_changes().admit(session.principal, now)?;
    }
    refuse_unknown(&guard.parameters, request.uri().query().unwrap_or(""))?;
    request.extensions_mut().insert(session);
    Ok(next.run(request).await)
}

fn refuse_unknown(known: &[String], query: &str) -> Result<(), Refusal> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query)
        .map_err(|_| Refusal::new(ErrorCode::InvalidParameter, "the query cannot be read"))?;
    let Some((name, _)) = pairs.iter().find(|(name, _)| !known.contains(name)) else {
        return Ok(());
    };
    let detail = format!(
        "the parameter {} is not known here",
        crate::extract::quoted(name)
    );
    Err(match known {
        [] => Refusal::new(ErrorCode::UnknownParameter, detail).fix("send no query parameters"),
        names => Refusal::new(ErrorCode::UnknownParameter, detail)
            .fix(format!("use only: {}", names.join(", "))),
    })
}
