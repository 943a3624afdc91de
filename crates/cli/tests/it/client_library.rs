//! The client library against the real binary: what an agent does goes on while the plane is killed and its keys change.

use crate::plane::{PATIENCE, Plane, comes_true};
use portunus_client::{Client, Error, InboxQuery, Pulse, WriteMessage};
use std::time::Duration;
use tokio::runtime::Runtime;

fn client(plane: &Plane, name: &str) -> Client {
    let created = plane
        .run(&format!("agents create {name} --json"))
        .well()
        .json();
    Client::builder()
        .planes([&plane.url])
        .token(created["token"].as_str().unwrap())
        .build()
        .unwrap()
}

fn says(text: &str) -> WriteMessage {
    WriteMessage {
        text: text.to_owned(),
        data: None,
        tags: None,
        expires_in_ms: None,
    }
}

#[test]
fn p4_p9_p10_an_agent_works_on_while_the_plane_is_killed_and_its_signing_key_changes() {
    let mut plane = Plane::start();
    let (mayor, clerk) = (client(&plane, "mayor"), client(&plane, "clerk"));
    let runtime = Runtime::new().unwrap();
    let beating = runtime.spawn({
        let mayor = mayor.clone();
        async move { mayor.keep_alive("1s".parse().unwrap()).await }
    });
    // One message after the other, each written once, whatever happens to the plane meanwhile.
    let writing = runtime.spawn({
        let mayor = mayor.clone();
        async move {
            for number in 0..40 {
                mayor
                    .send("clerk", &says(&number.to_string()))
                    .await
                    .unwrap();
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    });
    std::thread::sleep(Duration::from_millis(500));
    plane.run("signing rotate").well();
    plane.crash_and_restart();
    runtime.block_on(writing).unwrap();

    let texts = runtime.block_on(async {
        let query = InboxQuery {
            limit: Some(100),
            ..InboxQuery::default()
        };
        let items = clerk.inbox(&query).await.unwrap();
        let ids: Vec<String> = items.iter().map(|item| item.message.id.clone()).collect();
        clerk.acknowledge(ids).await.unwrap();
        items
            .into_iter()
            .map(|item| item.message.text.clone())
            .collect::<Vec<_>>()
    });
    let expected: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    assert_eq!(texts, expected);
    let is_heard = || matches!(&*mayor.pulse().borrow(), Pulse::Heard { .. });
    assert!(comes_true(is_heard));
    assert!(comes_true(|| {
        let shown = plane.run("agents show mayor --json").well().json();
        shown["status"] == "online"
    }));

    plane.run("agents delete mayor").well();
    let ended = runtime.block_on(async { tokio::time::timeout(PATIENCE, beating).await });
    assert!(matches!(ended.unwrap().unwrap(), Error::Rejected(_)));
    assert!(!plane.log().contains("ptna_"));
}
