//! The keys that access tokens are signed with: made at the first start, listed, rotated with overlap.

use super::keyring::{Keyring, LiveKey, SigningKeyError};
use crate::audit::{Detailed, caused, event};
use crate::failure::Failure;
use crate::once::Asked;
use crate::plane::{OpenError, Plane};
use crate::pools::Vault;
use portunus_core::access::signing::overlap_end;
use portunus_core::access::{SigningKey, SigningState};
use portunus_core::alarm::AlarmKind;
use portunus_core::audit::Actor;
use portunus_core::time::Timestamp;
use portunus_store::Store;
use std::sync::Arc;

/// Opens the stored keys, or makes the first one.
pub(crate) async fn open(
    store: &dyn Store,
    vault: &Vault,
    stored: Vec<SigningKey>,
    now: Timestamp,
) -> Result<Keyring, OpenError> {
    let living = stored.into_iter().filter(|key| key.verifies(now));
    let (signing, retiring): (Vec<_>, Vec<_>) =
        living.partition(|key| key.state == SigningState::Active);
    let signs = match signing.into_iter().next() {
        Some(record) => Keyring::open(record, vault)?,
        None => {
            let first = LiveKey::generate(vault, now)?;
            let made = event(Actor::Plane, now, "signing.created", first.record().id);
            store
                .add_signing_key(first.record(), None, now, &made)
                .await?;
            first
        }
    };
    Ok(Keyring::new(signs, retiring, vault)?)
}

/// The keys that verify, the one that signs first.
#[must_use]
pub fn list(plane: &Plane) -> Vec<SigningKey> {
    plane.access().keyring.living(plane.clock.now())
}

/// Lets a new key sign, which is returned with the others. The one before verifies, and is published, until the last
/// token that it signed can no longer be renewed.
///
/// # Errors
///
/// [`Failure`].
pub async fn rotate(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Vec<SigningKey>>>,
) -> Result<Vec<SigningKey>, Failure> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let now = plane.clock.now();
            let access = plane.access();
            let before = access.keyring.signing();
            let successor = LiveKey::generate(&plane.vault, now).inspect_err(|error| {
                let says = format!("no new key to sign access tokens with could be made: {error}");
                let kind = AlarmKind::SigningTrouble;
                plane.alarms().raise(kind, "access", says, now);
            })?;
            let until = overlap_end(now, &access.terms());
            let made = caused(asked.by(), now, "signing.rotated", successor.record().id)
                .with("predecessor", before.id);
            let keys = access.keyring.living_after(successor.record(), until);
            let made = asked.sign(made, &keys)?;
            plane
                .store
                .add_signing_key(successor.record(), Some(before.id), until, &made)
                .await?;
            access.keyring.succeed(successor, until, &plane.vault)?;
            Ok::<_, Failure>(keys)
        })
        .await
}

impl From<SigningKeyError> for Failure {
    fn from(error: SigningKeyError) -> Self {
        match error {
            SigningKeyError::NoEntropy(cause) => Self::NoEntropy(cause),
            SigningKeyError::Vault(cause) => cause.into(),
        }
    }
}
