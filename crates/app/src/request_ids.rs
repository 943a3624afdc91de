//! Ids of requests: those of one run have half of their bytes in common, and are counted in the other half.

use crate::entropy::{self, EntropyError};
use portunus_core::ids::RequestId;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the ids of this run have in common, and how many there were.
pub(crate) struct RequestIds {
    run: [u8; 8],
    count: AtomicU64,
}

impl RequestIds {
    /// Those of a run that begins.
    pub(crate) fn begin() -> Result<Self, EntropyError> {
        Ok(Self {
            run: entropy::draw()?,
            count: AtomicU64::new(0),
        })
    }

    /// One that no other request of any run has.
    pub(crate) fn next(&self) -> RequestId {
        let number = self.count.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let mut bytes = [0; 16];
        for (slot, byte) in bytes.iter_mut().zip(self.run.iter().chain(&number)) {
            *slot = *byte;
        }
        RequestId::from_bytes(bytes)
    }

    /// Whether a request of this run got the id.
    pub(crate) fn has_issued(&self, id: RequestId) -> bool {
        let issued = self.count.load(Ordering::Relaxed);
        let number = id.as_bytes().strip_prefix(self.run.as_slice());
        let number = number.and_then(|number| number.try_into().ok());
        number.is_some_and(|number| u64::from_be_bytes(number) < issued)
    }
}
