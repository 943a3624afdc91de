//! Lists notifications.

use super::reader;
use crate::credential::session::Session;
use crate::listing::ListError;
use crate::nobody;
use crate::plane::Plane;
use portunus_store::{Listing, Noticed, NotificationFilter, Page};

/// One page of the notifications as the session's own principal sees them. With `source`, a name or an id, those of that
/// agent.
pub async fn list(
    plane: &Plane,
    session: &Session,
    mut filter: NotificationFilter,
    source: Option<&str>,
    page: Page,
) -> Result<Listing<Noticed>, ListError> {
    if let Some(name) = source {
        filter.source = Some(nobody::agent_for(plane, session, name).await?.id);
    }
    let listing = plane
        .store
        .notifications(&filter, reader(session.principal), page);
    Ok(listing.await?)
}
