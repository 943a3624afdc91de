//! Problem documents (RFC 9457): the one shape of every refusal of the control API.

use crate::AuthDetails;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Content type of a problem document.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request was refused, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct Problem {
    /// URI of the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in words; the same for every occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this request.
    pub detail: String,
    /// This occurrence: the request id as a URI.
    pub instance: String,
    /// Stable name of the kind of problem, see [`crate::ErrorCode`].
    pub code: String,
    /// A next step that a program can take.
    pub fix: String,
    /// Where to read more.
    pub doc_url: String,
    /// What a failed sign-in says besides: the members of `AuthDetails`, all of them or none, which a schema of one object
    /// cannot say.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub auth: Option<AuthDetails>,
}
