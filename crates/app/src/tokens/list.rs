//! Lists tokens, newest first; only their public half exists to be listed.

use crate::listing::ListError;
use crate::nobody;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::credential::TokenRecord;
use portunus_core::ids::AgentId;
use portunus_store::{AuditFilter, Listing, Page, StoreError};
use std::collections::HashMap;

/// One page of the tokens of one agent, by name or id, or of all principals.
pub async fn list(
    plane: &Plane,
    agent: Option<&str>,
    page: Page,
) -> Result<Listing<TokenRecord>, ListError> {
    let principal = match agent {
        None => None,
        Some(reference) => Some(Principal::Agent(nobody::agent(plane, reference).await?.id)),
    };
    Ok(plane.store.tokens(principal, page).await?)
}

/// The names that agents had which are gone, as the audit log has them.
pub async fn names_of_gone(
    plane: &Plane,
    records: &[TokenRecord],
) -> Result<HashMap<AgentId, String>, ListError> {
    let mut names = HashMap::new();
    for record in records {
        let Principal::Agent(id) = record.principal else {
            continue;
        };
        let known = names.contains_key(&id) || plane.name_of(record.principal).is_some();
        if !known && let Some(name) = recorded_name(plane, id).await? {
            names.insert(id, name);
        }
    }
    Ok(names)
}

async fn recorded_name(plane: &Plane, id: AgentId) -> Result<Option<String>, StoreError> {
    let filter = AuditFilter {
        action_prefix: Some("agent.".into()),
        subjects: vec![id.to_string()],
    };
    let last = plane.store.audit(filter, Page::first(1)).await?;
    let details = last.items.into_iter().flat_map(|record| record.details);
    Ok(details
        .into_iter()
        .find_map(|(name, value)| (name == "name").then_some(value)))
}
