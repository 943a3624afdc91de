//! Lists alarms, newest first.

use super::keeper;
use crate::listing::ListError;
use crate::plane::Plane;
use portunus_core::alarm::Alarm;
use portunus_store::{Listing, Page};

pub use portunus_store::AlarmFilter;

/// One page of the alarms, with what was raised just now.
///
/// # Errors
/// [`ListError`].
pub async fn list(
    plane: &Plane,
    filter: AlarmFilter,
    page: Page,
) -> Result<Listing<Alarm>, ListError> {
    keeper::save(plane.alarms(), &*plane.store).await?;
    Ok(plane.store.alarms(filter, page).await?)
}
