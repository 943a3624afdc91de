//! Devices: paired by an operator, and then trusted to sign in without a password until they are unpaired.

use super::{may_act, whose};
use crate::Session;
use crate::audit::{Detailed, caused};
use crate::entropy;
use crate::failure::Failure;
use crate::once::Asked;
use crate::operators::ChangeError;
use crate::plane::Plane;
use crate::tokens::rotate::Overlap;
use portunus_core::agent::Principal;
use portunus_core::ids::DeviceId;
use portunus_core::name::Label;
use portunus_core::secret::Secret;
use portunus_core::session::{Device, DeviceToken, SignedInBy};
use portunus_core::token::TokenKind;
use portunus_store::StoreError;
use std::sync::Arc;

/// Most devices of one operator.
pub const MOST_PER_OPERATOR: usize = 100;

/// A device with a new token, which exists in the clear here and nowhere else.
#[derive(Debug)]
pub struct Paired {
    /// The device.
    pub device: Device,
    /// Its token.
    pub token: Secret,
}

/// Why no device was paired.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PairError {
    /// Agents have no devices.
    #[error("only operators have devices")]
    NotAnOperator,
    /// One of the operator's devices has the name.
    #[error("a device of yours has this name")]
    NameTaken,
    /// The operator has too many.
    #[error("{MOST_PER_OPERATOR} devices are paired already")]
    TooMany,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Pairs a device of one's own.
///
/// # Errors
///
/// [`PairError`].
pub async fn pair(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Paired>>,
    name: Label,
) -> Result<Paired, PairError> {
    let asked = asked.into();
    let Principal::Operator(operator) = asked.by() else {
        return Err(PairError::NotAnOperator);
    };
    plane
        .to_the_end(move |plane| async move {
            let id = DeviceId::from_bytes(entropy::draw().map_err(Failure::from)?);
            let random = entropy::draw().map_err(Failure::from)?;
            let minted = plane.pepper.mint(TokenKind::Device, &random);
            let _changes = plane.changes.lock().await;
            if plane.sessions.devices_of(operator).len() >= MOST_PER_OPERATOR {
                return Err(PairError::TooMany);
            }
            let now = plane.clock.now();
            let device = Device::new(id, operator, name, (minted.kid, minted.digest), now);
            let event = caused(asked.by(), now, "device.paired", id)
                .with("name", &device.name)
                .with("operator", operator)
                .with("kid", minted.kid);
            let paired = Paired {
                device,
                token: minted.text,
            };
            let event = asked.sign(event, &paired)?;
            match plane.store.pair_device(&paired.device, &event).await {
                Err(StoreError::NameTaken) => return Err(PairError::NameTaken),
                other => other.map_err(Failure::from)?,
            }
            plane.sessions.add_device(paired.device.clone());
            Ok(paired)
        })
        .await
}

/// The devices of the operator that `reference` means, or one's own, by name.
///
/// # Errors
///
/// [`ChangeError`].
pub async fn list(
    plane: &Plane,
    by: &Session,
    reference: Option<&str>,
) -> Result<Vec<Device>, ChangeError> {
    let operator = whose(plane, by, reference).await?;
    let devices = plane.sessions.devices_of(operator);
    Ok(devices.iter().map(|live| live.device.clone()).collect())
}

/// The device that `reference` means: an id, or the name of one's own.
///
/// # Errors
///
/// [`ChangeError::NoDevice`].
pub fn meant(plane: &Plane, by: &Session, reference: &str) -> Result<DeviceId, ChangeError> {
    if let Ok(id) = reference.parse() {
        return Ok(id);
    }
    let Principal::Operator(own) = by.principal else {
        return Err(ChangeError::NoDevice);
    };
    let devices = plane.sessions.devices_of(own);
    let named = devices
        .iter()
        .find(|live| live.device.name.as_str() == reference);
    named
        .map(|live| live.device.id)
        .ok_or(ChangeError::NoDevice)
}

/// Gives a device of one's own another token. The one before works on until the first use of the new one and the overlap,
/// so that a lost reply strands nobody; sessions go on.
///
/// # Errors
///
/// [`ChangeError`].
pub async fn rotate(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Paired>>,
    id: DeviceId,
    overlap: Overlap,
) -> Result<Paired, ChangeError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let random = entropy::draw().map_err(Failure::from)?;
            let minted = plane.pepper.mint(TokenKind::Device, &random);
            let _changes = plane.changes.lock().await;
            let live = plane.sessions.device_by_id(id);
            let own = |live: &Device| asked.by() == Principal::Operator(live.operator);
            if live.filter(|live| own(&live.device)).is_none() {
                return Err(ChangeError::NoDevice);
            }
            let _held = plane.sessions.hold_device(id);
            let device = settled(&plane, id).await?;
            let next = DeviceToken {
                kid: minted.kid,
                digest: minted.digest,
                overlap_ms: overlap.as_millis(),
            };
            let now = plane.clock.now();
            let event = caused(asked.by(), now, "device.rotated", id)
                .with("name", &device.name)
                .with("kid", minted.kid)
                .with("overlap_ms", next.overlap_ms);
            let paired = Paired {
                device: device.succeeded_by(next, now),
                token: minted.text,
            };
            let event = asked.sign(event, &paired)?;
            let rotated = plane.store.rotate_device(id, next, now, &event);
            rotated.await?;
            plane.sessions.add_device(paired.device.clone());
            Ok(paired)
        })
        .await
}

/// A device whose first use the store knows, if there was one: what a rotation leaves depends on it. First uses are held.
async fn settled(plane: &Plane, id: DeviceId) -> Result<Device, ChangeError> {
    let live = plane.sessions.device_by_id(id);
    let device = live.ok_or(ChangeError::NoDevice)?.device.clone();
    if let Some(at) = device.first_used_at {
        // It may not be pending yet; what the store knows already stays as it is.
        plane.first_uses.add(device.kid, at);
    }
    plane.first_uses.flush(&*plane.store).await?;
    Ok(device)
}

/// Unpairs a device; its token and the sessions that came of it end at once (P5).
///
/// # Errors
///
/// [`ChangeError`].
pub async fn unpair(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Device, Session>>,
    id: DeviceId,
) -> Result<Device, ChangeError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let live = plane.sessions.device_by_id(id);
            let device = live.ok_or(ChangeError::NoDevice)?.device.clone();
            may_act(&plane, asked.session(), device.operator).await?;
            let event = caused(asked.by(), plane.clock.now(), "device.unpaired", id)
                .with("name", &device.name)
                .with("operator", device.operator);
            let event = asked.sign(event, &device)?;
            plane.store.unpair_device(id, &event).await?;
            plane.sessions.forget_device(id);
            plane
                .sessions
                .end(|session| session.by == SignedInBy::Device(id));
            Ok(device)
        })
        .await
}
