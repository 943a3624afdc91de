//! Operators on the wire.

use crate::SecretText;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A set of scopes with a name.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Everything but operators and signing keys.
    Operator,
    /// A look at everything.
    Viewer,
}

/// A person who may do something with the plane.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Operator {
    /// `opr_` and 22 characters; never reused.
    pub id: String,
    /// Unique among living operators.
    pub name: String,
    /// The role, if there is one.
    pub role: Option<Role>,
    /// The scopes that were given one by one, in addition to the role or without one.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Both together, as `resource.verb` with globs: what the operator may do.
    pub may: Vec<String>,
    /// When the operator was created.
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// Body of `POST /api/v1/operators`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateOperator {
    /// Lower-case letters, digits and hyphens; 1 to 63 of them; a hyphen neither first nor last.
    #[schema(
        min_length = 1,
        max_length = 63,
        pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
    )]
    pub name: String,
    /// The role; with neither role nor scopes it is `viewer`. Nobody gives more than they hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Scopes one by one, in addition to the role or without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 32)]
    pub scopes: Option<Vec<String>>,
    /// When the token is over, in RFC 3339; it lasts when this and `expires_in_ms` are absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    /// The same as milliseconds from now, at most 10 years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 315_360_000_000_u64)]
    pub expires_in_ms: Option<u64>,
}

/// A new operator and a token. The token is shown here and never again.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct OperatorCreated {
    /// The operator.
    pub operator: Operator,
    /// The token, in the clear.
    pub token: SecretText,
    /// The token's public handle.
    pub kid: String,
    /// When the token is over; absent when it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
}

/// Body of `PATCH /api/v1/operators/{operator}`: all that the operator may do from now on.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateOperator {
    /// The role; none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Scopes one by one; none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 32)]
    pub scopes: Option<Vec<String>>,
    /// Also when nobody else may administer the plane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
}

/// Body of `PUT /api/v1/operators/{operator}/password`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPassword {
    /// The new one, 12 to 1024 bytes.
    pub password: SecretText,
    /// The one before, which a session or a device's token needs to change its operator's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_password: Option<SecretText>,
}

/// A password that was set.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct PasswordSet {
    /// Whose password it is.
    pub operator: String,
}

/// Body of `POST /api/v1/operators/{operator}/password/remove`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemovePassword {
    /// The password, which a session or a device's token needs to remove its operator's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_password: Option<SecretText>,
    /// Also when nothing else would sign the operator in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
}

/// A password that was removed.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct PasswordRemoved {
    /// Whose password it was.
    pub operator: String,
}

/// Query of `DELETE /api/v1/operators/{operator}`.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeleteOperatorQuery {
    /// Also when nobody else may administer the plane.
    pub force: Option<bool>,
}

/// An operator who is gone.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct OperatorDeleted {
    /// The operator as it was.
    pub operator: Operator,
    /// Public handles of the tokens that ended.
    pub revoked: Vec<String>,
}
