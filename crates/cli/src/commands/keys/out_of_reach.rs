//! What is said below a table of keys or pools of upstreams that could not be reached.

use crate::output::{self, moment};
use portunus_api::keys::Unreachable;

/// Two lines for each upstream, whichever keys it has.
pub(crate) fn words<'a>(missed: impl Iterator<Item = &'a Unreachable>) -> String {
    let mut told: Vec<&Unreachable> = Vec::new();
    for one in missed {
        if !told.iter().any(|known| known.base_url == one.base_url) {
            told.push(one);
        }
    }
    let lines = told.into_iter().map(|one| {
        format!(
            "\n{} cannot be reached since {}: {}.\n  Last tried {}. Nothing is known to be wrong with its keys.\n",
            output::plain(&one.base_url),
            moment::stamp(&one.since),
            output::plain(&one.why),
            moment::stamp(&one.tried_at),
        )
    });
    lines.collect()
}
