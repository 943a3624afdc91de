//! The client library against the real binary: what an agent does goes on while the plane is killed and its keys change.

use crate::plane::Plane;
use portunus_client::{Client, Dial, Dialing, Error, InboxQuery, Pulse, Tcp, WriteMessage};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Runtime;

/// Connects to where the plane is now: every start of it listens on another port.
#[derive(Clone, Debug)]
struct Moving(Arc<Mutex<u16>>);

impl Moving {
    fn to(plane: &Plane) -> Self {
        Self(Arc::new(Mutex::new(port(plane))))
    }

    fn follow(&self, plane: &Plane) {
        *self.0.lock().unwrap() = port(plane);
    }
}

impl Dial for Moving {
    fn dial<'a>(&'a self, host: &'a str, _: u16) -> Dialing<'a> {
        let port = *self.0.lock().unwrap();
        Tcp.dial(host, port)
    }
}

fn port(plane: &Plane) -> u16 {
    plane.url.rsplit(':').next().unwrap().parse().unwrap()
}

fn client(plane: &Plane, line: &Moving, name: &str) -> Client {
    let created = plane
        .run(&format!("agents create {name} --json"))
        .well()
        .json();
    Client::builder()
        .planes([&plane.url])
        .token(created["token"].as_str().unwrap())
        .dial(line.clone())
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
    let line = Moving::to(&plane);
    let (mayor, clerk) = (
        client(&plane, &line, "mayor"),
        client(&plane, &line, "clerk"),
    );
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
    line.follow(&plane);
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
    assert!(matches!(&*mayor.pulse().borrow(), Pulse::Heard { .. }));
    let shown = plane.run("agents show mayor --json").well().json();
    assert_eq!(shown["status"], "online");

    plane.run("agents delete mayor").well();
    let ended =
        runtime.block_on(async { tokio::time::timeout(Duration::from_secs(10), beating).await });
    assert!(matches!(ended.unwrap().unwrap(), Error::Rejected(_)));
    assert!(!plane.log().contains("ptna_"));
}
