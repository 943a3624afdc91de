//! What an agent does besides asking: it beats at its cadence, and reads what is written to it.

use super::agent::AWAY;
use super::tally::Tally;
use super::voice::Mood;
use super::wire::Wire;
use http::Method;
use portunus_api::List;
use portunus_api::messages::InboxItem;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a look into an empty inbox waits for the first message.
const LOOK_MS: u64 = 20_000;

/// A beat that fits no promise is tried again after so long.
const AGAIN: Duration = Duration::from_millis(500);

/// An agent that is alive.
pub(super) struct Life {
    pub(super) name: &'static str,
    pub(super) cadence: &'static str,
    pub(super) wire: Wire,
    pub(super) tally: Arc<Tally>,
}

impl Life {
    /// Beats and reads for as long as it is polled.
    pub(super) async fn go_on(&self) {
        tokio::join!(self.beat(), self.attend());
    }

    async fn beat(&self) {
        let said = json!({"cadence": self.cadence, "note": "asks and thinks in turn"});
        loop {
            let beat = self
                .wire
                .control(Method::POST, "/api/v1/heartbeat", Some(&said));
            // The plane says when to beat again, so that a fleet does not beat in step.
            let next = match beat.await {
                Ok(answer) => {
                    self.tally.beat();
                    let ms = answer.get("next_beat_ms").and_then(Value::as_u64);
                    ms.map_or(AGAIN, Duration::from_millis)
                }
                Err(_) => AWAY,
            };
            tokio::time::sleep(next).await;
        }
    }

    async fn attend(&self) {
        let path = format!("/api/v1/inbox?wait_ms={LOOK_MS}");
        loop {
            let items = self.wire.control(Method::GET, &path, None).await;
            let items = items.map(serde_json::from_value::<List<InboxItem>>);
            let Ok(Ok(list)) = items else {
                tokio::time::sleep(AWAY).await;
                continue;
            };
            for item in list.items {
                self.read(&item).await;
            }
        }
    }

    /// Reads a message and says so to the plane, until it has heard it.
    async fn read(&self, item: &InboxItem) {
        let message = &item.message;
        let read = json!({"messages": [message.id]});
        let began = Instant::now();
        while self
            .wire
            .control(Method::POST, "/api/v1/inbox/ack", Some(&read))
            .await
            .is_err()
            && began.elapsed() < Duration::from_secs(5)
        {
            tokio::time::sleep(AWAY).await;
        }
        self.tally.read();
        let sender = message.sender.name.as_deref().unwrap_or("somebody");
        let what = format!(
            "{} reads what {sender} wrote{}",
            self.name,
            waited(&message.at)
        );
        self.tally.voice().say(Mood::Good, "message", &what);
    }
}

/// ` 1.2 s ago`, when it says when that was.
fn waited(at: &str) -> String {
    let Ok(at) = at.parse::<jiff::Timestamp>() else {
        return String::new();
    };
    let ms = jiff::Timestamp::now().as_millisecond() - at.as_millisecond();
    let waited = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    format!(" {:.1} s ago", waited.as_secs_f64())
}
