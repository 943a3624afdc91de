//! Addresses where somebody else may be than who is meant: told once each, in the log, for as long as they stay so.

use crate::identity::Identity;
use portunus_client::Lost;
use std::convert::Infallible;

/// What to do about an address that fails so, if a person can do anything.
pub(crate) fn told(plane: &str, lost: &Lost) -> String {
    let fix = match lost {
        Lost::NotTrusted { shown, .. } => format!(
            ": name whoever signed it with SSL_CERT_FILE, or, if this is the plane's own, pin it: --pin {shown}"
        ),
        Lost::NotPinned(shown) => {
            format!(": if this is the plane's own, pin it too: --pin {shown}")
        }
        // Some servers say so themselves; others just hang up.
        Lost::Broken(why) if plane.starts_with("http://") && !why.contains("https://") => {
            "; if it speaks TLS, write https://".to_owned()
        }
        _ => String::new(),
    };
    format!("{plane} {lost}{fix}")
}

/// Tells of each as it shows itself, for as long as it is polled.
pub(crate) async fn watch(identity: &Identity) -> Infallible {
    let client = identity.client();
    let mut known: Vec<(String, Lost)> = Vec::new();
    loop {
        let now = client.troubles();
        // One that cannot be reached meanwhile is told no second time.
        known.retain(|(plane, _)| now.iter().any(|(address, _)| address == plane));
        for (plane, lost) in now.into_iter().filter(|(_, lost)| lost.is_stranger()) {
            if !known.contains(&(plane.clone(), lost.clone())) {
                tracing::warn!("{}", told(&plane, &lost));
                known.push((plane, lost));
            }
        }
        client.troubles_changed().await;
    }
}
