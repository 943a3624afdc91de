//! What operators hear of agents over a connection that stays open.

use crate::plane::Stage;
use portunus_app::imported::run::NewAgent;
use portunus_app::imported::{ImportLine, Mode, import};
use portunus_app::push::{Subscription, Told, Topic, Wanted};
use portunus_core::imported::LegacyHash;
use portunus_core::push::Line;
use portunus_core::scope::ScopeSet;
use std::collections::BTreeSet;
use std::time::Duration;

/// Who waits to be woken is so by then; a wait that nobody ends ends by itself later.
const WOKEN: Duration = Duration::from_secs(10);

/// The names of agents that are told of, when there is something to tell.
async fn names(open: &mut Subscription) -> BTreeSet<String> {
    let wait = tokio::time::timeout(WOKEN, open.wait());
    wait.await.expect("something to tell");
    let work = open.work().await.unwrap();
    let parts = work.events.iter().filter_map(|event| match &event.told {
        Told::Agents(lines) => Some(lines),
        _ => None,
    });
    parts.flatten().map(|line| line.name.to_string()).collect()
}

#[tokio::test]
async fn agents_that_are_imported_are_told_of_at_once() {
    let stage = Stage::new().await;
    let plane = &stage.plane;
    let boss = stage.prove(&stage.operator_token).await.unwrap();
    let line = Line::one_way(plane.push().terms(), plane.tick());
    let wanted = Wanted {
        topics: Some(vec![Topic::Agents]),
        visibility_ms: 60_000,
        ..Wanted::default()
    };
    let mut open = Subscription::open(plane, boss, line, wanted).await.unwrap();
    assert!(names(&mut open).await.is_empty());
    let agent = |(name, byte): (&str, u8)| {
        ImportLine::Agent(NewAgent {
            name: name.parse().unwrap(),
            display_name: None,
            scopes: ScopeSet::agent(),
            hash: LegacyHash::Sha256([byte; 32]),
        })
    };
    let lines = [("mayor", 1), ("scout", 2)].map(agent).into();
    let report = import(plane, stage.operator, lines, Mode::Apply).await;
    assert!(report.unwrap().applied);
    assert_eq!(
        names(&mut open).await,
        BTreeSet::from(["mayor".to_owned(), "scout".to_owned()])
    );
}
