//! The suite that every store passes, each case on a file of its own.

use crate::place::Place;
use portunus_store::{Store, conformance};
use std::sync::Arc;
use std::sync::Mutex;

#[tokio::test]
async fn sqlite_passes_the_suite() {
    let places = Mutex::new(Vec::new());
    conformance::run(|| async {
        let place = Place::new();
        let store = place.open().await;
        places.lock().unwrap().push(place);
        Arc::new(store) as Arc<dyn Store>
    })
    .await;
}
