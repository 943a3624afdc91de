//! What a person can do about a key that is set aside.

use portunus_api::keys::Quarantine;

/// A sentence with the command that helps; `None` when nothing is wrong.
pub(crate) fn remedy(quarantine: Option<Quarantine>, name: &str) -> Option<String> {
    Some(match quarantine? {
        Quarantine::CredentialDead => format!(
            "{name}: the provider refuses this secret. Give a new one: portunus keys set {name} --secret\n  \
             or, if the account is well again, try it once more: portunus keys clear {name}"
        ),
        Quarantine::OriginChanged => format!(
            "{name}: its upstream moved, and the old secret is not sent there. \
             Give it again: portunus keys set {name} --secret"
        ),
    })
}
