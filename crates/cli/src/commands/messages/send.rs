//! `portunus send`: writes a message to a board or to an agent.

use super::super::plane::Plane;
use crate::args::messages::SendArgs;
use crate::client::escape;
use crate::failure::{Failure, Kind};
use portunus_api::messages::{MessageWritten, WriteMessage};
use portunus_core::message::MAX_TEXT_BYTES;
use std::io::Read;

/// What is typed for the fields of the body.
const TYPED: [(&str, &str); 3] = [
    ("text", "TEXT"),
    ("data", "--data"),
    ("expires_in_ms", "--expires, in milliseconds,"),
];

/// Writes it.
pub(in crate::commands) async fn run(args: SendArgs) -> Result<(), Failure> {
    let path = match (&args.board, &args.to) {
        (Some(board), _) => format!("/boards/{}/messages", escape(board)),
        (None, Some(agent)) => format!("/agents/{}/messages", escape(agent)),
        (None, None) => return Err(Failure::new(Kind::Usage, "nobody is written to")),
    };
    let tags: Vec<String> = args.tags.iter().map(ToString::to_string).collect();
    let body = WriteMessage {
        text: words_or_input(args.text, "the message", MAX_TEXT_BYTES)?,
        data: args.data,
        tags: Some(tags).filter(|tags| !tags.is_empty()),
        expires_in_ms: args.expires.map(|span| span.millis),
    };
    let plane = Plane::reach(&args.reach)?;
    let answer = plane.post(&path, &body).await;
    let answer = answer.map_err(|failure| failure.in_typed_words(&TYPED))?;
    plane.show(&answer, |written| written_words(&written))
}

/// The text that was typed, or for `-` what standard input holds, without the line break at its end.
pub(in crate::commands) fn words_or_input(
    typed: String,
    what: &str,
    most: usize,
) -> Result<String, Failure> {
    if typed != "-" {
        return Ok(typed);
    }
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(2);
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(limit).read_to_end(&mut bytes);
    let failed = |kind, why: String| Failure::new(kind, format!("{what} {why}"));
    read.map_err(|error| failed(Kind::General, format!("cannot be read: {error}")))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| failed(Kind::Usage, "on standard input is not text".to_owned()))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.len() > most {
        let why = format!("on standard input has more than {most} bytes");
        return Err(failed(Kind::Usage, why).fix("send a link or a summary of it"));
    }
    Ok(text.to_owned())
}

fn written_words(written: &MessageWritten) -> String {
    let message = &written.message;
    let place = match (&message.board, message.number, &message.agent) {
        (Some(board), Some(number), _) => format!("on {} as #{number}", board.name),
        (_, _, Some(agent)) => format!("to {}", agent.name),
        _ => "it".to_owned(),
    };
    let reached = match written.recipients {
        0 => "no inbox has it".to_owned(),
        1 => "1 agent will be handed it".to_owned(),
        count => format!("{count} agents will be handed it"),
    };
    let mut text = format!("Wrote {place} ({}); {reached}.\n", message.id);
    if !written.inbox_full.is_empty() {
        let names = written.inbox_full.join(", ");
        text.push_str(&format!(
            "Failed, because their inboxes are full: {names}\n"
        ));
    }
    if !message.unresolved.is_empty() {
        let names = message.unresolved.join(", ");
        text.push_str(&format!("No agent has the name: {names}\n"));
    }
    text
}
