//! `portunus demo`: the main job, shown on one machine without a key or a network.
//!
//! Only the provider is fake (`portunus-testkit`). The plane is the real one on a loopback port and a temporary data
//! directory; agents are programs with tokens of their own that speak to it over sockets and count what they see.

mod agent;
mod cast;
mod chronicle;
mod fleet;
mod life;
mod mishaps;
mod operator;
mod plot;
mod stage;
mod summary;
mod tally;
mod theatre;
mod voice;
mod wire;

use crate::args::demo::DemoArgs;
use crate::failure::{Failure, Kind};
use anyhow::Context;
use cast::AGENTS;
use operator::Operator;
use portunus_testkit::{FakeProvider, Seeded};
use stage::Stage;
use std::sync::Arc;
use std::time::Duration;
use tally::{Numbers, Tally};
use theatre::Theatre;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use voice::{Mood, Voice};
use wire::Wire;

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
    let mut stage = Stage::open().await?;
    let operator = Operator {
        wire: Wire::new(&stage.base_url(), stage.operator_token()),
    };
    operator.open_pools(&provider.base_url()).await?;
    operator.open_board().await?;
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
    let telling = chronicle::tell(operator.clone(), voice.clone(), ended.clone());
    let chronicle = tokio::spawn(telling);
    let (began, fleet) = (Instant::now(), hired.clone());
    let doom = (began + length.mul_f64(0.25), began + length.mul_f64(0.85));
    let doom = Some(doom).filter(|_| !args.break_provider);
    let work = fleet::work(hired, (began, length), doom, (SEED, &tally));
    let troubled = async {
        if args.break_provider {
            return Ok(());
        }
        let happen = mishaps::happen(&provider, &voice, length, Seeded::new(SEED));
        let unfold = plot::unfold(&mut stage, &operator, &fleet, &voice, (began, length));
        tokio::join!(happen, unfold).1
    };
    tokio::select! {
        ((), unfolded) = async { tokio::join!(work, troubled) } => unfolded?,
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
