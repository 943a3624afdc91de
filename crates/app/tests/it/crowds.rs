//! A message to everyone and very many who wait for it: each gets it once.

use crate::connections::connect;
use crate::plane::Stage;
use futures_util::future::join_all;
use portunus_app::Session;
use portunus_app::messages::append::{Address, Wish};
use portunus_app::messages::{AckEffect, acknowledge, append, boards};
use portunus_app::push::{Subscription, Told};
use portunus_core::ids::MessageId;
use portunus_core::message::Tags;
use std::time::Duration;

const CROWD: usize = 60;
/// Who waits to be woken is so by then; a wait that nobody ends ends by itself later.
const PATIENCE: Duration = Duration::from_secs(10);

async fn town(stage: &Stage) -> Session {
    let tags: Tags = "chat".parse().unwrap();
    let name = "town".parse().unwrap();
    let board = boards::create(&stage.plane, stage.operator, name, String::new(), tags);
    board.await.unwrap();
    let mayor = stage.agent("mayor").await;
    stage.prove(&mayor).await.unwrap()
}

async fn write(stage: &Stage, mayor: &Session) -> MessageId {
    let wish = Wish {
        to: Address::Board("town".to_owned()),
        text: "@all hands".to_owned(),
        data: None,
        tags: Tags::default(),
        expires_in_ms: None,
    };
    let written = append(&stage.plane, mayor.clone(), wish).await.unwrap();
    written.message.id
}

/// What comes until there is a message.
async fn hear(subscription: &mut Subscription) -> Vec<MessageId> {
    loop {
        subscription.wait().await;
        let work = subscription.work().await.unwrap();
        let told = work.events.iter().filter_map(|event| match &event.told {
            Told::Message(message, _) => Some(message.id),
            _ => None,
        });
        let told: Vec<_> = told.collect();
        if !told.is_empty() {
            return told;
        }
    }
}

#[tokio::test]
async fn a_message_to_everyone_reaches_each_of_many_connections_once() {
    let stage = Stage::new().await;
    let mayor = town(&stage).await;
    let (mut crowd, mut sessions) = (Vec::new(), Vec::new());
    for number in 0..CROWD {
        let token = stage.agent(&format!("worker-{number}")).await;
        let session = stage.prove(&token).await.unwrap();
        crowd.push(connect(&stage, session.clone(), None).await);
        sessions.push(session);
    }
    for _ in 0..3 {
        let written = write(&stage, &mayor).await;
        let heard = join_all(crowd.iter_mut().map(hear));
        let heard = tokio::time::timeout(PATIENCE, heard).await;
        let heard = heard.expect("all of them hear of it");
        assert_eq!(heard, vec![vec![written]; CROWD]);
        let read = sessions
            .iter()
            .map(|session| acknowledge(&stage.plane, session, vec![written]));
        for read in join_all(read).await {
            assert_eq!(read.unwrap()[0].effect, AckEffect::Now);
        }
        for subscription in &mut crowd {
            let work = subscription.work().await.unwrap();
            let again = work.events.iter().map(|event| &event.told);
            let again = again.filter(|told| matches!(told, Told::Message(..)));
            assert_eq!(again.count(), 0);
        }
    }
}
