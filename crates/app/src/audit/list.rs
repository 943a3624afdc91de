//! Reads the audit log, newest first. Events name what they happened to by its id, or a pool by its name; people ask by
//! the names that they know, also of what is gone.

use crate::listing::ListError;
use crate::plane::Plane;
use crate::pool_settings;
use portunus_core::audit::AuditRecord;
use portunus_store::{AuditFilter, Listing, MAX_LIMIT, Page, StoreError};

/// Which records are asked for; every `None` lets all pass.
#[derive(Clone, Debug, Default)]
pub struct AuditWish {
    /// The action begins so.
    pub action_prefix: Option<String>,
    /// What they are about: an id, a kid, or the name of an agent, an operator or a pool, or `pool:label` of a key.
    pub subject: Option<String>,
}

/// One page of the log.
pub async fn list(
    plane: &Plane,
    wish: AuditWish,
    page: Page,
) -> Result<Listing<AuditRecord>, ListError> {
    let subjects = match &wish.subject {
        None => Vec::new(),
        Some(reference) => subjects(plane, reference).await?,
    };
    let filter = AuditFilter {
        action_prefix: wish.action_prefix,
        subjects,
    };
    Ok(plane.store.audit(filter, page).await?)
}

/// Every subject that `reference` may mean: itself, and whatever ever had it as its name.
async fn subjects(plane: &Plane, reference: &str) -> Result<Vec<String>, StoreError> {
    let mut subjects = vec![reference.to_owned()];
    if let Ok(pool) = pool_settings::show(plane, reference) {
        subjects.extend([pool.id.to_string(), pool.name.to_string()]);
    }
    let (births, names) = match reference.split_once(':') {
        None => (
            &["agent.created", "agent.imported", "operator.created"][..],
            vec![("name", reference)],
        ),
        Some((pool, label)) => (
            &["key.added", "key.changed"][..],
            vec![("pool", pool), ("label", label)],
        ),
    };
    for action in births {
        collect(plane, action, &names, &mut subjects).await?;
    }
    subjects.sort();
    subjects.dedup();
    Ok(subjects)
}

/// Adds the subjects of all events of `action` whose details say `names`.
async fn collect(
    plane: &Plane,
    action: &str,
    names: &[(&str, &str)],
    subjects: &mut Vec<String>,
) -> Result<(), StoreError> {
    let mut page = Page::first(MAX_LIMIT);
    loop {
        let filter = AuditFilter {
            action_prefix: Some(action.to_owned()),
            subjects: Vec::new(),
        };
        let records = plane.store.audit(filter, page.clone()).await?;
        let meant = records.items.into_iter().filter(|record| {
            names.iter().all(|(name, value)| {
                let mut details = record.details.iter();
                details.any(|(own, said)| own == name && said == value)
            })
        });
        subjects.extend(meant.map(|record| record.subject));
        if records.next.is_none() {
            return Ok(());
        }
        page.after = records.next;
    }
}
