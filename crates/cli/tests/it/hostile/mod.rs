//! The hostile suite: what somebody does who means harm, from outside, against the real binary.
//!
//! What is tried elsewhere under another name is not tried again:
//!
//! | what | where |
//! | --- | --- |
//! | claims of every wrong kind under a good signature; other keys, `none`, `HS256` | `crates/app/src/access/`, `crates/app/tests/it/access_tokens.rs` |
//! | penalties of sources, one and many, and that no valid token pays | `crates/app/tests/it/p1_innocent_never_punished.rs`, `sources.rs` |
//! | tokens in names, paths, queries and headers, and where they do not end up | `p11_no_secret_leaves.rs` |
//! | headers that claim to be somebody | `p6_identity_from_the_credential.rs` |
//! | heads that never end, idle connections, readers that stop | `crates/http/src/listen/tests.rs` |
//! | bodies of every wrong kind, too large, too deep | `crates/http/tests/it/bodies.rs` |
//! | renewal by a thief: families that are revoked | `crates/core/src/access/family.rs`, `access_tokens.rs` |
//! | requests made out of the OpenAPI document | `clients/schemathesis.rs` |

mod heads;

use crate::plane::{Answer, Plane, exchange};

/// Sends bytes as they are and reads what comes until the connection ends.
fn say(plane: &Plane, bytes: &str) -> Answer {
    exchange(&plane.url, bytes.as_bytes())
}
