//! The background work that keeps memory true and the store up to date, and the last of it before the plane ends.

use super::Plane;
use crate::access::keeper::{self, Keeper};
use crate::admission::failed;
use crate::alarms;
use crate::audit;
use crate::audit::inspect::Inspection;
use crate::directory::Fill;
use crate::failure::Failure;
use crate::once;
use crate::push;
use crate::sessions::keeper as session_keeper;
use std::future::Future;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

impl Plane {
    /// Starts all of it; it ends when `stop` fires.
    pub(super) fn start(&self, fill: Fill, stop: CancellationToken) {
        let liveness = Arc::clone(&self.liveness);
        self.run_until(&stop, async move { liveness.keep(fill).await });
        let (first_uses, store) = (Arc::clone(&self.first_uses), Arc::clone(&self.store));
        self.run_until(&stop, async move { first_uses.keep_writing(&*store).await });
        self.run_until(&stop, self.budgets.keep_saving(Arc::clone(&self.store)));
        let keeper = Keeper {
            access: Arc::clone(&self.access),
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            changes: Arc::clone(&self.changes),
        };
        self.run_until(&stop, keeper.keep());
        let keeping = session_keeper::keep(
            Arc::clone(&self.sessions),
            Arc::clone(&self.store),
            Arc::clone(&self.clock),
        );
        self.run_until(&stop, keeping);
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        self.run_until(&stop, async move {
            once::keep_forgetting(&*store, &*clock).await
        });
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let (signer, alarms) = (Arc::clone(&self.signer), Arc::clone(&self.alarms));
        self.run_until(
            &stop,
            audit::keeper::keep_signing(signer, store, clock, alarms),
        );
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let inspection = Inspection {
            signer: Arc::clone(&self.signer),
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            alarms: Arc::clone(&self.alarms),
        };
        self.run_until(&stop, inspection.look());
        let alarms = Arc::clone(&self.alarms);
        self.run_until(&stop, alarms::keeper::keep(alarms, store, clock));
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let admission = Arc::clone(&self.admission);
        self.run_until(&stop, failed::keep_recording(admission, store, clock));
        let (messages, store) = (Arc::clone(&self.messages), Arc::clone(&self.store));
        let clock = Arc::clone(&self.clock);
        self.run_until(&stop, async move { messages.keep(&*store, &*clock).await });
        self.run_until(&stop, push::tell_connections(self));
        let (told, store) = (Arc::clone(&self.notifications), Arc::clone(&self.store));
        let clock = Arc::clone(&self.clock);
        self.run_until(&stop, async move { told.keep(&*store, &*clock).await });
        let (ledger, store) = (Arc::clone(&self.ledger), Arc::clone(&self.store));
        let clock = Arc::clone(&self.clock);
        self.run_until(
            &stop,
            async move { ledger.keep_saving(&*store, &*clock).await },
        );
    }

    /// Runs background work until it ends or `stop` fires.
    fn run_until(&self, stop: &CancellationToken, work: impl Future<Output = ()> + Send + 'static) {
        let stopped = stop.clone();
        self.background.spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = work => {}
            }
        });
    }

    /// Writes what is written behind requests. Called last, when no request runs any more. What the store does not take
    /// holds nothing else up.
    ///
    /// # Errors
    ///
    /// The first failure; everything else was tried.
    pub async fn flush(&self) -> Result<(), Failure> {
        let (store, now) = (&*self.store, self.now());
        let written = [
            self.first_uses.flush(store).await,
            self.liveness.flush().await,
            keeper::save_uses(&self.access, store).await,
            session_keeper::save(&self.sessions, store).await,
            self.budgets.flush(store).await,
        ];
        let observed = self.pools.recorder().flush().await;
        let recorded = [
            self.ledger.save(store).await,
            alarms::keeper::save(&self.alarms, store).await,
            failed::flush(&self.admission, store, now).await,
            // Last, over all that was recorded.
            audit::keeper::sign(&self.signer, store, now)
                .await
                .map(drop),
        ];
        let saved: Result<(), _> = written.into_iter().chain(recorded).collect();
        saved?;
        observed.map_err(|unsaved| Failure::StoreUnavailable(unsaved.to_string()))
    }
}
