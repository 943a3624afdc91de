//! P1 of imported slow hashes: whatever is guessed, from one source or from many, it costs one thread; whoever has a valid
//! credential is served meanwhile, and a token that waits for its first use gets in when its source has no penalty.

use crate::plane::{PEER, Stage, bearer};
use aws_lc_rs::pbkdf2;
use futures_util::future::join_all;
use futures_util::poll;
use portunus_app::admission::NotAdmitted;
use portunus_app::imported::run::NewAgent;
use portunus_app::imported::{ImportLine, Mode, Slowed, import};
use portunus_app::{AuthError, Session};
use portunus_core::imported::{LegacyHash, Pbkdf2};
use portunus_core::scope::ScopeSet;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::task::Poll;
use std::time::Duration;
use tokio::task::unconstrained;

/// As other systems have it: several milliseconds of work.
const ROUNDS: u32 = 20_000;
const GUESSES: usize = 1_000;
/// Texts of one source that may wait, and of all.
const OF_ONE: usize = 4;
const OF_ALL: usize = 32;

fn slow(token: &str) -> String {
    let mut digest = [0; 32];
    let rounds = NonZeroU32::new(ROUNDS).unwrap();
    let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
    pbkdf2::derive(algorithm, rounds, b"salt", token.as_bytes(), &mut digest);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("pbkdf2_sha256${ROUNDS}$salt${hex}")
}

/// Agents of another system, `legacy-NAME` the token of each.
async fn imported(names: &[&str]) -> Stage {
    let stage = Stage::new().await;
    let line = |name: &&str| {
        let hash = slow(&format!("legacy-{name}"));
        ImportLine::Agent(NewAgent {
            name: name.parse().unwrap(),
            display_name: None,
            scopes: ScopeSet::agent(),
            hash: LegacyHash::Pbkdf2(Pbkdf2::read(&hash, Some("legacy-")).unwrap()),
        })
    };
    let lines = names.iter().map(line).collect();
    let report = import(&stage.plane, stage.operator, lines, Mode::Apply).await;
    assert!(report.unwrap().applied);
    stage
}

async fn admit(stage: &Stage, token: &str, from: IpAddr) -> Result<Session, NotAdmitted> {
    stage.plane.admit(&bearer(token), Some(from)).await
}

/// What becomes of a guess.
fn fate(outcome: Result<Session, NotAdmitted>) -> &'static str {
    match outcome.map(|session| session.kid) {
        Ok(_) => "let in",
        Err(NotAdmitted::Credential(AuthError::Foreign)) => "wrong",
        Err(NotAdmitted::Slowed(Slowed::Busy)) => "busy",
        Err(NotAdmitted::Slowed(Slowed::Penalised(_))) => "penalised",
        Err(other) => panic!("{other}"),
    }
}

/// A thousand guesses at the same time: how many had which fate, and how many of them still waited when all were there.
async fn flood(
    stage: &Stage,
    wave: usize,
    from: impl Fn(usize) -> IpAddr,
) -> (BTreeMap<&'static str, usize>, usize) {
    let guess = async |number: usize| {
        let text = format!("legacy-{wave}-{number}");
        fate(admit(stage, &text, from(number)).await)
    };
    let mut fates = BTreeMap::new();
    let mut waiting = Vec::new();
    // All of them are there before the first hears its answer, however fast the thread is.
    for number in 0..GUESSES {
        let mut guess = Box::pin(unconstrained(guess(number)));
        match poll!(guess.as_mut()) {
            Poll::Ready(fate) => *fates.entry(fate).or_default() += 1,
            Poll::Pending => waiting.push(guess),
        }
    }
    let mut still_waiting = Vec::new();
    for mut guess in waiting {
        match poll!(guess.as_mut()) {
            Poll::Ready(fate) => *fates.entry(fate).or_default() += 1,
            Poll::Pending => still_waiting.push(guess),
        }
    }
    let queued = still_waiting.len();
    for fate in join_all(still_waiting).await {
        *fates.entry(fate).or_default() += 1;
    }
    (fates, queued)
}

fn address(number: usize) -> IpAddr {
    let number = u32::try_from(number).unwrap();
    Ipv4Addr::from_bits(0xC612_0000 + number).into()
}

#[tokio::test]
async fn a_flood_from_one_source_is_looked_at_little_and_then_not_at_all() {
    let stage = imported(&["mayor", "scout"]).await;
    // Known by its first use, before anybody guesses.
    assert!(admit(&stage, "legacy-mayor", PEER).await.is_ok());
    let turned_away = GUESSES - OF_ONE;
    for wave in 0..3 {
        let (fates, _) = flood(&stage, wave, |_| PEER).await;
        let expected = BTreeMap::from([("busy", turned_away), ("wrong", OF_ONE)]);
        assert_eq!(fates, expected, "wave {wave}");
    }
    // Ten were wrong: from here on nothing is tried for that source.
    for wave in 3..5 {
        let (fates, _) = flood(&stage, wave, |_| PEER).await;
        assert_eq!(
            fates,
            BTreeMap::from([("penalised", GUESSES)]),
            "wave {wave}"
        );
    }
    // Behind the same address: who was recognised before is let in without a wait, who was not waits for the penalty's end,
    // which attempts did not put off.
    assert!(admit(&stage, "legacy-mayor", PEER).await.is_ok());
    let early = admit(&stage, "legacy-scout", PEER).await;
    assert_eq!(fate(early), "penalised");
    // From elsewhere it is let in at once.
    let beside = imported(&["scout"]).await;
    flood(&beside, 0, |_| PEER).await;
    assert!(admit(&beside, "legacy-scout", address(1)).await.is_ok());
    stage.clock.advance(Duration::from_secs(300));
    assert!(admit(&stage, "legacy-scout", PEER).await.is_ok());
}

#[tokio::test]
async fn a_flood_from_many_sources_fills_the_queue_and_no_more() {
    let stage = imported(&["mayor", "scout"]).await;
    assert!(admit(&stage, "legacy-mayor", PEER).await.is_ok());
    let (fates, queued) = flood(&stage, 0, address).await;
    let (wrong, busy) = (fates["wrong"], fates["busy"]);
    assert_eq!(wrong + busy, GUESSES, "{fates:?}");
    // Those that waited, and those that the thread took off the queue while the others came.
    assert!(wrong >= OF_ALL, "{fates:?}");
    // The queue, and the one that the thread was at.
    assert!(queued <= OF_ALL + 1, "{queued} waited");
    assert!(admit(&stage, "legacy-scout", PEER).await.is_ok());
}

#[tokio::test]
async fn who_has_a_valid_credential_waits_for_none_of_it() {
    let stage = imported(&["mayor", "scout"]).await;
    let own = stage.agent("clerk").await;
    let access = portunus_app::access::exchange(&stage.plane, own.clone(), None).await;
    let access = access.unwrap().token;
    assert!(admit(&stage, "legacy-mayor", PEER).await.is_ok());
    let guesses = (0..GUESSES).map(|number| {
        let (stage, text) = (&stage, format!("legacy-{number}"));
        async move { admit(stage, &text, address(number)).await.is_err() }
    });
    let mut flood = Box::pin(unconstrained(join_all(guesses)));
    // The queue is full now, and the thread at work.
    assert!(poll!(&mut flood).is_pending());
    for credential in [own.expose(), access.expose(), "legacy-mayor"] {
        let headers = bearer(credential);
        let mut admitted = Box::pin(stage.plane.admit(&headers, Some(address(0))));
        // Without a single wait: nothing stands before it.
        assert!(matches!(poll!(&mut admitted), Poll::Ready(Ok(_))));
    }
    assert!(flood.await.into_iter().all(|refused| refused));
}

#[tokio::test]
async fn the_same_text_costs_one_look_however_often_it_comes() {
    let stage = imported(&["mayor"]).await;
    let fleet = (0..GUESSES).map(|_| admit(&stage, "legacy-mayor", PEER));
    let fates: Vec<_> = join_all(fleet).await.into_iter().map(fate).collect();
    assert!(fates.iter().all(|fate| *fate == "let in"), "{fates:?}");
}
