//! `portunus audit key`.

use crate::commands::Plane;
use crate::failure::{Failure, Kind};
use crate::output;
use portunus_api::audit::AuditKey;

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Key and checkpoint.
    Both,
    /// The checkpoint alone, as a file keeps it.
    Checkpoint,
}

impl From<bool> for Shown {
    fn from(checkpoint: bool) -> Self {
        if checkpoint {
            Self::Checkpoint
        } else {
            Self::Both
        }
    }
}

/// Shows what the log is signed with.
pub(super) async fn run(plane: &Plane, shown: Shown) -> Result<(), Failure> {
    let answer = plane.get("/audit/key", &[]).await?;
    if shown == Shown::Both {
        return plane.show(&answer, |found: AuditKey| in_words(&found));
    }
    let found: AuditKey = answer.read()?;
    let checkpoint = found
        .checkpoint
        .ok_or_else(|| Failure::new(Kind::NotFound, "nothing is in the log yet"))?;
    output::print(&checkpoint)
}

fn in_words(found: &AuditKey) -> String {
    let checkpoint = found.checkpoint.as_deref().unwrap_or_default();
    format!(
        "Key: {}\n\nA checkpoint of the first {} records:\n\n{checkpoint}\nKeep both elsewhere: portunus audit verify --key KEY --checkpoint FILE\n",
        found.key, found.size
    )
}
