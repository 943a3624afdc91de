//! Where a request's decision goes when the request is over: every reader of decisions is told from here.

use crate::plane::Plane;
use portunus_core::decision::Decision;

impl Plane {
    /// Takes in the story of a request that is over. It never waits, and never fails the request.
    pub fn finished(&self, decision: &Decision) {
        self.metrics().observe(decision);
        self.telemetry().observe(decision);
        self.ledger().record(decision);
        tracing::trace!(id = %decision.id, "finished");
    }
}
