//! Heartbeats, for as long as they are polled. What the library takes for final, such as a refused token, may be mended while the
//! program runs, so it is tried again.

use crate::identity::Identity;
use portunus_client::Cadence;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::sleep;

const AFTER_REFUSAL: Duration = Duration::from_secs(10);

/// Beats at `cadence` and keeps the access token fresh meanwhile.
pub(crate) async fn beat(identity: &Identity, cadence: Cadence) -> Infallible {
    identity.introduced().await;
    loop {
        let error = identity.client().keep_alive(cadence).await;
        tracing::warn!(%error, "the plane does not hear that the agent lives");
        sleep(AFTER_REFUSAL).await;
    }
}
