//! What agents wrote is kept for as long as it is configured, and then forgotten.

use crate::plane::Stage;
use portunus_app::messages::append::{Address, Wish};
use portunus_app::messages::read::ReadError;
use portunus_app::messages::{self, append};
use portunus_app::notifications::notify::Wish as Notice;
use portunus_app::notifications::show::ShowError;
use portunus_app::notifications::{self, NotificationTerms, notify};
use portunus_core::message::Tags;
use portunus_core::notification::Priority;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// Long enough for whoever forgets to come by.
async fn a_while() {
    tokio::time::sleep(Duration::from_secs(150)).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_old_is_forgotten_and_nothing_sooner() {
    let stage = Stage::new().await;
    let plane = &stage.plane;
    let token = stage.agent("mayor").await;
    stage.agent("clerk").await;
    let mayor = stage.prove(&token).await.unwrap();
    let wish = Wish {
        to: Address::Agent("clerk".to_owned()),
        text: "for a while".to_owned(),
        data: None,
        tags: Tags::default(),
        expires_in_ms: None,
    };
    let written = append(plane, mayor.clone(), wish).await.unwrap();
    let notice = Notice {
        title: "for a while".to_owned(),
        body: None,
        priority: Priority::Normal,
        link: None,
    };
    let sent = notify(plane, mayor.clone(), notice).await.unwrap();
    plane.messages().keep_for(5 * 86_400_000);
    plane.notifications().set_terms(NotificationTerms {
        keep_days: 5,
        ..NotificationTerms::default()
    });
    let message = async || messages::read::show(plane, &mayor, written.message.id).await;
    let notification = async || notifications::show(plane, &mayor, sent.id).await;
    stage.clock.advance(DAY * 5);
    a_while().await;
    assert!(message().await.is_ok());
    assert!(notification().await.is_ok());
    stage.clock.advance(Duration::from_millis(1));
    a_while().await;
    assert_eq!(message().await.unwrap_err(), ReadError::NotFound);
    assert_eq!(notification().await.unwrap_err(), ShowError::NotFound);
}
