//! Lists operators by name.

use crate::listing::ListError;
use crate::plane::Plane;
use portunus_core::operator::Operator;
use portunus_store::{Listing, Page};

/// One page of the operators.
///
/// # Errors
///
/// [`ListError`].
pub async fn list(plane: &Plane, page: Page) -> Result<Listing<Operator>, ListError> {
    Ok(plane.store.operators(page).await?)
}
