//! Lists keys by pool and label.

use crate::listing::ListError;
use crate::nobody;
use crate::plane::Plane;
use portunus_core::ids::PoolId;
use portunus_core::provider_key::ProviderKey;
use portunus_store::{Listing, MAX_LIMIT, Page, StoreError};

/// One page of the keys of one pool, by name, or of all.
pub async fn list(
    plane: &Plane,
    pool: Option<&str>,
    page: Page,
) -> Result<Listing<ProviderKey>, ListError> {
    let pool = match pool {
        None => None,
        Some(name) => Some(nobody::pool(plane, name)?.id),
    };
    Ok(plane.store.keys(pool, page).await?)
}

/// Every key of one pool, or of all.
pub(crate) async fn all_of(
    plane: &Plane,
    pool: Option<PoolId>,
) -> Result<Vec<ProviderKey>, StoreError> {
    let mut keys = Vec::new();
    let mut page = Page::first(MAX_LIMIT);
    loop {
        let listing = plane.store.keys(pool, page).await?;
        keys.extend(listing.items);
        match listing.next {
            None => return Ok(keys),
            after => {
                page = Page {
                    after,
                    limit: MAX_LIMIT,
                }
            }
        }
    }
}
