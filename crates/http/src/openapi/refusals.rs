//! Which refusals an operation may answer, worked out from what it takes: no annotation can forget one.

use http::StatusCode;
use portunus_api::ErrorCode;
use portunus_api::problem::PROBLEM_JSON;
use utoipa::PartialSchema;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

/// What anybody may meet: two `Host` headers, a defect.
const ANYWHERE: [u16; 2] = [400, 500];
/// What stands before every guarded operation: credential, scope, quota, and the database that may have to be asked.
const GUARD: [u16; 4] = [401, 403, 429, 503];
/// What a body may be: too slow, too large, of another kind.
const BODY: [u16; 3] = [408, 413, 415];
/// What may become of a proof that comes in the body of an operation that is open to anybody.
const PROOF: [u16; 2] = [401, 503];
/// How a change may not arrive, or not fit what is there or what was asked before. Its body is read even where none is needed.
const CHANGE: [u16; 4] = [408, 409, 413, 422];
/// What the three endpoints of OAuth answer in its own shape (RFC 6749 §5.2).
const OAUTH: [u16; 8] = [400, 401, 403, 408, 413, 429, 500, 503];

/// Every refusal that a problem document tells, by the name under which operations refer to it.
pub(super) fn all() -> Vec<(String, Response)> {
    let mut statuses: Vec<u16> = ErrorCode::ALL.iter().map(|code| code.status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    statuses
        .into_iter()
        .map(|status| (name(status), problem(status)))
        .collect()
}

fn name(status: u16) -> String {
    format!("refused-{status}")
}

fn problem(status: u16) -> Response {
    let codes = ErrorCode::ALL.iter().filter(|code| code.status() == status);
    let codes: Vec<String> = codes
        .map(|code| format!("`{}` ({})", code.as_str(), code.title()))
        .collect();
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
    let response = ResponseBuilder::new()
        .description(format!("The code is {}.", codes.join(", or ")))
        .content(PROBLEM_JSON, content.build());
    with_headers(response, status).build()
}

fn with_headers(response: ResponseBuilder, status: u16) -> ResponseBuilder {
    let header = |text: &str| {
        HeaderBuilder::new()
            .schema(Some(String::schema()))
            .description(Some(text))
            .build()
    };
    match status {
        401 | 403 => response.header("WWW-Authenticate", header("What is missing (RFC 6750).")),
        429 => response.header("Retry-After", header("Seconds until it may succeed.")),
        _ => response,
    }
}

/// Adds what an operation may answer that is open to anybody. `held_back` are those that a flood turns away.
pub(super) fn of_open(operation: &mut Operation, held_back: &[u16]) {
    refer(operation, &ANYWHERE);
    refer(operation, held_back);
    if operation.request_body.is_some() {
        refer(operation, &BODY);
        refer(operation, &PROOF);
    }
}

/// Adds what an operation may answer that demands a scope.
pub(super) fn of_guarded(operation: &mut Operation) {
    refer(operation, &ANYWHERE);
    refer(operation, &GUARD);
    let names_something = operation.request_body.is_some() || takes_names(operation);
    if names_something {
        refer(operation, &[404]);
    }
    if operation.request_body.is_some() {
        refer(operation, &BODY);
    }
}

/// Adds what a change may answer besides, which contradicts what is there or what was asked before.
pub(super) fn of_change(operation: &mut Operation) {
    refer(operation, &CHANGE);
}

/// Adds what may come of asking for another protocol.
pub(super) fn of_upgrade(operation: &mut Operation) {
    refer(operation, &[426]);
}

/// Adds what an endpoint of OAuth may answer.
pub(super) fn of_oauth(operation: &mut Operation) {
    for status in OAUTH {
        let reason = StatusCode::from_u16(status).ok();
        let reason = reason.and_then(|status| status.canonical_reason());
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("OAuthProblem")));
        let mut response = ResponseBuilder::new()
            .description(reason.unwrap_or_default())
            .content("application/json", content.build());
        if ANYWHERE.contains(&status) {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
            response = response.content(PROBLEM_JSON, content.build());
        }
        let response = with_headers(response, status).build();
        let responses = &mut operation.responses.responses;
        responses.insert(status.to_string(), response.into());
    }
}

fn takes_names(operation: &Operation) -> bool {
    let parameters = operation.parameters.iter().flatten();
    parameters
        .filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(&parameter.parameter_in),
            RefOr::Ref(_) => None,
        })
        .any(|place| matches!(place, ParameterIn::Path | ParameterIn::Query))
}

/// Refers to the refusals of these statuses, where the operation does not describe them itself.
fn refer(operation: &mut Operation, statuses: &[u16]) {
    let told = |status: &&u16| ErrorCode::ALL.iter().any(|code| code.status() == **status);
    for status in statuses.iter().filter(told) {
        let reference = Ref::new(format!("#/components/responses/{}", name(*status)));
        let responses = &mut operation.responses.responses;
        responses
            .entry(status.to_string())
            .or_insert(reference.into());
    }
}
