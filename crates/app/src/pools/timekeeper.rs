//! Wakes a pool's queue when time alone lets a key serve again.

use super::handle::PoolHandle;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// The longest sleep while somebody waits, in milliseconds: the wall clock may be set meanwhile.
const LONGEST_SLEEP_MS: u64 = 1_000;

/// Starts the task. It ends soon after the pool is dropped.
pub(super) fn start(pool: &Arc<PoolHandle>, background: &Handle) {
    background.spawn(run(Arc::downgrade(pool), Arc::clone(&pool.bell)));
}

async fn run(pool: Weak<PoolHandle>, bell: Arc<tokio::sync::Notify>) {
    loop {
        let sleep_ms = match pool.upgrade() {
            Some(pool) => pool.tick(),
            None => return,
        };
        match sleep_ms {
            None => bell.notified().await,
            Some(ms) => {
                let ms = ms.clamp(1, LONGEST_SLEEP_MS);
                // Rung or slept enough: the queue is looked at again either way.
                let _ = timeout(Duration::from_millis(ms), bell.notified()).await;
            }
        }
    }
}
