//! Every route of the control API, one file each: request, answer, documentation and handler together.

mod access;
mod agents;
mod alarms;
mod audit;
mod boards;
mod budgets;
mod decisions;
mod devices;
mod import;
pub(crate) mod inbox;
mod keys;
pub(crate) mod liveness;
mod messages;
mod node;
mod notifications;
mod operators;
mod pools;
mod prices;
mod process;
mod push;
mod sessions;
mod sources;
mod tokens;
mod usage;

use crate::table::Table;
use portunus_app::keys::Force;

/// Registers all of them.
pub(crate) fn register(table: Table) -> Table {
    let table = node::register(table);
    let table = access::register(table);
    let table = agents::register(table);
    let table = liveness::register(table);
    let table = operators::register(table);
    let table = sessions::register(table);
    let table = devices::register(table);
    let table = tokens::register(table);
    let table = pools::register(table);
    let table = keys::register(table);
    let table = import::register(table);
    let table = decisions::register(table);
    let table = budgets::register(table);
    let table = boards::register(table);
    let table = messages::register(table);
    let table = inbox::register(table);
    let table = notifications::register(table);
    let table = process::register(table);
    let table = push::register(table);
    let table = sources::register(table);
    let table = usage::register(table);
    let table = prices::register(table);
    let table = alarms::register(table);
    audit::register(table)
}

/// What a client's `force` means.
const fn force(wanted: Option<bool>) -> Force {
    match wanted {
        Some(true) => Force::Yes,
        Some(false) | None => Force::No,
    }
}
