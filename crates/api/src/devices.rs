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
    /// Public handle of its latest token.
    pub kid: String,
    /// The token before, while it still works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retiring: Option<RetiringDeviceToken>,
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

/// A device's token that was replaced and still works.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct RetiringDeviceToken {
    /// Public handle.
    pub kid: String,
    /// When it ends; absent while its successor has not been used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub until: Option<String>,
}

/// Body of `POST /api/v1/devices/{device}/rotate`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateDevice {
    /// How long the token before works after the first use of the new one, in milliseconds; 60000 when absent. Zero ends it
    /// at once. At most 7 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 604_800_000)]
    pub overlap_ms: Option<u64>,
}

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
