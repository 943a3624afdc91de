//! Notifications as people read them. Whoever sent one steers neither the terminal nor what is shown around it.

use crate::commands::messages::words::indented;
use crate::output::paint::Paint;
use crate::output::{Colour, Table, Tone, moment};
use portunus_api::notifications::{Notification, Priority};

/// A table, one line each.
pub(super) fn table(notifications: &[Notification]) -> String {
    if notifications.is_empty() {
        return "No notifications.\n".to_owned();
    }
    let headings = ["ID", "WHEN", "FROM", "PRIORITY", "READ", "WHAT"];
    let mut table = Table::new(&headings)
        .wrapping("WHAT")
        .giving_way(&["READ", "WHEN", "FROM"]);
    for one in notifications {
        table.row([
            (one.id.as_str(), Tone::Faint),
            (&moment::stamp(&one.at), Tone::Plain),
            (&one.agent.name, Tone::Plain),
            (one.priority.as_str(), tone(one.priority)),
            read(one),
            (&one.title, Tone::Plain),
        ]);
    }
    table.render()
}

/// All of one: who, when and how soon, and below it what it says.
pub(super) fn whole(one: &Notification) -> String {
    let paint = Paint(Colour::of(&std::io::stdout()));
    let at = moment::stamp(&one.at);
    let from = paint.text(&one.agent.name, Tone::Plain);
    let priority = paint.text(one.priority.as_str(), tone(one.priority));
    let title = paint.text(&one.title, Tone::Plain);
    let id = paint.text(&one.id, Tone::Faint);
    let mut text = format!("{at}  {priority}  {from}: {title}  {id}\n");
    if let Some(body) = &one.body {
        text.push_str(&indented(body));
    }
    if let Some(link) = &one.link {
        text.push_str(&indented(link));
    }
    text
}

/// How many are read now.
pub(super) fn marked(count: u64) -> String {
    match count {
        0 => "Nothing was unread.\n".to_owned(),
        1 => "1 notification is read.\n".to_owned(),
        count => format!("{count} notifications are read.\n"),
    }
}

/// Whether whoever asks has read it.
const fn read(one: &Notification) -> (&'static str, Tone) {
    match one.read {
        Some(false) => ("unread", Tone::Warn),
        Some(true) => ("read", Tone::Faint),
        None => ("-", Tone::Faint),
    }
}

const fn tone(priority: Priority) -> Tone {
    match priority {
        Priority::Low => Tone::Faint,
        Priority::Normal => Tone::Plain,
        Priority::High => Tone::Warn,
        Priority::Urgent => Tone::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whoever_notifies_steers_neither_the_terminal_nor_what_is_around() {
        let one: Notification = serde_json::from_value(json!({
            "id": "ntf_1", "number": 1, "agent": {"id": "agt_1", "name": "mayor"}, "priority": "high",
            "title": "done\u{202e}", "body": "a\u{1b}[2J\nb", "link": "https://ci.example/7",
            "at": "2026-11-22T09:00:00.000Z", "read": false,
        }))
        .unwrap();
        assert_eq!(
            whole(&one),
            "2026-11-22 09:00:00Z  high  mayor: done\\u{202e}  ntf_1\n    a\\u{1b}[2J\n    b\n    https://ci.example/7\n"
        );
        assert!(table(&[one]).contains("unread  done\\u{202e}"));
    }
}
