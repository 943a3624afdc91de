//! Sessions of operators on the wire.

use crate::SecretText;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Body of `POST /api/v1/sessions`. Without a password the token in `Authorization` signs in.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The operator's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// The operator's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretText>,
    /// Also pairs a device of this name; its token is in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 63)]
    pub pair: Option<String>,
}

/// Answer of `POST /api/v1/sessions`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct SignedIn {
    /// The session.
    #[serde(flatten)]
    pub session: Session,
    /// The token of the device that was paired by the way, in the clear. Shown here and never again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_token: Option<SecretText>,
}

/// A session of an operator. Its secret travels in a cookie alone.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Session {
    /// Public handle.
    pub kid: String,
    /// `opr_` and 22 characters.
    pub operator_id: String,
    /// The operator's name.
    pub operator: String,
    /// How it began: `password`, `token` or `device`.
    pub by: String,
    /// The name of the device that it came of.
    pub device: Option<String>,
    /// When it began.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was last used.
    #[schema(format = DateTime)]
    pub seen_at: String,
    /// When it ends unless it is used.
    #[schema(format = DateTime)]
    pub ends_at: String,
    /// Whether this request came in it.
    pub current: bool,
}

/// Query of `GET /api/v1/sessions` and `GET /api/v1/devices`.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct WhoseQuery {
    /// Name or id of another operator; needs `operators.update` too. One's own when absent.
    pub operator: Option<String>,
}

/// A session that ended.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct SessionEnded {
    /// Its public handle.
    pub kid: String,
}
