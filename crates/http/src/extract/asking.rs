//! Who asks for a change, and under which key: what every route that changes something takes instead of [`super::Actor`].

use super::Actor;
use crate::error::Refusal;
use crate::once::respond;
use axum::extract::FromRequestParts;
use axum::response::Response;
use http::request::Parts;
use portunus_app::Session;
use portunus_app::admission::bodies::Room;
use portunus_app::once::{Answer, Asked, Attempt};
use std::sync::Arc;

/// The session of a guarded route, the attempt when a key came along, and the room of a large body.
#[derive(Debug)]
pub(crate) struct Asking {
    pub(crate) session: Session,
    attempt: Option<Arc<Attempt>>,
    room: Option<Arc<Room>>,
}

impl<S: Sync> FromRequestParts<S> for Asking {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Actor(session) = Actor::from_request_parts(parts, state).await?;
        Ok(Self {
            session,
            attempt: parts.extensions.get().cloned(),
            room: parts.extensions.get().cloned(),
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
        let change = |asked: Asked<T>| change(asked.holding(self.room));
        carry_out(self.session.principal, self.attempt, told, change).await
    }

    /// The same for a change that judges what whoever asks may do themselves.
    pub(crate) async fn answered_by_rank<T, F, E>(
        self,
        told: impl Fn(&T) -> Answer + Send + Sync + 'static,
        change: impl FnOnce(Asked<T, Session>) -> F,
    ) -> Result<Response, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let change = |asked: Asked<T, Session>| change(asked.holding(self.room));
        carry_out(self.session, self.attempt, told, change).await
    }
}

async fn carry_out<T, W, F, E>(
    who: W,
    attempt: Option<Arc<Attempt>>,
    told: impl Fn(&T) -> Answer + Send + Sync + 'static,
    change: impl FnOnce(Asked<T, W>) -> F,
) -> Result<Response, E>
where
    Asked<T, W>: From<W>,
    F: Future<Output = Result<T, E>>,
{
    let Some(attempt) = attempt else {
        let outcome = change(Asked::from(who)).await?;
        return Ok(respond(told(&outcome)));
    };
    let told = Arc::new(told);
    let teller = Arc::clone(&told);
    let asked = Asked::under(who, Arc::clone(&attempt), move |outcome| teller(outcome));
    let outcome = change(asked).await?;
    let kept = attempt.told().cloned();
    Ok(respond(kept.unwrap_or_else(|| told(&outcome))))
}
