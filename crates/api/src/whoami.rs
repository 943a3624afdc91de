//! Who a credential proves.

use crate::tokens::PrincipalKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer of `GET /api/v1/whoami`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct WhoAmI {
    /// Agent or operator.
    pub kind: PrincipalKind,
    /// `agt_` or `opr_` and 22 characters.
    pub id: String,
    /// The name.
    pub name: String,
    /// What people call it, if it has such a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Public handle of the token that was presented.
    pub kid: String,
    /// What the token may do, as `resource.verb` with globs.
    pub scopes: Vec<String>,
    /// When the token behind the credential is over; absent when it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
}
