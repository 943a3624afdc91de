//! Who asks for a change, and under which key: what every route that changes something takes instead of [`super::Actor`].

use super::Actor;
use crate::error::Refusal;
use crate::once::respond;
use axum::extract::FromRequestParts;
use axum::response::Response;
use http::request::Parts;
use portunus_app::Session;
use portunus_app::once::{Answer, Asked, Attempt};
use std::sync::Arc;

/// The session of a guarded route, and the attempt when a key came along.
#[derive(Debug)]
pub(crate) struct Asking {
    pub(crate) session: Session,
    attempt: Option<Arc<Attempt>>,
}

impl<S: Sync> FromRequestParts<S> for Asking {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Actor(session) = Actor::from_request_parts(parts, state).await?;
        Ok(Self {
            session,
            attempt: parts.extensions.get().cloned(),
        })
    }
}

impl Asking {
    /// Carries `change` out and answers what `told` makes of its outcome. Under a key `told` is asked before the change is
    /// committed, so it must say all from the outcome and from what is true already.
    pub(crate) async fn answered<T, F, E>(
        self,
        told: impl Fn(&T) -> Answer + Send + Sync + 'static,
        change: impl FnOnce(Asked<T>) -> F,
    ) -> Result<Response, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let told = Arc::new(told);
        let asked = match &self.attempt {
            None => Asked::from(self.session.principal),
            Some(attempt) => {
                let told = Arc::clone(&told);
                Asked::under(Arc::clone(attempt), move |outcome| told(outcome))
            }
        };
        let outcome = change(asked).await?;
        let kept = self.attempt.as_ref().and_then(|attempt| attempt.told());
        let answer = kept.cloned().unwrap_or_else(|| told(&outcome));
        Ok(respond(answer))
    }
}
