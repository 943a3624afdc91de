//! Tokens on the wire: only their public half, save for the one answer that issues them.

use crate::SecretText;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Where a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// The newest token of its principal.
    Active,
    /// The predecessor of the active one.
    Retiring,
    /// Ended for good.
    Revoked,
    /// Its own time is over.
    Expired,
}

/// What a principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// A program.
    Agent,
    /// A person.
    Operator,
}

/// Whose something is, or who acted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct Principal {
    /// Agent or operator.
    pub kind: PrincipalKind,
    /// `agt_` or `opr_` and 22 characters.
    pub id: String,
    /// The name, in the list of tokens also of an agent that is gone; elsewhere absent then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What people call it, if it has such a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// The public half of a token.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Token {
    /// Public handle, 22 characters.
    pub kid: String,
    /// Whose token it is.
    pub principal: Principal,
    /// Where it stands.
    pub state: TokenState,
    /// When a retiring token ends; absent while its successor has not been used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub retires_at: Option<String>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub revoked_at: Option<String>,
    /// When its own time is over; absent when it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    /// When it was issued.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was first presented with success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub first_used_at: Option<String>,
}

/// Body of `POST /api/v1/agents/{agent}/tokens/rotate` and `POST /api/v1/operators/{operator}/tokens/rotate`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateToken {
    /// How long the predecessor works after the successor's first use, in milliseconds; 60000 when absent.
    /// Zero ends the predecessor at once. At most 7 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 604_800_000)]
    pub overlap_ms: Option<u64>,
    /// When the successor is over, in RFC 3339; it lasts when this and `expires_in_ms` are absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    /// The same as milliseconds from now, at most 10 years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 315_360_000_000_u64)]
    pub expires_in_ms: Option<u64>,
}

/// A successor. The token is shown here and never again.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct TokenRotated {
    /// The new token, in the clear.
    pub token: SecretText,
    /// Its public handle.
    pub kid: String,
    /// When it is over; absent when it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    /// The predecessor that keeps working; absent when none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retiring: Option<Token>,
    /// Public handles of the tokens that ended with this rotation.
    pub revoked: Vec<String>,
}

/// Body of `POST /api/v1/tokens/{kid}/revoke`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeToken {
    /// Also when it is the last token of an operator, without which nobody can administer the plane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
}

/// Answer of `POST /api/v1/tokens/{kid}/revoke`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct TokenRevoked {
    /// Public handle.
    pub kid: String,
    /// When it ended.
    #[schema(format = DateTime)]
    pub revoked_at: String,
}

/// Parameters of `GET /api/v1/tokens`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TokensQuery {
    /// Name or id of an agent: only its tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Items per page, 1 to 1000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1)]
    pub cursor: Option<String>,
}
