//! `portunus keys add`: one key from standard input, or many from a file in batches.

use super::key_file::{self, Entry};
use super::{Plane, name};
use crate::args::keys::AddKey as Wanted;
use crate::config::ProcessEnvironment;
use crate::failure::Failure;
use crate::secret_input;
use indicatif::{ProgressBar, ProgressStyle};
use portunus_api::SecretText;
use portunus_api::keys::{AddKey, AddKeys, Key, KeysAdded};

/// Keys that the plane takes in one request.
const BATCH: usize = 1000;

/// Adds what `wanted` says.
pub(super) async fn run(plane: &Plane, wanted: Wanted) -> Result<(), Failure> {
    if let Some(path) = &wanted.from {
        let entries = key_file::read(path)?;
        return many(plane, &wanted, &entries).await;
    }
    let label = wanted
        .label
        .as_ref()
        .map_or_else(String::new, ToString::to_string);
    let what = format!("The secret of {}:{label}", wanted.pool);
    let secret = secret_input::read(
        wanted.from_env.as_deref(),
        &what,
        super::PIPED,
        &ProcessEnvironment,
    )?;
    let body = request(&wanted, label, secret.expose());
    let answer = plane.post("/keys", &body).await?;
    plane.show(&answer, |key: Key| {
        format!("Added {} (fingerprint {}).\n", name(&key), key.fingerprint)
    })
}

fn request(wanted: &Wanted, label: String, secret: &str) -> AddKey {
    AddKey {
        pool: wanted.pool.to_string(),
        label,
        secret: SecretText::new(secret.to_owned()),
        priority: wanted.priority,
        base_url: wanted.base_url.clone(),
    }
}

async fn many(plane: &Plane, wanted: &Wanted, entries: &[Entry]) -> Result<(), Failure> {
    let progress = progress(entries.len());
    let mut added = Vec::new();
    for batch in entries.chunks(BATCH) {
        let keys = batch
            .iter()
            .map(|entry| request(wanted, entry.label.to_string(), entry.secret.expose()))
            .collect();
        let answer = plane.post("/keys/batch", &AddKeys { keys }).await;
        let answer = answer.map_err(|failure| {
            progress.abandon();
            match added.len() {
                0 => failure,
                count => failure.after(&format!("the first {count} keys were added")),
            }
        })?;
        added.extend(answer.read::<KeysAdded>()?.keys);
        progress.inc(u64::try_from(batch.len()).unwrap_or(0));
    }
    progress.finish_and_clear();
    let count = added.len();
    let answer = KeysAdded { keys: added };
    plane.show_value(&answer, |_| {
        let noun = if count == 1 { "key" } else { "keys" };
        format!("Added {count} {noun} to {}.\n", wanted.pool)
    })
}

/// A bar on standard error; it hides itself when that is no terminal.
fn progress(keys: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(keys).unwrap_or(0));
    let style = ProgressStyle::with_template("adding keys {bar:30} {pos}/{len}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
