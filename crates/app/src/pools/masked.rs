//! A provider secret between leases: in memory under a mask as long as itself, drawn for it alone.
//!
//! The vault opens and checks a sealed secret once, when its key is taken over. Opening it anew for every lease would
//! cost more than all else that a lease does; taking a mask off costs next to nothing, and what lies in memory
//! between leases is as far from the secret as the sealed one beside its data key.

use crate::entropy::EntropyError;
use portunus_core::secret::Secret;
use std::fmt;
use zeroize::Zeroizing;

/// See the module.
pub(super) struct Masked {
    mask: Zeroizing<Vec<u8>>,
    masked: Zeroizing<Vec<u8>>,
}

impl Masked {
    /// Masks a secret.
    pub(super) fn new(secret: &Secret) -> Result<Self, EntropyError> {
        let plain = secret.expose().as_bytes();
        let mut mask = Zeroizing::new(vec![0; plain.len()]);
        getrandom::fill(&mut mask).map_err(|_| EntropyError)?;
        let masked = Zeroizing::new(xor(plain, &mask));
        Ok(Self { mask, masked })
    }

    /// The secret, for one lease.
    pub(super) fn reveal(&self) -> Option<Secret> {
        let plain = xor(&self.masked, &self.mask);
        String::from_utf8(plain).ok().map(Secret::new)
    }
}

fn xor(one: &[u8], other: &[u8]) -> Vec<u8> {
    one.iter().zip(other).map(|(a, b)| a ^ b).collect()
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masked(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p11_a_masked_secret_is_not_what_lies_in_memory_and_is_never_printed() {
        let canary = "sk-ant-canary-0123456789";
        let secret = Secret::new(canary.to_owned());
        let masked = Masked::new(&secret).unwrap();
        let again = Masked::new(&secret).unwrap();
        let parts: Vec<&[u8]> = canary.as_bytes().windows(6).collect();
        for held in [&masked.masked, &masked.mask] {
            assert!(!held.windows(6).any(|part| parts.contains(&part)));
        }
        assert_ne!(masked.mask, again.mask);
        assert_eq!(masked.reveal().unwrap().expose(), canary);
        assert_eq!(format!("{masked:?}"), "Masked(..)");
    }
}
