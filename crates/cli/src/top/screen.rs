//! The live view as it runs: waits for keys, answers of the plane, time and signals; each becomes a message.

use super::command::meant;
use super::input::{self, Input};
use super::model::{Message, Model, Next};
use super::skin::Skin;
use super::terminal::Screen;
use super::view;
use anyhow::Context;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How often countdowns move; ssh over a slow line still follows.
const FRAME: Duration = Duration::from_millis(200);

/// Shows `model` and what `messages` bring, until a person leaves, a signal asks, or nobody sends any more.
pub(crate) async fn show(
    mut model: Model,
    mut messages: mpsc::UnboundedReceiver<Message>,
) -> anyhow::Result<Model> {
    let skin = Skin::of_environment();
    let mut asked = signals()?;
    let mut screen = Screen::open().context("taking the terminal")?;
    let (_reading, mut inputs) = input::read().context("reading the keyboard")?;
    let mut frames = tokio::time::interval(FRAME);
    frames.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut last_tick = Instant::now();
    loop {
        paint(&mut screen, &mut model, &skin)?;
        let next = tokio::select! {
            input = inputs.recv() => match input {
                Some(Input::Key(key)) => match meant(key, model.mode()) {
                    Some(command) => model.update(Message::Command(command)),
                    None => Next::Stay,
                },
                Some(Input::Resized) => Next::Stay,
                Some(Input::Gone) | None => Next::Leave,
            },
            message = messages.recv() => match message {
                Some(message) => model.update(message),
                None => Next::Leave,
            },
            now = frames.tick() => {
                let passed = now.saturating_duration_since(last_tick);
                last_tick = now;
                model.update(Message::Tick(passed))
            },
            () = asked.recv() => Next::Leave,
        };
        match next {
            Next::Stay => {}
            Next::Leave => return Ok(model),
            Next::Suspend => screen.suspend().context("suspending")?,
        }
    }
}

fn paint(screen: &mut Screen, model: &mut Model, skin: &Skin) -> anyhow::Result<()> {
    let mut limit = 0;
    screen
        .draw(|frame| limit = view::draw(model, skin, frame.area(), frame.buffer_mut()))
        .context("drawing")?;
    model.drawn(limit);
    Ok(())
}

/// The signals that end a program at a terminal.
struct Signals {
    any: mpsc::Receiver<()>,
}

impl Signals {
    async fn recv(&mut self) {
        let _ = self.any.recv().await;
    }
}

fn signals() -> anyhow::Result<Signals> {
    let (sender, any) = mpsc::channel(1);
    for kind in [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
    ] {
        let mut stream = signal(kind).context("listening for signals")?;
        let sender = sender.clone();
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                if sender.send(()).await.is_err() {
                    return;
                }
            }
        });
    }
    Ok(Signals { any })
}
