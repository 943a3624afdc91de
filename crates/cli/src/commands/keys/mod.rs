//! `portunus keys`: adding and changing here, how keys fare in `list` and `status`.

mod add;
mod key_file;
mod list;
pub(crate) mod out_of_reach;
mod remedy;
mod status;

pub(crate) use remedy::remedy;

use super::plane::Plane;
use crate::args::keys::{KeysArgs, KeysVerb, SetKey};
use crate::client::escape;
use crate::config::ProcessEnvironment;
use crate::failure::Failure;
use crate::secret_input;
use portunus_api::keys::{Key, KeyRemoved, KeysImported, SwitchKey, UpdateKey};
use portunus_api::{Patch, SecretText};
use serde_json::json;

/// How a secret is given well.
const PIPED: &str = "printf %s \"$SECRET\" | portunus keys ...";

/// Runs one verb.
pub(super) async fn run(args: KeysArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    match args.verb {
        KeysVerb::Add(wanted) => add::run(&plane, wanted).await,
        KeysVerb::List { pool, page } => list::run(&plane, pool, page).await,
        KeysVerb::Status { pool, watch: true } => status::watch(&plane, pool).await,
        KeysVerb::Status { pool, watch: false } => status::once(&plane, pool).await,
        KeysVerb::Set(change) => set(&plane, change).await,
        KeysVerb::Enable { key } => {
            let answer = plane.post(&path(&key, "/enable"), &json!({})).await?;
            plane.show(&answer, |key: Key| format!("{} is on.\n", name(&key)))
        }
        KeysVerb::Disable { key, force } => {
            let body = SwitchKey {
                force: force.then_some(true),
            };
            let answer = plane.post(&path(&key, "/disable"), &body).await?;
            plane.show(&answer, |key: Key| {
                format!("{} is off; what runs on it finishes.\n", name(&key))
            })
        }
        KeysVerb::Clear { key } => {
            let answer = plane.post(&path(&key, "/clear"), &json!({})).await?;
            plane.show(&answer, |key: Key| {
                format!("{} is cleared and will be tried again.\n", name(&key))
            })
        }
        KeysVerb::Remove { key, force } => {
            let query: Vec<_> = force
                .then(|| ("force", "true".to_owned()))
                .into_iter()
                .collect();
            let answer = plane.delete(&path(&key, ""), &query).await?;
            plane.show(&answer, |removed: KeyRemoved| {
                format!("Removed {}.\n", name(&removed.key))
            })
        }
        KeysVerb::ImportEnv => {
            let answer = plane.post("/keys/import-env", &json!({})).await?;
            plane.show(&answer, |imported| imported_words(&imported))
        }
    }
}

/// How people name a key.
fn name(key: &Key) -> String {
    format!("{}:{}", key.pool, key.label)
}

fn path(key: &str, action: &str) -> String {
    format!("/keys/{}{action}", escape(key))
}

async fn set(plane: &Plane, change: SetKey) -> Result<(), Failure> {
    let secret = if change.secret || change.from_env.is_some() {
        let what = format!("The secret of {}", change.key);
        let from_env = change.from_env.as_deref();
        let secret = secret_input::read(from_env, &what, PIPED, &ProcessEnvironment)?;
        Some(SecretText::new(secret.expose().to_owned()))
    } else {
        None
    };
    let body = UpdateKey {
        label: change.label.map(|label| label.to_string()),
        priority: change.priority,
        base_url: match change.base_url {
            Some(url) => Patch::Set(url),
            None if change.no_base_url => Patch::Clear,
            None => Patch::Keep,
        },
        secret,
    };
    let answer = plane.patch(&path(&change.key, ""), &body).await?;
    plane.show(&answer, |key: Key| {
        let remedy = remedy::remedy(key.quarantine, &name(&key));
        let remedy = remedy.map_or_else(String::new, |remedy| format!("{remedy}\n"));
        format!("Changed {}.\n{remedy}", name(&key))
    })
}

fn imported_words(imported: &KeysImported) -> String {
    let added = imported
        .added
        .iter()
        .map(|key| format!("Added {}.\n", name(key)));
    let present = imported
        .present
        .iter()
        .map(|key| format!("{} was there already.\n", name(key)));
    added.chain(present).collect()
}
