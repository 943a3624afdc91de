//! The whole control API as one service.

use crate::access::{Access, RouteFacts};
use crate::error::Refusal;
use crate::extract::{Unproven, quoted};
use crate::lobby::Lobby;
use crate::push::Press;
use crate::table::Table;
use crate::{browser, instance, openapi, routes};
use axum::Router;
use axum::extract::Extension;
use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use bytes::Bytes;
use http::Uri;
use portunus_api::ErrorCode;
use portunus_app::Plane;
use portunus_app::access::introspect::INTROSPECT;
use portunus_app::ambiguity;
use portunus_core::scope::{CALL, Pattern, Scope, ScopeSet};
use std::sync::{Arc, OnceLock};

/// WebSockets that are open and on which nobody has said yet who is there.
const MOST_SILENT: usize = 2_048;

/// The OpenAPI document, made when somebody asks for it first: few planes are asked, and it is large.
#[derive(Clone, Default)]
pub(crate) struct Document(Arc<OnceLock<Bytes>>);

impl Document {
    pub(crate) fn of(&self, plane: &Arc<Plane>) -> Bytes {
        let make = || {
            let table = Table::documented(Arc::clone(plane), openapi::frame());
            let document = routes::register(table).build().document;
            // It is made of strings and maps with string keys, which always serialise.
            serde_json::to_vec(&document).unwrap_or_default().into()
        };
        self.0.get_or_init(make).clone()
    }
}

/// The routes as they are registered.
#[derive(Clone)]
pub(crate) struct Routes(pub(crate) Arc<[RouteFacts]>);

/// Every scope that something demands: what no route knows is a mistake in writing.
#[derive(Clone)]
pub(crate) struct KnownScopes(Arc<[Scope]>);

impl KnownScopes {
    fn of(facts: &[RouteFacts]) -> Self {
        let of_routes = facts.iter().filter_map(|route| match route.access {
            Access::Guarded(scope) => Some(scope),
            Access::Open | Access::Proven => None,
        });
        Self(of_routes.chain([CALL, INTROSPECT]).collect())
    }

    /// The scopes that a body asks for.
    pub(crate) fn read(&self, texts: &[String]) -> Result<ScopeSet, Refusal> {
        let wrong = |why: String| {
            Refusal::new(ErrorCode::InvalidBody, format!("the field scopes: {why}"))
                .fix("give scopes like llm.call, llm.call:model/claude-haiku-*, self.*")
        };
        let set = ScopeSet::parse(texts.iter().map(String::as_str));
        let set = set.map_err(|error| wrong(error.to_string()))?;
        match self.first_unknown(&set) {
            None => Ok(set),
            Some(unknown) => {
                let name = quoted(&unknown.to_string());
                Err(wrong(format!("nothing asks for {name}")))
            }
        }
    }

    /// The first scope of a set that nothing demands.
    fn first_unknown<'a>(&self, set: &'a ScopeSet) -> Option<&'a Pattern> {
        set.patterns()
            .find(|one| !self.0.iter().any(|scope| one.names(*scope)))
    }
}

/// Every route under `/api/v1`, `/api`, `/healthz`, `/readyz`, `/metrics`, `/errors` and `/openapi.json`; problem documents for
/// the rest.
pub fn router(plane: Arc<Plane>) -> Router {
    let built = routes::register(Table::new(Arc::clone(&plane))).build();
    built
        .router
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .layer(Extension(Document::default()))
        .layer(Extension(Lobby::for_at_most(MOST_SILENT)))
        .layer(Extension(Unproven::default()))
        .layer(Extension(Arc::<Press>::default()))
        .layer(Extension(KnownScopes::of(&built.facts)))
        .layer(Extension(Routes(built.facts.into())))
        .layer(from_fn(unambiguous))
        .layer(from_fn(browser::no_token_in_url))
        .layer(from_fn_with_state(Arc::clone(&plane), instance::finish))
        .with_state(plane)
}

/// The routes as they are registered, for whoever checks that none is forgotten.
#[must_use]
pub fn route_facts(plane: Arc<Plane>) -> Vec<RouteFacts> {
    routes::register(Table::new(plane)).build().facts
}

/// Two parsers on the way might read the head differently.
async fn unambiguous(request: Request, next: Next) -> Result<Response, Refusal> {
    match ambiguity::refuse(request.version(), request.uri(), request.headers()) {
        Ok(()) => Ok(next.run(request).await),
        Err(what) => Err(Refusal::new(ErrorCode::BadRequest, what.to_string())),
    }
}

/// How paths of model requests end. Those with the right base URL go to the model door and never come here.
const MODEL_PATHS: [&str; 6] = [
    "/messages",
    "/messages/count_tokens",
    "/chat/completions",
    "/responses",
    "/embeddings",
    "/models",
];

async fn unknown_path(uri: Uri) -> Refusal {
    let path = uri.path().trim_end_matches('/');
    let fix = if MODEL_PATHS.iter().any(|end| path.ends_with(end)) {
        "set the client's base URL to this plane's address: as it is for Anthropic's clients, with /v1 at its end for \
         OpenAI's"
    } else {
        "`GET /api` lists every path"
    };
    Refusal::new(ErrorCode::NotFound, "there is nothing under this path").fix(fix)
}

async fn unknown_method() -> Refusal {
    Refusal::new(
        ErrorCode::MethodNotAllowed,
        "the path exists, but does not take this method",
    )
}
