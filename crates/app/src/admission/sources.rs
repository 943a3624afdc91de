//! The sources whose credentials failed lately: listed, and forgotten at an operator's word.

use crate::audit::caused;
use crate::failure::Failure;
use crate::listing::ListError;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::admission::{Source, Tracked};
use portunus_store::{Cursor, Listing, Page, PoolFacts};
use std::sync::Arc;

/// Why no source was cleared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClearSourceError {
    /// Nothing is remembered of it.
    #[error("nothing is held against this source")]
    NotFound,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// One page of the sources that are remembered, in their order.
///
/// # Errors
/// [`ListError::BadCursor`].
pub fn list(plane: &Plane, page: &Page) -> Result<Listing<Tracked>, ListError> {
    let after = page.after.as_ref().map(read).transpose()?;
    let reach = page.size().saturating_add(1);
    let mut book = plane.admission().penalties.lock();
    let items = book.tracked(after, plane.now()).take(reach).collect();
    Ok(Listing::cut(items, page.size(), |last: &Tracked| {
        written(last.source)
    }))
}

/// Forgets the failures and the penalty of `source` and of the network that it is a part of, or of the parts that it
/// has. Gives what was forgotten.
///
/// # Errors
/// [`ClearSourceError`]; nothing is changed then.
pub async fn clear(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Vec<Tracked>>>,
    source: Source,
) -> Result<Vec<Tracked>, ClearSourceError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let now = plane.now();
            let book = &plane.admission().penalties;
            let overlaps = |tracked: &Tracked| tracked.source.overlaps(source);
            let found: Vec<Tracked> = book.lock().tracked(None, now).filter(overlaps).collect();
            if found.is_empty() {
                return Err(ClearSourceError::NotFound);
            }
            let event = caused(asked.by(), now, "source.cleared", source);
            let facts = PoolFacts {
                events: vec![asked.sign(event, &found)?],
                ..PoolFacts::default()
            };
            let saved = plane.store.save_pool_facts(&facts).await;
            saved.map_err(Failure::from)?;
            book.lock().clear(source, plane.now());
            Ok(found)
        })
        .await
}

/// Where the list goes on, safe in a URL: kind and bits of the last source shown.
fn written(source: Source) -> Cursor {
    let (kind, bits) = match source {
        Source::V4(address) => ("v4", u64::from(address.to_bits())),
        Source::Site(bits) => ("site", bits),
        Source::Network(bits) => ("network", bits),
    };
    Cursor::new(format!("sources.{kind}.{bits:x}"))
}

fn read(cursor: &Cursor) -> Result<Source, ListError> {
    let mut parts = cursor.as_str().splitn(3, '.');
    let (list, kind, bits) = (parts.next(), parts.next(), parts.next());
    let bits = bits.and_then(|bits| u64::from_str_radix(bits, 16).ok());
    let source = match (list, kind, bits) {
        (Some("sources"), Some("v4"), Some(bits)) => {
            u32::try_from(bits).ok().map(|bits| Source::V4(bits.into()))
        }
        (Some("sources"), Some("site"), Some(bits)) => Some(Source::Site(bits)),
        (Some("sources"), Some("network"), Some(bits)) => Some(Source::Network(bits)),
        _ => None,
    };
    source.ok_or(ListError::BadCursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_source_and_a_strange_one_is_refused() {
        for text in ["203.0.113.7", "2001:db8:1:2::/64", "2001:db8:1::/48"] {
            let source: Source = text.parse().unwrap();
            assert_eq!(read(&written(source)), Ok(source));
        }
        for text in [
            "",
            "sources.v4.100000000",
            "sources.v4.x",
            "sources.v6.1",
            "agents.a",
        ] {
            let read = read(&Cursor::new(text.into()));
            assert_eq!(read, Err(ListError::BadCursor), "{text:?}");
        }
    }
}
