//! The agents at work: each asks, beats and reads until the last question's hour. One of them dies and is started again.

use super::agent::{Agent, Hours};
use super::cast::MORTAL;
use super::life::Life;
use super::operator::Hired;
use super::tally::Tally;
use super::voice::Mood;
use portunus_testkit::Seeded;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// How long the last answers may take after the last question.
const GRACE: Duration = Duration::from_secs(15);

/// When one agent dies, and when it is started again.
pub(super) type Doom = Option<(Instant, Instant)>;

/// Lets the fleet work; ends when every agent has had its last answer.
pub(super) async fn work(
    hired: Vec<Hired>,
    (began, length): (Instant, Duration),
    doom: Doom,
    (seed, tally): (u64, &Arc<Tally>),
) {
    let hours = Hours {
        rush: (began + length.mul_f64(0.3), began + length.mul_f64(0.55)),
        last_question: began + length,
        last_answer: began + length + GRACE,
    };
    let mut fleet = JoinSet::new();
    for (seed, hired) in (seed..).zip(hired) {
        let doom = doom.filter(|_| hired.name == MORTAL);
        fleet.spawn(lives(hired, hours, doom, (seed, Arc::clone(tally))));
    }
    while fleet.join_next().await.is_some() {}
}

async fn lives(hired: Hired, hours: Hours, doom: Doom, (seed, tally): (u64, Arc<Tally>)) {
    let Some((dies, returns)) = doom else {
        return live(hired, hours, (seed, tally)).await;
    };
    tokio::select! {
        () = live(hired.clone(), hours, (seed, Arc::clone(&tally))) => {}
        () = sleep_until(dies) => {}
    }
    let tell = |mood, what: &str| {
        let what = format!("{} {what}", hired.name);
        tally.voice().say(mood, "agent", &what);
    };
    tell(Mood::Trouble, "dies without a word");
    sleep_until(returns).await;
    tell(Mood::Plain, "is started again");
    live(hired, hours, (!seed, Arc::clone(&tally))).await;
}

async fn live(hired: Hired, hours: Hours, (seed, tally): (u64, Arc<Tally>)) {
    let life = Life {
        name: hired.name,
        cadence: hired.cadence,
        wire: hired.wire.clone(),
        tally: Arc::clone(&tally),
    };
    let agent = Agent {
        name: hired.name,
        tongue: hired.tongue,
        wire: hired.wire,
        chance: Seeded::new(seed),
    };
    tokio::select! {
        () = agent.work(hours, tally) => {}
        () = life.go_on() => {}
    }
}
