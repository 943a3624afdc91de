//! While the database does not answer, changes are refused as a whole and memory stays as it was.

use crate::plane::Stage;
use portunus_app::agents::create::CreateError;
use portunus_app::failure::Failure;
use portunus_app::{agents, tokens};
use portunus_store::memory::Outage;

#[tokio::test]
async fn changes_are_refused_and_leave_no_trace() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let session = stage.prove(&token).await.unwrap();
    stage.store.outage(Outage::Begins);
    let create = agents::create(&stage.plane, stage.operator, "other".parse().unwrap()).await;
    let refused = matches!(
        create,
        Err(CreateError::Failure(Failure::StoreUnavailable(_)))
    );
    assert!(refused);
    assert!(
        tokens::revoke(&stage.plane, stage.operator, session.kid, tokens::Force::No)
            .await
            .is_err()
    );
    assert!(
        agents::delete(&stage.plane, stage.operator, "mayor".into())
            .await
            .is_err()
    );
    assert!(stage.prove(&token).await.is_ok());
    assert!(!session.revoked.is_cancelled());
    stage.store.outage(Outage::Ends);
    stage.agent("other").await;
}
