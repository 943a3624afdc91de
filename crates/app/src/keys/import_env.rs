//! Adds the provider keys that `serve` found in its environment. Offered only while the plane has no key at all;
//! doing it twice changes nothing.

use super::ProviderSecret;
use super::add::{AddKeysError, NewKey, add_held};
use super::list::all_of;
use crate::failure::Failure;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::name::{Label, Slug};
use portunus_core::provider_key::{Protocol, ProviderKey};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Label of imported keys.
const LABEL: &str = "env";

/// The variables that are looked at, and the protocol whose pool their key joins.
pub const VARIABLES: [(&str, Protocol); 2] = [
    ("ANTHROPIC_API_KEY", Protocol::Anthropic),
    ("OPENAI_API_KEY", Protocol::OpenAi),
];

/// A provider key that was found in the environment.
#[derive(Clone, Debug)]
pub struct OfferedSecret {
    /// Name of the variable.
    pub variable: &'static str,
    /// The protocol whose pool it would join.
    pub protocol: Protocol,
    /// The key.
    pub secret: ProviderSecret,
}

impl OfferedSecret {
    /// What `read`, usually the process environment, has under [`VARIABLES`]; what cannot be a key is left out.
    pub fn found_by(read: impl Fn(&str) -> Option<String>) -> Vec<Self> {
        let found = VARIABLES.iter().filter_map(|(variable, protocol)| {
            let text = zeroize::Zeroizing::new(read(variable)?);
            Some(Self {
                variable,
                protocol: *protocol,
                secret: ProviderSecret::parse(&text).ok()?,
            })
        });
        found.collect()
    }
}

/// What an import did.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Keys that it added.
    pub added: Vec<ProviderKey>,
    /// Keys that were there already, with the same secret.
    pub present: Vec<ProviderKey>,
}

/// Why nothing was imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// No offer, or keys exist and none of them is an offered one.
    #[error(
        "no provider key is offered: none was in the environment of serve, or keys exist already"
    )]
    NothingOffered,
    /// Adding failed.
    #[error(transparent)]
    Add(#[from] AddKeysError),
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Imports what is offered.
pub async fn import_env(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Imported>>,
) -> Result<Imported, ImportError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let keys = all_of(&plane, None).await.map_err(Failure::from)?;
            let is_open = !plane.offers_taken.load(Ordering::Relaxed);
            if keys.is_empty() && is_open && !plane.offers.is_empty() {
                let new: Result<Vec<_>, Failure> = plane.offers.iter().map(new_key).collect();
                let imported = |added: &Vec<ProviderKey>| Imported {
                    added: added.clone(),
                    present: Vec::new(),
                };
                let sign = |event, added: &Vec<_>| asked.sign(event, &imported(added));
                let added = add_held(&plane, asked.by(), &new?, sign).await?;
                plane.offers_taken.store(true, Ordering::Relaxed);
                return Ok(imported(&added));
            }
            let offered: Vec<[u8; 8]> = plane
                .offers
                .iter()
                .map(|offer| plane.pepper.fingerprint(offer.secret.secret()))
                .collect();
            let mut present = keys;
            present.retain(|key| offered.contains(&key.fingerprint));
            if present.is_empty() {
                return Err(ImportError::NothingOffered);
            }
            Ok(Imported {
                added: Vec::new(),
                present,
            })
        })
        .await
}

/// What the plane offers to import now: nothing once a key exists or the offer was taken.
#[must_use]
pub fn offers(plane: &Plane) -> &[OfferedSecret] {
    let pools = plane.pools().all();
    let has_keys = pools.iter().any(|pool| !pool.status().keys.is_empty());
    if has_keys || plane.offers_taken.load(Ordering::Relaxed) {
        return &[];
    }
    &plane.offers
}

fn new_key(offer: &OfferedSecret) -> Result<NewKey, Failure> {
    let defect = |_| Failure::Defect("a built-in name is no name".into());
    let pool: Slug = offer.protocol.as_str().parse().map_err(defect)?;
    let label: Label = LABEL.parse().map_err(defect)?;
    Ok(NewKey {
        pool,
        label,
        secret: offer.secret.clone(),
        priority: 0,
        base_url: None,
    })
}
