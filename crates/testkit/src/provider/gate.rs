//! A gate that a test opens: holds an answer back until then, without any clock.

use tokio_util::sync::CancellationToken;

/// Closed until [`Gate::open`]; clones are the same gate.
#[derive(Clone, Debug, Default)]
pub struct Gate(CancellationToken);

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn closed() -> Self {
        Self::default()
    }

    /// Lets everybody through, now and later.
    pub fn open(&self) {
        self.0.cancel();
    }

    /// Returns when the gate is open.
    pub async fn passed(self) {
        self.0.cancelled_owned().await;
    }
}
