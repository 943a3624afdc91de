//! Heartbeats: one by one, or for as long as the agent lives.

use crate::bearer::Bearer;
use crate::beat::{Next, Rhythm};
use crate::chance;
use crate::client::{Called, Client, Effect, understood, written};
use crate::clock::millis;
use crate::error::Error;
use http::Method;
use portunus_api::liveness::{AgentStatus, Heartbeat, HeartbeatAnswer};
use portunus_core::liveness::Cadence;
use portunus_core::time::Tick;
use std::time::Duration;
use tokio::sync::watch;

/// Longest that one beat is tried before the loop decides anew.
const BEAT_PATIENCE: Duration = Duration::from_secs(10);

/// What came of the latest heartbeat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Pulse {
    /// None was sent yet.
    #[default]
    None,
    /// The plane heard it.
    Heard {
        /// How the agent stands.
        status: AgentStatus,
    },
    /// It failed, and is tried again unless the error is final.
    Failed {
        /// Why.
        error: Error,
        /// How many have failed since one was heard.
        times: u32,
    },
}

impl Client {
    /// Beats once. When the access token was due, its successor comes with the answer and is used from then on.
    ///
    /// # Errors
    ///
    /// [`Error`]; among others `invalid_body` for a cadence or a note that cannot be, and `not_an_agent`.
    pub async fn heartbeat(&self, beat: &Heartbeat) -> Result<HeartbeatAnswer, Error> {
        self.beat_within(beat, self.shared.patience).await
    }

    /// What came of the latest heartbeat, and of those that come.
    #[must_use]
    pub fn pulse(&self) -> watch::Receiver<Pulse> {
        self.shared.pulse.subscribe()
    }

    /// Beats at `cadence` for as long as it is polled, at the times that the plane suggests, and keeps the access token fresh
    /// while it is in use. Failures are waited out: a plane that is away is beaten again as soon as it is back. With
    /// [`Cadence::NONE`] the agent says once that it promises nothing.
    ///
    /// It ends only with an error that waiting does not mend, such as a token that was revoked, and otherwise by being
    /// dropped:
    ///
    /// ```no_run
    /// # async fn example(client: portunus_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let beating = tokio::spawn({
    ///     let (client, cadence) = (client.clone(), "10m".parse()?);
    ///     async move { client.keep_alive(cadence).await }
    /// });
    /// // ... the agent's work ...
    /// beating.abort();
    /// # Ok(())
    /// # }
    /// ```
    pub async fn keep_alive(&self, cadence: Cadence) -> Error {
        let clock = &self.shared.clock;
        let mut rhythm = Rhythm::new(cadence);
        let beat = Heartbeat {
            cadence: Some(cadence.to_string()),
            ..Heartbeat::default()
        };
        let mut next_beat = Some(clock.tick());
        loop {
            self.wait(next_beat).await;
            if next_beat.is_none_or(|due| clock.tick() < due) {
                match self.freshen().await {
                    Err(error) if error.is_final() => return error,
                    _ => continue,
                }
            }
            let sent_at = clock.tick();
            next_beat = match self.beat_within(&beat, BEAT_PATIENCE).await {
                Ok(answer) => match rhythm.heard(answer.next_beat_ms) {
                    Next::In(pause) => Some(sent_at.plus_ms(millis(pause))),
                    Next::Never => None,
                },
                Err(error) if error.is_final() => return error,
                Err(error) => {
                    let pause = rhythm.failed(error.retry_after(), chance::number());
                    Some(clock.tick().plus_ms(millis(pause)))
                }
            };
        }
    }

    /// Until the next beat, or until the access token is due.
    async fn wait(&self, next_beat: Option<Tick>) {
        let clock = &self.shared.clock;
        let due = self.shared.keeper.wanted_at();
        let wake = match (next_beat, due) {
            (Some(beat), Some(due)) => beat.min(due),
            (Some(moment), None) | (None, Some(moment)) => moment,
            (None, None) => clock.tick().plus_ms(IDLE_MS),
        };
        clock.sleep_until(wake).await;
    }

    /// Renews the access token when it is due. What fails is tried again after a while.
    async fn freshen(&self) -> Result<(), Error> {
        let (keeper, now) = (&self.shared.keeper, self.shared.clock.tick());
        match keeper.wanted_at() {
            Some(due) if due <= now => keeper.freshen().await,
            _ => Ok(()),
        }
    }

    async fn beat_within(
        &self,
        beat: &Heartbeat,
        patience: Duration,
    ) -> Result<HeartbeatAnswer, Error> {
        // No key: a second beat does no harm, and only a beat without one is answered with a renewed access token.
        let mut ask = self.ask(
            Method::POST,
            "/heartbeat",
            Some(written(beat)?),
            Effect::None,
        )?;
        ask.patience = patience;
        let heard = self.heard(self.call(&ask).await);
        self.shared
            .pulse
            .send_modify(|pulse| *pulse = felt(pulse, &heard));
        heard
    }

    /// Reads the answer, and takes the successor of the access token that may be in it.
    fn heard(&self, called: Result<Called, Error>) -> Result<HeartbeatAnswer, Error> {
        let called = called?;
        let answer: HeartbeatAnswer = understood(&called.reply)?;
        if let (Some(renewed), Bearer::Access(access)) = (&answer.renewed, &called.bearer) {
            let keeper = &self.shared.keeper;
            keeper.accept(&renewed.into(), access, called.sent_at);
        }
        Ok(answer)
    }
}

/// How long the loop sleeps when nothing is promised and nothing is due, in milliseconds.
const IDLE_MS: u64 = 60_000;

fn felt(before: &Pulse, heard: &Result<HeartbeatAnswer, Error>) -> Pulse {
    match heard {
        Ok(answer) => Pulse::Heard {
            status: answer.status,
        },
        Err(error) => Pulse::Failed {
            error: error.clone(),
            times: match before {
                Pulse::Failed { times, .. } => times.saturating_add(1),
                _ => 1,
            },
        },
    }
}
