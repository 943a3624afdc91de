//! How operators sign in: sessions, devices, and passwords, which are in [`super::passwords`].

use super::super::plane::Plane;
use super::passwords;
use crate::args::operators::SignInVerb;
use crate::client::escape;
use crate::failure::Failure;
use crate::output::{Table, moment};
use portunus_api::List;
use portunus_api::devices::{Device, DevicePaired, DeviceUnpaired, PairDevice, RotateDevice};
use portunus_api::sessions::{Session, SessionEnded};

/// Runs one verb.
pub(super) async fn run(plane: &Plane, verb: SignInVerb) -> Result<(), Failure> {
    match verb {
        SignInVerb::SetPassword {
            operator,
            from_env,
            current_from_env,
        } => passwords::set(plane, &operator, from_env.as_deref(), current_from_env).await,
        SignInVerb::RemovePassword {
            operator,
            current_from_env,
            force,
        } => passwords::remove(plane, &operator, current_from_env, force.then_some(true)).await,
        SignInVerb::Sessions { operator } => {
            let query: Vec<_> = operator
                .map(|name| ("operator", name))
                .into_iter()
                .collect();
            let answer = plane.get("/sessions", &query).await?;
            plane.show(&answer, |list: List<Session>| session_table(&list.items))
        }
        SignInVerb::EndSession { kid } => {
            let path = format!("/sessions/{}", escape(&kid));
            let answer = plane.delete(&path, &[]).await?;
            plane.show(&answer, |ended: SessionEnded| {
                format!("Session {} has ended.\n", ended.kid)
            })
        }
        SignInVerb::Devices { operator } => {
            let query: Vec<_> = operator
                .map(|name| ("operator", name))
                .into_iter()
                .collect();
            let answer = plane.get("/devices", &query).await?;
            plane.show(&answer, |list: List<Device>| device_table(&list.items))
        }
        SignInVerb::Pair { name } => {
            let name = name.to_string();
            let answer = plane.post("/devices", &PairDevice { name }).await?;
            plane.show(&answer, |paired: DevicePaired| {
                format!(
                    "Paired {} ({}). Its token, shown only now:\n\n  {}\n\n\
                     Signing in with it: portunus login --url {}\n",
                    paired.device.name,
                    paired.device.id,
                    paired.token.expose(),
                    plane.url()
                )
            })
        }
        SignInVerb::RotateDevice { device, overlap } => {
            let body = RotateDevice {
                overlap_ms: overlap.map(|span| span.millis),
            };
            let path = format!("/devices/{}/rotate", escape(&device));
            let answer = plane.post(&path, &body).await?;
            plane.show(&answer, |rotated: DevicePaired| rotated_words(&rotated))
        }
        SignInVerb::Unpair { device } => {
            let path = format!("/devices/{}", escape(&device));
            let answer = plane.delete(&path, &[]).await?;
            plane.show(&answer, |gone: DeviceUnpaired| {
                format!(
                    "Unpaired {} of {}.\n",
                    gone.device.name, gone.device.operator
                )
            })
        }
    }
}

fn rotated_words(rotated: &DevicePaired) -> String {
    let before = match &rotated.device.retiring {
        Some(_) => {
            "The one before works until the first use of the new one and the overlap after it."
        }
        None => "The one before has ended.",
    };
    format!(
        "The new token of {}, shown only now:\n\n  {}\n\n{before}\n",
        rotated.device.name,
        rotated.token.expose()
    )
}

fn session_table(sessions: &[Session]) -> String {
    if sessions.is_empty() {
        return "There are no sessions.\n".to_owned();
    }
    let mut table = Table::new(&["KID", "OPERATOR", "BY", "BEGAN", "LAST USED", "ENDS"])
        .giving_way(&["ENDS", "BEGAN", "LAST USED"]);
    for session in sessions {
        let by = session.device.as_deref().unwrap_or(&session.by);
        table.plain_row([
            session.kid.as_str(),
            &session.operator,
            by,
            &moment::stamp(&session.created_at),
            &moment::stamp(&session.seen_at),
            &moment::stamp(&session.ends_at),
        ]);
    }
    table.render()
}

fn device_table(devices: &[Device]) -> String {
    if devices.is_empty() {
        return "There are no devices. Pair one: portunus operators pair DEVICE\n".to_owned();
    }
    let mut table = Table::new(&["DEVICE", "OPERATOR", "ID", "TOKEN", "PAIRED"])
        .giving_way(&["TOKEN", "PAIRED", "OPERATOR"]);
    for device in devices {
        table.plain_row([
            device.name.as_str(),
            &device.operator,
            &device.id,
            &device.kid,
            &moment::stamp(&device.created_at),
        ]);
    }
    table.render()
}
