//! Penalties and quotas of a whole plane, on a clock that the test moves.

use crate::plane::{PEER, Stage, bearer};
use http::{HeaderMap, HeaderValue};
use portunus_app::admission::sources::{self, ClearSourceError};
use portunus_app::admission::{NotAdmitted, Pace, Paces};
use portunus_app::{AuthError, Plane};
use portunus_core::admission::{Class, FailedCredential, Source, Tracked, TrustedProxies};
use portunus_core::agent::Principal;
use portunus_core::ids::AgentId;
use portunus_core::time::Clock;
use portunus_core::token::TokenKind;
use portunus_store::memory::Outage;
use portunus_store::{AuditFilter, Cursor, Page, Store};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

/// A token as long as a real one, of another plane.
fn foreign_token() -> HeaderMap {
    let other = portunus_core::token::Pepper::new(1, &[1; 32]);
    bearer(other.mint(TokenKind::Agent, &[3; 44]).text.expose())
}

pub(crate) fn listed(stage: &Stage) -> Vec<Tracked> {
    sources::list(&stage.plane, &Page::first(100))
        .unwrap()
        .items
}

async fn fail(plane: &Plane, times: usize) {
    for _ in 0..times {
        let answer = plane.admit(&foreign_token(), Some(PEER)).await;
        let made_up = NotAdmitted::Credential(AuthError::MadeUp);
        assert_eq!(answer.unwrap_err(), made_up);
    }
}

fn may_guess(stage: &Stage) -> bool {
    let (admission, now) = (stage.plane.admission(), stage.plane.now());
    admission.may_guess(Source::of(PEER), now).is_ok()
}

fn pace(rate: u32, burst: u32) -> Pace {
    let burst = NonZeroU32::new(burst).unwrap();
    Pace { rate, burst }
}

#[tokio::test]
async fn ten_failed_credentials_in_a_minute_keep_guesses_out_for_five() {
    let stage = Stage::new().await;
    fail(&stage.plane, 9).await;
    assert!(may_guess(&stage));
    fail(&stage.plane, 1).await;
    assert!(!may_guess(&stage));
    assert_eq!(
        stage.plane.admission().counts(stage.plane.now()).penalised,
        1
    );
    stage.clock.advance(Duration::from_secs(299));
    fail(&stage.plane, 20).await;
    assert!(!may_guess(&stage));
    stage.clock.advance(Duration::from_secs(1));
    assert!(may_guess(&stage), "attempts meanwhile did not extend it");
}

#[tokio::test]
async fn a_token_that_was_good_once_is_no_guess() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let kid = stage.prove(&token).await.unwrap().kid;
    let force = portunus_store::Force::Yes;
    let revoked = portunus_app::tokens::revoke(&stage.plane, stage.operator, kid, force).await;
    revoked.unwrap();
    for _ in 0..50 {
        let answer = stage.plane.admit(&bearer(token.expose()), Some(PEER)).await;
        let revoked = NotAdmitted::Credential(AuthError::Revoked);
        assert_eq!(answer.unwrap_err(), revoked);
    }
    assert!(listed(&stage).is_empty());
}

#[tokio::test]
async fn what_the_database_did_not_decide_is_no_failure() {
    let stage = Stage::new().await;
    stage.store.outage(Outage::Begins);
    let unknown = crate::plane::pepper().mint(TokenKind::Agent, &[3; 44]);
    for _ in 0..50 {
        let headers = bearer(unknown.text.expose());
        let answer = stage.plane.admit(&headers, Some(PEER)).await;
        let undecided = NotAdmitted::Credential(AuthError::Undecided);
        assert_eq!(answer.unwrap_err(), undecided);
    }
    assert!(listed(&stage).is_empty());
}

#[tokio::test]
async fn failures_behind_a_trusted_proxy_count_where_they_came_from() {
    let stage = Stage::new().await;
    let proxy: IpAddr = "10.0.0.1".parse().unwrap();
    let mut headers = foreign_token();
    let said = HeaderValue::from_static("6.6.6.6, 198.51.100.1");
    headers.insert("x-forwarded-for", said);
    for trusted in [&[][..], &["10.0.0.0/8"]] {
        let proxies = TrustedProxies::read(trusted.iter().copied()).unwrap();
        stage.plane.admission().trust(proxies);
        assert!(stage.plane.admit(&headers, Some(proxy)).await.is_err());
    }
    let sources: Vec<String> = listed(&stage)
        .iter()
        .map(|tracked| tracked.source.to_string())
        .collect();
    assert_eq!(sources, ["10.0.0.1", "198.51.100.1"]);
}

#[tokio::test]
async fn an_operator_clears_a_source_and_that_is_recorded() {
    let stage = Stage::new().await;
    fail(&stage.plane, 10).await;
    assert!(!may_guess(&stage));
    let clear = || sources::clear(&stage.plane, stage.operator, Source::of(PEER));
    stage.store.outage(Outage::Begins);
    let failed = clear().await.unwrap_err();
    assert!(matches!(failed, ClearSourceError::Failure(_)), "{failed:?}");
    assert!(
        !may_guess(&stage),
        "what cannot be recorded does not happen"
    );
    stage.store.outage(Outage::Ends);
    let cleared = clear().await.unwrap();
    assert_eq!(cleared.len(), 1);
    assert!(may_guess(&stage));
    assert_eq!(clear().await.unwrap_err(), ClearSourceError::NotFound);
    let filter = AuditFilter {
        action_prefix: Some("source.".into()),
        ..AuditFilter::default()
    };
    let log = stage.store.audit(filter, Page::first(10)).await.unwrap();
    let record = &log.items[0];
    assert_eq!(
        (record.action.as_str(), log.items.len()),
        ("source.cleared", 1)
    );
    assert_eq!(record.subject, PEER.to_string());
}

#[tokio::test]
async fn sources_are_listed_in_pages() {
    let stage = Stage::new().await;
    let now = stage.plane.now();
    for number in 0..25_u32 {
        let source = Source::V4(number.into());
        stage.plane.admission().failed(source, now);
    }
    let mut seen = Vec::new();
    let mut page = Page::first(10);
    loop {
        let listing = sources::list(&stage.plane, &page).unwrap();
        seen.extend(listing.items.into_iter().map(|tracked| tracked.source));
        match listing.next {
            Some(cursor) => page.after = Some(cursor),
            None => break,
        }
    }
    let all: Vec<Source> = (0..25_u32)
        .map(|number| Source::V4(number.into()))
        .collect();
    assert_eq!(seen, all);
    page.after = Some(Cursor::new("agents.mayor".to_owned()));
    assert!(sources::list(&stage.plane, &page).is_err());
}

/// One agent asks for fifty times its share, for a minute; the other one for exactly its share.
#[tokio::test]
async fn p1_what_one_principal_uses_is_nobody_elses_loss() {
    let stage = Stage::new().await;
    let admission = stage.plane.admission();
    admission.limit(Paces {
        llm: pace(60, 1),
        ..Paces::default()
    });
    let agent = |byte| Principal::Agent(AgentId::from_bytes([byte; 16]));
    let (greedy, modest) = (agent(1), agent(2));
    let (mut served, mut refused) = (0, 0);
    for _ in 0..60 {
        for _ in 0..50 {
            match admission.pace(greedy, Class::Llm, stage.clock.tick()) {
                Ok(_) => served += 1,
                Err(_) => refused += 1,
            }
        }
        assert!(
            admission
                .pace(modest, Class::Llm, stage.clock.tick())
                .is_ok()
        );
        stage.clock.advance(Duration::from_secs(1));
    }
    assert_eq!((served, refused), (60, 60 * 49));
    let [_, _, (class, limited)] = admission.counts(stage.plane.now()).limited;
    assert_eq!((class, limited), (Class::Llm, refused));
}

/// Nobody asked too often because the clock on the wall was set, and nobody gains by it.
#[tokio::test]
async fn p1_p9_a_step_of_the_clock_uses_up_no_quota_and_makes_none_whole() {
    const HOUR_MS: u64 = 3_600_000;
    let stage = Stage::new().await;
    let admission = stage.plane.admission();
    admission.limit(Paces {
        vital: pace(60, 10),
        unverified: pace(1, 10),
        ..Paces::default()
    });
    let start = stage.plane.now();
    let steps = [
        start,
        start.minus_ms(5_000),
        start.minus_ms(30_000),
        start.minus_ms(2 * HOUR_MS),
        start.plus_ms(2 * HOUR_MS),
    ];
    for used in 0..10 {
        stage.clock.set(steps[used % steps.len()]);
        let paced = stage.plane.pace_vital(stage.operator);
        assert!(paced.is_ok(), "after {used}: {paced:?}");
        let unproven = stage.plane.admit(&foreign_token(), Some(PEER)).await;
        let error = NotAdmitted::Credential(AuthError::MadeUp);
        assert_eq!(unproven.err(), Some(error), "after {used}");
    }
    for step in steps {
        stage.clock.set(step);
        let over = stage.plane.pace_vital(stage.operator).unwrap_err();
        assert_eq!(over.retry_after_ms, 1_000);
        let unproven = stage.plane.admit(&foreign_token(), Some(PEER)).await;
        assert!(matches!(unproven, Err(NotAdmitted::Flood(_))));
    }
    stage.clock.advance(Duration::from_secs(1));
    assert!(stage.plane.pace_vital(stage.operator).is_ok());
    assert!(stage.plane.pace_vital(stage.operator).is_err());
}

#[tokio::test]
async fn a_class_that_is_used_up_leaves_the_others_whole() {
    let stage = Stage::new().await;
    let (admission, now) = (stage.plane.admission(), stage.clock.tick());
    admission.limit(Paces {
        vital: pace(1, 1),
        control: pace(1, 1),
        llm: pace(1, 1),
        ..Paces::default()
    });
    for class in Class::ALL {
        assert!(admission.pace(stage.operator, class, now).is_ok());
        assert!(admission.pace(stage.operator, class, now).is_err());
    }
    admission.limit(Paces {
        llm: pace(0, 1),
        ..Paces::default()
    });
    let free = admission.pace(stage.operator, Class::Llm, now);
    assert_eq!(free, Ok(None), "0 is no limit");
}

#[tokio::test]
async fn a_flood_of_what_proves_nobody_is_held_back_and_names_nobody() {
    let stage = Stage::new().await;
    let valid = stage.agent("mayor").await;
    stage.plane.admission().limit(Paces {
        unverified: pace(10, 20),
        ..Paces::default()
    });
    let mut held_back = 0;
    for number in 0..100_u32 {
        let peer = IpAddr::V4(number.into());
        let answer = stage.plane.admit(&foreign_token(), Some(peer)).await;
        match answer.unwrap_err() {
            NotAdmitted::Flood(limited) => {
                assert_eq!(limited.retry_after_ms, 100);
                held_back += 1;
            }
            NotAdmitted::Credential(error) => assert_eq!(error, AuthError::MadeUp),
            slowed @ NotAdmitted::Slowed(_) => panic!("{slowed}"),
        }
        let served = stage.plane.admit(&bearer(valid.expose()), Some(peer)).await;
        assert!(served.is_ok());
    }
    assert_eq!(held_back, 80);
    assert_eq!(listed(&stage).len(), 100, "each source has its own failure");
    assert_eq!(
        stage.plane.admission().counts(stage.plane.now()).unverified,
        80
    );
}

#[tokio::test]
async fn p12_failed_credentials_are_recorded_by_source_and_minute() {
    let stage = Stage::new().await;
    fail(&stage.plane, 12).await;
    let mangled = bearer("ptna_cut");
    let answer = stage.plane.admit(&mangled, Some(PEER)).await;
    assert!(answer.is_err());
    let other = "2001:db8:1:2::9".parse().map(Source::of).unwrap();
    stage
        .plane
        .sign_in_failed(other, FailedCredential::Password);
    // A missing credential is no failure, and nobody's without a connection.
    stage
        .plane
        .admit(&HeaderMap::new(), Some(PEER))
        .await
        .unwrap_err();
    stage.plane.flush().await.unwrap();
    let filter = |prefix: &str| AuditFilter {
        action_prefix: Some(prefix.to_owned()),
        subjects: Vec::new(),
    };
    let log = stage.store.audit(filter("auth."), Page::first(9)).await;
    let mut told: Vec<_> = log
        .unwrap()
        .items
        .into_iter()
        .map(|record| (record.subject, record.details[1..].to_vec()))
        .collect();
    told.sort();
    let count = |name: &str, count: &str| (name.to_owned(), count.to_owned());
    let expected = [
        ("2001:db8:1:2::/64".to_owned(), vec![count("password", "1")]),
        (
            Source::of(PEER).to_string(),
            vec![count("mangled", "1"), count("made_up", "12")],
        ),
    ];
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(told, expected);
    let log = stage.store.audit(filter("source."), Page::first(9)).await;
    let began = log.unwrap().items;
    assert_eq!(began.len(), 1);
    assert_eq!(began[0].action, "source.penalised");
    assert_eq!(began[0].subject, Source::of(PEER).to_string());
    // What was written is not written again, and failing costs no other record.
    stage.plane.flush().await.unwrap();
    let again = stage.store.audit(filter("auth."), Page::first(9)).await;
    assert_eq!(again.unwrap().items.len(), 2);
}
