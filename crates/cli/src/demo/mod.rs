//! `portunus demo`: the main job, shown on one machine without a key or a network.
//!
//! Only the provider is fake (`portunus-testkit`). The plane is the real one on a loopback port and a temporary data
//! directory; agents are programs with tokens of their own that speak to it over sockets and count what they see.

mod agent;
mod cast;
mod chronicle;
mod mishaps;
mod operator;
mod stage;
mod summary;
mod tally;
mod theatre;
mod voice;
mod wire;

use crate::args::demo::DemoArgs;
use crate::failure::{Failure, Kind};
use agent::{Agent, Hours};
use anyhow::Context;
use cast::AGENTS;
use operator::{Hired, Operator};
use portunus_testkit::{FakeProvider, Seeded};
use stage::Stage;
use std::sync::Arc;
use std::time::Duration;
use tally::{Numbers, Tally};
use theatre::Theatre;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use voice::{Mood, Voice};
use wire::Wire;

/// How long the last answers may take after the last question.
const GRACE: Duration = Duration::from_secs(15);

/// The same seed every time: the same trouble in the same order.
const SEED: u64 = 0x504F_5254;

/// Runs the demonstration. Fails when a client saw a failure, or, with `--break`, when none did.
pub(crate) fn run(args: &DemoArgs) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the demonstration's runtime")?;
    let numbers = runtime.block_on(play(args))?;
    match (args.break_provider, numbers.failures) {
        (false, 1..) => Err(Failure::new(
            Kind::General,
            "clients saw failures: the plane did not keep its promise",
        )),
        (true, 0) => Err(Failure::new(
            Kind::General,
            "no client saw the provider refuse everything: the count cannot be trusted",
        )),
        _ => Ok(()),
    }
}

async fn play(args: &DemoArgs) -> anyhow::Result<Numbers> {
    let provider = cast::provider().context("starting the fake provider")?;
    let stage = Stage::open().await?;
    let operator = Operator {
        wire: Wire::new(&stage.base_url(), stage.operator_token()),
    };
    operator.open_pools(&provider.base_url()).await?;
    let hired = operator.hire().await?;
    let length = Duration::from_secs(args.seconds);
    let theatre = match Watched::of(args) {
        Watched::OnScreen => Some(Theatre::open(&stage, length)?),
        Watched::InLines => None,
    };
    let voice = Voice::new(theatre.as_ref().map(Theatre::listener));
    introduce(&voice, &stage, &provider);
    if args.break_provider {
        mishaps::refuse_everything(&provider, &voice);
    }
    let tally = Arc::new(Tally::new(voice.clone()));
    let ended = CancellationToken::new();
    let chronicle = tokio::spawn(chronicle::tell(operator, voice.clone(), ended.clone()));
    let troubled = async {
        if !args.break_provider {
            mishaps::happen(&provider, &voice, length, Seeded::new(SEED)).await;
        }
    };
    tokio::select! {
        ((), ()) = async { tokio::join!(work(hired, length, &tally), troubled) } => {}
        _ = tokio::signal::ctrl_c() => voice.say(Mood::Plain, "demo", "interrupted"),
        () = left(theatre.as_ref()) => {}
    }
    ended.cancel();
    let told = chronicle.await.context("telling the record")?;
    if let Some(theatre) = theatre {
        theatre
            .close()
            .await?
            .iter()
            .for_each(|line| voice.write(line));
    }
    let numbers = tally.numbers();
    let seen = provider.seen();
    summary::tell(
        &voice,
        &summary::Facts {
            numbers: &numbers,
            told,
            seen: &seen,
        },
    );
    stage.close().await?;
    Ok(numbers)
}

/// How the demonstration is watched.
#[derive(Clone, Copy)]
enum Watched {
    /// As the live view, with the story beside it.
    OnScreen,
    /// As lines, for pipes and for those who asked.
    InLines,
}

impl Watched {
    fn of(args: &DemoArgs) -> Self {
        if !args.plain && crate::top::has_screen() {
            Self::OnScreen
        } else {
            Self::InLines
        }
    }
}

/// Ends when a person leaves the screen; without one, never.
async fn left(theatre: Option<&Theatre>) {
    match theatre {
        Some(theatre) => theatre.left().await,
        None => std::future::pending().await,
    }
}

fn introduce(voice: &Voice, stage: &Stage, provider: &FakeProvider) {
    let say = |who: &str, what: String| voice.say(Mood::Plain, who, &what);
    say("plane", format!("the real one, on {}", stage.base_url()));
    say(
        "provider",
        format!("a fake one, on {}", provider.base_url()),
    );
    for part in cast::KEYS {
        let limit = part.limit_in_words();
        say(
            "key",
            format!("{}:{} allows {limit}", part.pool, part.label),
        );
    }
    say(
        "agents",
        format!(
            "{} of them, each with a token of its own; none knows a key",
            AGENTS.len()
        ),
    );
}

/// Lets the fleet work; ends when every agent has had its last answer.
async fn work(hired: Vec<Hired>, length: Duration, tally: &Arc<Tally>) {
    let began = Instant::now();
    let hours = Hours {
        rush: (began + length.mul_f64(0.3), began + length.mul_f64(0.55)),
        last_question: began + length,
        last_answer: began + length + GRACE,
    };
    let mut fleet = JoinSet::new();
    for (seed, hired) in (SEED..).zip(hired) {
        let agent = Agent {
            name: hired.name,
            tongue: hired.tongue,
            wire: hired.wire,
            chance: Seeded::new(seed),
        };
        fleet.spawn(agent.work(hours, Arc::clone(tally)));
    }
    while fleet.join_next().await.is_some() {}
}
