//! Sessions and devices on the wire.

use super::time::rfc3339;
use portunus_api::devices as devices_api;
use portunus_api::sessions as api;
use portunus_app::Plane;
use portunus_app::sessions::list::Standing;
use portunus_core::agent::Principal;
use portunus_core::ids::OperatorId;
use portunus_core::session::Device;
use portunus_core::token::Kid;

fn name(plane: &Plane, id: OperatorId) -> String {
    let name = plane.name_of(Principal::Operator(id));
    name.map_or_else(|| id.to_string(), |name| name.to_string())
}

/// A session, as it looks from one with the handle `presented`.
pub(crate) fn session(plane: &Plane, standing: &Standing, presented: Kid) -> api::Session {
    api::Session {
        kid: standing.kid.to_string(),
        operator_id: standing.operator.to_string(),
        operator: name(plane, standing.operator),
        by: standing.by.to_owned(),
        device: standing.device.clone(),
        created_at: rfc3339(standing.created_at),
        seen_at: rfc3339(standing.seen_at),
        ends_at: rfc3339(standing.ends_at),
        current: standing.kid == presented,
    }
}

pub(crate) fn device(plane: &Plane, device: &Device) -> devices_api::Device {
    devices_api::Device {
        id: device.id.to_string(),
        name: device.name.to_string(),
        operator: name(plane, device.operator),
        kid: device.kid.to_string(),
        retiring: device
            .before
            .filter(|before| before.until.is_none_or(|until| plane.now() < until))
            .map(|before| devices_api::RetiringDeviceToken {
                kid: before.kid.to_string(),
                until: before.until.map(rfc3339),
            }),
        created_at: rfc3339(device.created_at),
    }
}
