//! Lists tokens, newest first.

use crate::error::Refusal;
use crate::extract::{Params, page};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::List;
use portunus_api::tokens::{Token, TokensQuery};
use portunus_app::tokens::list::names_of_gone;
use portunus_app::{Plane, tokens};
use portunus_core::agent::Principal;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "tokens",
    verb: "list",
};

/// List tokens
#[utoipa::path(
    get,
    path = "/api/v1/tokens",
    operation_id = "list_tokens",
    tag = "tokens",
    params(TokensQuery),
    responses((status = 200, description = "Tokens, newest first, revoked ones too", body = List<Token>))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Params(query): Params<TokensQuery>,
) -> Result<Json<List<Token>>, Refusal> {
    let page = page(query.limit, query.cursor)?;
    let page = tokens::list(&plane, query.agent.as_deref(), page).await?;
    let gone = names_of_gone(&plane, &page.items).await?;
    Ok(Json(wire::list(page, |record| {
        let mut token = wire::tokens::token(&plane, &record);
        if let Principal::Agent(id) = record.principal {
            let name = token.principal.name.take();
            token.principal.name = name.or_else(|| gone.get(&id).cloned());
        }
        token
    })))
}
