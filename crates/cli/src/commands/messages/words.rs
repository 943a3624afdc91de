//! Messages as people read them. Whoever wrote one steers neither the terminal nor what is shown around it: every line of a
//! text is set in from the margin.

use crate::output::paint::Paint;
use crate::output::table::columns;
use crate::output::{self, Colour, Tone, moment};
use portunus_api::messages::{
    Delivery, DeliveryCounts, DeliveryState, FailureReason, InboxItem, Message,
};

/// Messages, one after the other.
pub(in crate::commands) fn entries<'a>(
    messages: impl DoubleEndedIterator<Item = &'a Message>,
) -> String {
    let text: String = messages.map(entry).collect();
    if text.is_empty() {
        "No messages.\n".to_owned()
    } else {
        text
    }
}

/// A message out of an inbox.
pub(super) fn item(item: &InboxItem) -> String {
    let mut text = entry(&item.message);
    if item.delivery.attempts > 1 {
        let again = format!("handed out {} times", item.delivery.attempts);
        text.push_str(&indented(&again));
    }
    text
}

/// One message: who, where and when, and below it what it says.
pub(super) fn entry(message: &Message) -> String {
    let paint = Paint(Colour::of(&std::io::stdout()));
    let sender = message.sender.name.as_ref().unwrap_or(&message.sender.id);
    let place = match (&message.board, message.number, &message.agent) {
        (Some(board), Some(number), _) => format!("{} #{number}", board.name),
        (Some(board), None, _) => board.name.clone(),
        (None, _, Some(agent)) => agent.name.clone(),
        (None, _, None) => "-".to_owned(),
    };
    let tags = match message.tags.as_slice() {
        [] => String::new(),
        tags => format!(" [{}]", tags.join(" ")),
    };
    let at = moment::stamp(&message.at);
    let head = output::plain(&format!("{at}  {sender} -> {place}{tags}"));
    let id = paint.text(&message.id, Tone::Faint);
    // An id that does not fit stands whole below, where it can be copied.
    let length = head.chars().count() + 2 + message.id.len();
    let between = match columns() {
        Some(columns) if length > columns => "\n    ",
        _ => "  ",
    };
    let mut text = format!("{head}{between}{id}\n{}", indented(&message.text));
    if let Some(data) = &message.data {
        text.push_str(&indented(&format!("data: {data}")));
    }
    text
}

/// Text of somebody else, harmless, each line set in by four blanks.
pub(in crate::commands) fn indented(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| format!("    {}\n", output::plain(line)));
    lines.collect()
}

/// How many deliveries stand where.
pub(super) fn counts(counts: &DeliveryCounts) -> String {
    let DeliveryCounts {
        queued,
        delivered,
        read,
        failed,
    } = counts;
    format!("{queued} queued, {delivered} delivered, {read} read, {failed} failed")
}

/// Where a delivery stands, and how bad that is.
pub(super) fn delivery(delivery: &Delivery) -> (String, Tone) {
    let (word, tone) = match delivery.state {
        DeliveryState::Queued => ("queued", Tone::Plain),
        DeliveryState::Delivered => ("delivered", Tone::Plain),
        DeliveryState::Read => ("read", Tone::Good),
        DeliveryState::Failed => ("failed", Tone::Bad),
    };
    let why = delivery.reason.map(|reason| match reason {
        FailureReason::Expired => "nobody took or acknowledged it in time",
        FailureReason::NotAcknowledged => "handed out ten times and never acknowledged",
        FailureReason::RecipientDeleted => "the recipient was deleted",
        FailureReason::BoardDeleted => "the board was deleted",
        FailureReason::InboxFull => "the recipient's inbox was full",
    });
    match why {
        Some(why) => (format!("{word}: {why}"), tone),
        None => (word.to_owned(), tone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message(text: &str) -> Message {
        let message = json!({
            "id": "msg_1", "board": {"id": "brd_1", "name": "diary"}, "number": 7,
            "sender": {"kind": "agent", "id": "agt_1", "name": "mayor"}, "text": text, "tags": ["note"],
            "mentions": [], "unresolved": [], "to_everyone": false,
            "at": "2026-11-22T09:00:00.000Z", "expires_at": "2026-11-29T09:00:00.000Z",
        });
        serde_json::from_value(message).unwrap()
    }

    #[test]
    fn whoever_writes_steers_neither_the_terminal_nor_what_is_around() {
        let text =
            "hello\u{1b}[2J\u{9b}31m\u{202e}\r\n2026-11-22 09:00:00Z  ann -> diary #8  msg_2\nme";
        assert_eq!(
            entry(&message(text)),
            "2026-11-22 09:00:00Z  mayor -> diary #7 [note]  msg_1\n    \
             hello\\u{1b}[2J\\u{9b}31m\\u{202e}\n    2026-11-22 09:00:00Z  ann -> diary #8  msg_2\n    me\n"
        );
    }
}
