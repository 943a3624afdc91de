//! Paired devices of operators on the wire.

use crate::SecretText;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A browser or a program that signs in without a password.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Device {
    /// `dev_` and 22 characters; never reused.
    pub id: String,
    /// What its operator calls it.
    pub name: String,
    /// The operator's name.
    pub operator: String,
    /// Public handle of its token.
    pub kid: String,
    /// When it was paired.
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// Body of `POST /api/v1/devices`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PairDevice {
    /// Letters, digits, dots, underscores and hyphens; 1 to 63 of them; unique among one's devices.
    #[schema(min_length = 1, max_length = 63)]
    pub name: String,
}

/// Body of `POST /api/v1/devices/{device}/rotate`: there is nothing to say.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateDevice {}

/// A device and its token. The token is shown here and never again.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct DevicePaired {
    /// The device.
    pub device: Device,
    /// Its token, in the clear.
    pub token: SecretText,
}

/// A device that is gone.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct DeviceUnpaired {
    /// The device as it was.
    pub device: Device,
}
