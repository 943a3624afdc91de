//! What happens to plane and agents, and when: messages, a token that is replaced, a restart in the middle.

use super::operator::{BOARD, Hired, Operator};
use super::stage::Stage;
use super::voice::{Mood, Voice};
use anyhow::Context;
use http::Method;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Whose token is replaced.
const ROTATED: &str = "mayor";

/// Something that happens at a part of the whole length.
enum Turn {
    /// An agent writes on the board.
    Writes(&'static str, &'static str),
    /// An operator replaces an agent's token.
    Rotation,
    /// The plane stops and starts again.
    Restart,
}

const TURNS: [(f64, Turn); 5] = [
    (0.08, Turn::Writes("herald", "@mayor, the gates are open")),
    (0.15, Turn::Rotation),
    (0.45, Turn::Writes("scout", "@ferryman, are you there?")),
    (0.62, Turn::Restart),
    (0.78, Turn::Writes("clerk", "@scout, all is counted")),
];

/// Lets everything happen at its time.
pub(super) async fn unfold(
    stage: &mut Stage,
    operator: &Operator,
    fleet: &[Hired],
    voice: &Voice,
    (began, length): (Instant, Duration),
) -> anyhow::Result<()> {
    for (part, turn) in &TURNS {
        sleep_until(began + length.mul_f64(*part)).await;
        match turn {
            Turn::Writes(who, what) => write(by_name(fleet, who)?, what, voice).await?,
            Turn::Rotation => {
                let token = operator.rotate(ROTATED).await?;
                by_name(fleet, ROTATED)?.wire.change_token(&token);
            }
            Turn::Restart => restart(stage, voice).await?,
        }
    }
    Ok(())
}

fn by_name<'a>(fleet: &'a [Hired], name: &str) -> anyhow::Result<&'a Hired> {
    let mut fleet = fleet.iter();
    fleet
        .find(|agent| agent.name == name)
        .with_context(|| format!("nobody is called {name}"))
}

async fn write(who: &Hired, what: &str, voice: &Voice) -> anyhow::Result<()> {
    let path = format!("/api/v1/boards/{BOARD}/messages");
    let message = json!({"text": what});
    who.wire
        .control(Method::POST, &path, Some(&message))
        .await?;
    let words = format!("{} writes on the {BOARD}: {what}", who.name);
    voice.say(Mood::Plain, "message", &words);
    Ok(())
}

async fn restart(stage: &mut Stage, voice: &Voice) -> anyhow::Result<()> {
    voice.say(
        Mood::Trouble,
        "plane",
        "restarts: answers in flight end first",
    );
    let began = Instant::now();
    stage.restart().await.context("restarting the plane")?;
    let away = began.elapsed().as_secs_f64();
    voice.say(
        Mood::Good,
        "plane",
        &format!("is back after {away:.1} s and knows what it knew"),
    );
    Ok(())
}
