//! The one way to register a route: method, path and documentation come from the handler's annotation, its scope
//! is an argument. The OpenAPI document is made of the same registrations, so the two cannot differ; it and what else
//! is read of annotations is made when somebody asks for it, because a plane that starts needs none of it.

use crate::access::{Access, RouteFacts};
use crate::extract::BodyLimit;
use crate::guard::{Guard, Pace, Waiver, enforce, hold_back, read_strictly};
use crate::once::changes;
use crate::parameters::Parameters;
use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;
use portunus_app::Plane;
use portunus_core::admission::Class;
use portunus_core::scope::Scope;
use std::sync::Arc;
use utoipa::__dev::SchemaReferences;
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::{Components, OpenApi};

/// What is being built.
pub(crate) struct Table {
    plane: Arc<Plane>,
    router: Router<Arc<Plane>>,
    document: Option<OpenApi>,
    facts: Vec<RouteFacts>,
}

/// What was built.
pub(crate) struct Built {
    pub(crate) router: Router<Arc<Plane>>,
    /// Only of a table that is documented.
    pub(crate) document: Option<OpenApi>,
    pub(crate) facts: Vec<RouteFacts>,
}

impl Table {
    pub(crate) fn new(plane: Arc<Plane>) -> Self {
        Self {
            plane,
            router: Router::new(),
            document: None,
            facts: Vec::new(),
        }
    }

    /// A table whose routes are described in the document.
    pub(crate) fn documented(plane: Arc<Plane>, document: OpenApi) -> Self {
        Self {
            document: Some(document),
            ..Self::new(plane)
        }
    }

    /// Registers a route for whoever holds `scope`.
    pub(crate) fn guarded<P, H, T>(self, scope: Scope, handler: H) -> Self
    where
        P: utoipa::Path + SchemaReferences,
        H: Handler<T, Arc<Plane>>,
        T: 'static,
    {
        self.guarded_unless::<P, H, T>(Waiver::Never, scope, handler)
    }

    /// Registers a route for whoever holds `scope`, and for anybody while the waiver holds. Its handler cannot count
    /// on a session.
    pub(crate) fn guarded_unless<P, H, T>(
        mut self,
        waiver: Waiver,
        scope: Scope,
        handler: H,
    ) -> Self
    where
        P: utoipa::Path + SchemaReferences,
        H: Handler<T, Arc<Plane>>,
        T: 'static,
    {
        let guard = Guard {
            plane: Arc::clone(&self.plane),
            scope,
            class: class(scope),
            pace: pace(&P::path(), &P::methods()),
            waiver,
            body: body_limit(scope),
            path: P::path().into(),
            parameters: Parameters::of::<P>(),
        };
        let route =
            on(filter(&P::methods()), handler).route_layer(from_fn_with_state(guard, enforce));
        self.router = self.router.route(&P::path(), route);
        self.describe::<P>(Access::Guarded(scope), |operation| {
            let operation = crate::openapi::guarded(operation, scope);
            let mut methods = P::methods().into_iter();
            match methods.any(|method| changes(&http_method(&method))) {
                true => crate::openapi::once(operation),
                false => operation,
            }
        });
        self
    }

    /// Registers a route whose handler proves its caller in OAuth's ways: it takes [`crate::extract::OAuthCall`].
    pub(crate) fn proven<P, H, T>(self, handler: H) -> Self
    where
        P: utoipa::Path + SchemaReferences,
        H: Handler<T, Arc<Plane>>,
        T: 'static,
    {
        // Parameters that are not known are ignored there (RFC 6749 §3.2).
        let route = on(filter(&P::methods()), handler);
        self.proves::<P>(route, crate::openapi::proven)
    }

    /// Registers the route by which operators sign in: its handler proves its caller too, and refuses as all others do.
    pub(crate) fn signing_in<P, H, T>(self, handler: H) -> Self
    where
        P: utoipa::Path + SchemaReferences,
        H: Handler<T, Arc<Plane>>,
        T: 'static,
    {
        self.proves::<P>(strict::<P, H, T>(handler), |operation| {
            crate::openapi::once(crate::openapi::signing_in(operation))
        })
    }

    /// Registers a route whose handler lets its caller prove who they are later, over the connection that it opens.
    pub(crate) fn talks<P, H, T>(self, handler: H) -> Self
    where
        P: utoipa::Path + SchemaReferences,
        H: Handler<T, Arc<Plane>>,
        T: 'static,
    {
        self.proves::<P>(strict::<P, H, T>(handler), crate::openapi::talks)
    }

    fn proves<P>(
        mut self,
        route: MethodRouter<Arc<Plane>>,
        shown: fn(Operation) -> Operation,
    ) -> Self
    where
        P: utoipa::Path + SchemaReferences,
    {
        self.router = self.router.route(&P::path(), route);
        self.describe::<P>(Access::Proven, shown);
        self
    }

    /// Registers a route for anybody. Too many requests to all such routes together are turned away.
    pub(crate) fn open<P, H, T>(self, handler: H) -> Self
    where
        P: utoipa::Path + SchemaReferences,
        H: Handler<T, Arc<Plane>>,
        T: 'static,
    {
        let layer = from_fn_with_state(Arc::clone(&self.plane), hold_back);
        let route = on(filter(&P::methods()), handler).route_layer(layer);
        self.for_anybody::<P>(route, crate::openapi::open)
    }

    /// Registers a route by which it is judged whether the plane lives: never turned away, because whoever judges would
    /// end the plane in the middle of a flood.
    pub(crate) fn probe<P, H, T>(self, handler: H) -> Self
    where
        P: utoipa::Path + SchemaReferences,
        H: Handler<T, Arc<Plane>>,
        T: 'static,
    {
        let route = on(filter(&P::methods()), handler);
        self.for_anybody::<P>(route, crate::openapi::probe)
    }

    fn for_anybody<P>(
        mut self,
        route: MethodRouter<Arc<Plane>>,
        shown: fn(Operation) -> Operation,
    ) -> Self
    where
        P: utoipa::Path + SchemaReferences,
    {
        self.router = self.router.route(&P::path(), route);
        self.describe::<P>(Access::Open, shown);
        self
    }

    fn describe<P: utoipa::Path + SchemaReferences>(
        &mut self,
        access: Access,
        shown: impl FnOnce(Operation) -> Operation,
    ) {
        self.facts
            .extend(P::methods().iter().map(|method| RouteFacts {
                method: http_method(method),
                path: P::path(),
                access,
                annotation: P::operation,
            }));
        let Some(document) = &mut self.document else {
            return;
        };
        let paths = &mut document.paths;
        paths.add_path_operation(P::path(), P::methods(), shown(P::operation()));
        let mut schemas = Vec::new();
        P::schemas(&mut schemas);
        let components = document.components.get_or_insert_with(Components::new);
        components.schemas.extend(schemas);
    }

    pub(crate) fn build(self) -> Built {
        Built {
            router: self.router,
            document: self.document,
            facts: self.facts,
        }
    }
}

/// What a principal does about itself keeps it alive, and has a lane of its own.
fn class(scope: Scope) -> Class {
    match scope.resource {
        "self" => Class::Vital,
        _ => Class::Control,
    }
}

/// Everything under `/api/v1/keys` that is no look is a change of keys, whatever is added there later.
fn pace(path: &str, methods: &[HttpMethod]) -> Pace {
    let looks = methods.iter().all(|method| *method == HttpMethod::Get);
    let keys = format!("{}/keys", portunus_api::BASE_PATH);
    if path.starts_with(&keys) && !looks {
        Pace::KeyChange
    } else {
        Pace::Free
    }
}

/// One import is all or nothing, so that a whole fleet must fit into it.
fn body_limit(scope: Scope) -> BodyLimit {
    match scope.resource {
        "import" => BodyLimit::IMPORT,
        _ => BodyLimit::USUAL,
    }
}

fn http_method(method: &HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Post => Method::POST,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Trace => Method::TRACE,
    }
}

/// A route that takes no parameters but those that it documents.
fn strict<P, H, T>(handler: H) -> MethodRouter<Arc<Plane>>
where
    P: utoipa::Path,
    H: Handler<T, Arc<Plane>>,
    T: 'static,
{
    let layer = from_fn_with_state(Parameters::of::<P>(), read_strictly);
    on(filter(&P::methods()), handler).route_layer(layer)
}

fn filter(methods: &[HttpMethod]) -> MethodFilter {
    // An annotation names one method; GET is what an empty list would have to mean.
    let filters = methods
        .iter()
        .filter_map(|m| MethodFilter::try_from(http_method(m)).ok());
    filters
        .reduce(MethodFilter::or)
        .unwrap_or(MethodFilter::GET)
}
