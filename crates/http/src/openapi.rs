//! The OpenAPI 3.1 document: its frame, and what operations of one kind have in common.

mod refusals;

use crate::caller;
use portunus_api::access::OAuthProblem;
use portunus_api::{AuthDetails, AuthReason, NextStep, Problem};
use portunus_core::once::MAX_KEY;
use portunus_core::scope::Scope;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder};

/// Name of the security scheme.
const TOKEN: &str = "token";
/// The same as the password of a client.
const CLIENT: &str = "client";
/// A signed-in operator.
const SESSION: &str = "session";

/// The document without any path.
pub(crate) fn frame() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Portunus control API")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Agents, tokens, pools and provider keys of one plane. Refusals are problem documents (RFC 9457); \
             times are RFC 3339 in UTC, durations milliseconds in fields that end in _ms. Every answer to a proven \
             principal says in RateLimit and RateLimit-Policy how its quota stands; beyond it the answer is 429.",
        ))
        .build();
    let components = ComponentsBuilder::new()
        .schema_from::<Problem>()
        .schema_from::<AuthDetails>()
        .schema_from::<AuthReason>()
        .schema_from::<NextStep>()
        .schema_from::<OAuthProblem>()
        .responses_from_iter(refusals::all())
        .security_scheme(
            TOKEN,
            SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
        )
        .security_scheme(
            CLIENT,
            SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)),
        )
        .security_scheme(
            SESSION,
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
                caller::COOKIE_NAME,
                "What POST /api/v1/sessions sets. Counts only from a page of this plane and without a credential in a \
                 header.",
            ))),
        )
        .build();
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .build()
}

/// An operation that is open to anybody, unless too many come who prove nobody.
pub(crate) fn open(mut operation: Operation) -> Operation {
    refusals::of_open(&mut operation, &[429]);
    operation
}

/// An operation that is open to anybody whatever comes.
pub(crate) fn probe(mut operation: Operation) -> Operation {
    refusals::of_open(&mut operation, &[]);
    operation
}

/// An operation whose caller proves a token in one of OAuth's ways.
pub(crate) fn proven(mut operation: Operation) -> Operation {
    let ways = [CLIENT, TOKEN];
    let ways = ways.map(|way| SecurityRequirement::new(way, Vec::<String>::new()));
    operation.security = Some(ways.to_vec());
    refusals::of_oauth(&mut operation);
    operation
}

/// The operation by which an operator signs in: with a password in its body, or with a token.
pub(crate) fn signing_in(mut operation: Operation) -> Operation {
    let token = SecurityRequirement::new(TOKEN, Vec::<String>::new());
    operation.security = Some(vec![SecurityRequirement::default(), token]);
    refusals::of_guarded(&mut operation);
    operation
}

/// The operation by which a connection is opened, on which its caller says who they are.
pub(crate) fn talks(mut operation: Operation) -> Operation {
    let token = SecurityRequirement::new(TOKEN, Vec::<String>::new());
    operation.security = Some(vec![SecurityRequirement::default(), token]);
    refusals::of_guarded(&mut operation);
    refusals::of_upgrade(&mut operation);
    operation
}

/// An operation with the scope that it needs and its refusals.
pub(crate) fn guarded(mut operation: Operation, scope: Scope) -> Operation {
    let needs = format!("Needs the scope `{scope}`.");
    operation.description = Some(match operation.description.take() {
        Some(text) => format!("{text}\n\n{needs}"),
        None => needs,
    });
    let ways = [TOKEN, SESSION];
    let ways = ways.map(|way| SecurityRequirement::new(way, Vec::<String>::new()));
    operation.security = Some(ways.to_vec());
    refusals::of_guarded(&mut operation);
    operation
}

/// An operation that changes something: it happens once per key.
pub(crate) fn once(mut operation: Operation) -> Operation {
    let key = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(MAX_KEY))
        .build();
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "A name of your own for this request, such as a UUID, quoted or bare. Sent again under it within 24 hours, the \
             request changes nothing and gets the first's answer, with Idempotency-Replayed: true. An answer that shows a \
             secret is kept for 10 minutes.",
        ))
        .schema(Some(key))
        .build();
    operation
        .parameters
        .get_or_insert_default()
        .push(key.into());
    refusals::of_change(&mut operation);
    operation
}
