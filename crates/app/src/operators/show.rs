//! Finds one operator by name or id.

use super::ChangeError;
use crate::plane::Plane;
use portunus_core::ids::OperatorId;
use portunus_core::name::Slug;
use portunus_core::operator::Operator;

/// The operator that `reference`, a name or an id, means.
///
/// # Errors
///
/// [`ChangeError::NotFound`].
pub async fn show(plane: &Plane, reference: &str) -> Result<Operator, ChangeError> {
    // An id has an underscore, which no name has.
    if let Ok(id) = reference.parse::<OperatorId>() {
        return Ok(plane.store.operator(id).await?);
    }
    let name: Slug = reference.parse().map_err(|_| ChangeError::NotFound)?;
    Ok(plane.store.operator_by_name(&name).await?)
}
