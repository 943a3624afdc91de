//! Operators: the people who run the plane.

use crate::ids::OperatorId;
use crate::name::Slug;
use crate::time::Timestamp;

/// A person who may administer the plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Never reused.
    pub id: OperatorId,
    /// Unique.
    pub name: Slug,
    /// When the operator was created.
    pub created_at: Timestamp,
}
