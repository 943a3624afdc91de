//! What a plane is put together from when it opens, besides what it holds: keys, families and open alarms out of the store.

use crate::access::families::Families;
use crate::access::{Access, signing};
use crate::alarms::{self, Alarms};
use crate::audit::signer::Signer;
use crate::directory::{Directory, Fill, Profile};
use crate::plane::{OpenError, PlaneParts};
use crate::pools::Pools;
use portunus_core::agent::Principal;
use portunus_store::Snapshot;
use std::sync::Arc;

/// Those that are open; they hear of what happens to the pools.
pub(crate) async fn alarms(parts: &PlaneParts, pools: &Pools) -> Result<Arc<Alarms>, OpenError> {
    let alarms = Arc::new(Alarms::open(&*parts.store).await?);
    alarms::sources::observes_anew(&alarms, parts.clock.now());
    let hearing = Arc::clone(&alarms);
    pools
        .recorder()
        .heard_by(move |event| alarms::sources::hear(&hearing, event));
    Ok(alarms)
}

/// What signs the audit log.
pub(crate) async fn signer(
    parts: &PlaneParts,
    snapshot: &mut Snapshot,
) -> Result<Signer, OpenError> {
    let (stored, name) = (snapshot.audit_key.take(), parts.pepper.plane_name());
    let now = parts.clock.now();
    Signer::open(&*parts.store, &parts.vault, stored, name, now).await
}

/// What is known of access tokens.
pub(crate) async fn access(
    parts: &PlaneParts,
    snapshot: &mut Snapshot,
) -> Result<Access, OpenError> {
    let stored = std::mem::take(&mut snapshot.signing_keys);
    let keyring = signing::open(&*parts.store, &parts.vault, stored, parts.clock.now()).await?;
    let families = Families::of(std::mem::take(&mut snapshot.families));
    Ok(Access::new(keyring, families, &parts.pepper))
}

/// The operators and their tokens; agents follow.
pub(crate) fn directory(snapshot: &Snapshot) -> Directory {
    let directory = Directory::new();
    for operator in &snapshot.operators {
        let profile = Profile::of_operator(operator);
        directory.welcome(Principal::Operator(operator.id), profile);
    }
    directory.fill(&snapshot.tokens);
    directory
}

/// What reads the agents into memory; the first of them are there.
pub(crate) async fn fill(
    parts: &PlaneParts,
    directory: &Arc<Directory>,
    changes: &Arc<tokio::sync::Mutex<()>>,
) -> Result<Fill, OpenError> {
    let mut fill = Fill::new(
        Arc::clone(directory),
        Arc::clone(&parts.store),
        Arc::clone(changes),
    );
    fill.step().await?;
    Ok(fill)
}
