//! One agent: asks, reads the answer to its end, and judges it without mercy.
//!
//! No SDK stands between it and the plane and it never tries again, so every failure that a client could see is
//! counted here, by the client. Only what met no plane at all it sends again, as whoever stands behind `portunus run` does.

use super::cast::Tongue;
use super::tally::{Call, Tally};
use super::wire::{Heard, Wire, is_away};
use http::Method;
use portunus_testkit::Seeded;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long to wait before a plane that is away is looked for again.
pub(super) const AWAY: Duration = Duration::from_millis(200);

/// A program with a token of its own and something to ask.
pub(super) struct Agent {
    pub(super) name: &'static str,
    pub(super) tongue: Tongue,
    pub(super) wire: Wire,
    pub(super) chance: Seeded,
}

/// When the fleet asks, and how long it waits for its last answers.
#[derive(Clone, Copy)]
pub(super) struct Hours {
    /// Between these two nobody pauses to think.
    pub(super) rush: (Instant, Instant),
    /// No new question after this.
    pub(super) last_question: Instant,
    /// An answer that comes later counts as a failure.
    pub(super) last_answer: Instant,
}

impl Agent {
    /// Asks and thinks in turn until the last question's hour.
    pub(super) async fn work(mut self, hours: Hours, tally: Arc<Tally>) {
        // Programs are not started in one instant.
        tokio::time::sleep(Duration::from_millis(self.chance.below(600))).await;
        let mut round = 0_u64;
        while Instant::now() < hours.last_question {
            round += 1;
            let call = self.ask(round, hours.last_answer, &tally).await;
            let failed = call.failure.is_some();
            tally.called(self.name, self.tongue, call);
            let thought = Duration::from_millis(250 + self.chance.below(700));
            let now = Instant::now();
            if failed || now < hours.rush.0 || now > hours.rush.1 {
                tokio::time::sleep_until((now + thought).min(hours.last_question)).await;
            }
        }
    }

    async fn ask(&self, round: u64, last_answer: Instant, tally: &Tally) -> Call {
        let began = Instant::now();
        let asking = self.reach(round, tally);
        let (failure, first_byte) = match tokio::time::timeout_at(last_answer, asking).await {
            Err(_) => (Some("no answer before the end".to_owned()), None),
            Ok(Err(error)) => (Some(format!("{error:#}")), None),
            Ok(Ok((sent, heard))) => (
                self.fault(&heard),
                Some(sent.duration_since(began) + heard.first_byte),
            ),
        };
        Call {
            failure,
            first_byte: first_byte.unwrap_or_default(),
        }
    }

    /// Sends a question until a plane answers it; answers when that was sent, and what was heard.
    async fn reach(&self, round: u64, tally: &Tally) -> anyhow::Result<(Instant, Heard)> {
        let (path, body) = self.question(round);
        loop {
            let sent = Instant::now();
            match self.wire.send(Method::POST, path, Some(&body)).await {
                Ok(heard) if !heard.is_of_a_restart() => return Ok((sent, heard)),
                Err(error) if !is_away(&error) => return Err(error),
                _ => {}
            }
            tally.sent_again();
            tokio::time::sleep(AWAY).await;
        }
    }

    fn question(&self, round: u64) -> (&'static str, Value) {
        let said = format!("This is {} with question {round}.", self.name);
        let turns = json!([{"role": "user", "content": said}]);
        match self.tongue {
            Tongue::Messages => (
                "/v1/messages",
                json!({"model": "claude-sonnet-4-5", "max_tokens": 100, "messages": turns}),
            ),
            Tongue::MessagesStream => (
                "/v1/messages",
                json!({"model": "claude-sonnet-4-5", "max_tokens": 100, "messages": turns, "stream": true}),
            ),
            Tongue::Chat => (
                "/v1/chat/completions",
                json!({"model": "gpt-5", "messages": turns}),
            ),
            Tongue::ChatStream => (
                "/v1/chat/completions",
                json!({"model": "gpt-5", "messages": turns, "stream": true}),
            ),
            Tongue::ResponsesStream => (
                "/v1/responses",
                json!({"model": "gpt-5", "input": said, "stream": true, "store": false}),
            ),
        }
    }

    /// What is wrong with an answer; nothing when it is whole and answers this agent.
    fn fault(&self, heard: &Heard) -> Option<String> {
        if heard.status != 200 {
            return Some(format!("{}: {}", heard.status, message(&heard.text)));
        }
        if let Some(broken) = &heard.broken {
            return Some(format!("the connection was lost: {broken}"));
        }
        let (error, end) = match self.tongue {
            Tongue::Messages => ("\"type\":\"error\"", "\"stop_reason\":\"end_turn\""),
            Tongue::MessagesStream => ("event: error", "event: message_stop"),
            Tongue::Chat => ("\"error\":", "\"finish_reason\":\"stop\""),
            Tongue::ChatStream => ("data: {\"error\"", "data: [DONE]"),
            Tongue::ResponsesStream => ("event: error", "event: response.completed"),
        };
        if heard.text.contains(error) {
            return Some(format!("an error event: {}", message(&heard.text)));
        }
        if !heard.text.contains(end) {
            return Some("the answer ended too early".to_owned());
        }
        // Another agent's answer would be the worst failure of all.
        let mine = heard.text.contains(self.name);
        (!mine).then(|| "the answer was somebody else's".to_owned())
    }
}

/// The message of an error in any of the shapes, shortened for a line.
fn message(text: &str) -> String {
    let from = text.find("\"message\":\"").map_or(0, |at| at + 11);
    text.get(from..)
        .unwrap_or_default()
        .chars()
        .take_while(|c| *c != '"')
        .take(120)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(tongue: Tongue) -> Agent {
        Agent {
            name: "mayor",
            tongue,
            wire: Wire::new("http://127.0.0.1:1", "t"),
            chance: Seeded::new(1),
        }
    }

    fn heard(status: u16, text: &str) -> Heard {
        Heard {
            status,
            text: text.to_owned(),
            first_byte: Duration::ZERO,
            broken: None,
        }
    }

    #[test]
    fn only_a_whole_answer_to_this_agent_is_none_of_the_failures() {
        let agent = agent(Tongue::MessagesStream);
        let whole = "event: message_start\ndata: mayor\n\nevent: message_stop\ndata: {}\n\n";
        assert_eq!(agent.fault(&heard(200, whole)), None);
        for (status, text) in [
            (429, "{\"error\":{\"message\":\"limit\"}}"),
            (200, "event: message_start\ndata: mayor\n\n"),
            (200, "event: error\ndata: mayor\n\nevent: message_stop"),
            (
                200,
                "event: message_start\ndata: scout\n\nevent: message_stop",
            ),
        ] {
            assert!(agent.fault(&heard(status, text)).is_some(), "{text}");
        }
        let mut lost = heard(200, whole);
        lost.broken = Some("reset".to_owned());
        assert!(agent.fault(&lost).is_some());
    }

    #[test]
    fn an_error_is_told_by_its_message() {
        assert_eq!(message("{\"error\":{\"message\":\"no\",\"x\":1}}"), "no");
        assert_eq!(message("plain"), "plain");
    }
}
