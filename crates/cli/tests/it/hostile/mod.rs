//! The hostile suite: what somebody does who means harm, from outside, against the real binary.
//!
//! What is tried elsewhere under another name is not tried again:
//!
//! | what | where |
//! | --- | --- |
//! | claims of every wrong kind under a good signature; missing, doubled and odd ones | `crates/app/tests/it/access_tokens.rs` |
//! | five thousand failures, of any interleaving, and that no valid token pays | `crates/app/tests/it/p1_innocent_never_punished.rs` |
//! | tokens in names, paths, queries and headers, and where they do not end up | `p11_no_secret_leaves.rs` |
//! | headers and bodies that claim to be somebody | `p6_identity_from_the_credential.rs` |
//! | an open umask, and files that others may read | `first_start.rs`, `crates/store-sql/tests/it/opening.rs` |
//! | heads that never end, idle connections, readers that stop | `crates/http/src/listen/tests.rs` |
//! | bodies of every wrong kind, too large, too deep | `crates/http/tests/it/bodies.rs` |
//! | renewal by a thief: families that are revoked | `crates/core/src/access/family.rs`, `crates/http/tests/it/access_tokens.rs` |
//! | keys of repeated requests in the hands of somebody else | `crates/http/tests/it/p10_once.rs` |
//! | each header by which a page of another site is known; guessed passwords and slow hashes | `crates/http/tests/it/browsers.rs`, `crates/http/tests/it/routes/sessions.rs` |
//! | requests made out of the OpenAPI document | `clients/schemathesis.rs` |
//! | the time that an unknown kid and a wrong secret take | `crates/app/tests/it/timing.rs` |

mod bombs;
mod cross_site;
mod forged_tokens;
mod forwarding;
mod heads;
mod logs;
mod smuggling;
mod spraying;
mod ssrf;
mod stage;
mod wire;

use crate::plane::{Answer, Plane, exchange};

/// Sends bytes as they are and reads what comes until the connection ends.
fn say(plane: &Plane, bytes: &str) -> Answer {
    exchange(&plane.url, bytes.as_bytes())
}
