//! `portunus messages`: one message and what became of it, and acknowledgements.

pub(super) mod inbox;
pub(super) mod send;
pub(super) mod words;

use super::plane::{Plane, typed};
use crate::args::messages::{MessagesArgs, MessagesVerb};
use crate::client::{Wanted, escape};
use crate::failure::Failure;
use crate::output::{Table, Tone, moment};
use portunus_api::List;
use portunus_api::messages::{Acknowledge, Acknowledged, MessageShown, Recipient};
use serde::Serialize;

/// A message with its recipients, for programs.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    shown: MessageShown,
    /// For its sender and for operators.
    #[serde(skip_serializing_if = "Option::is_none")]
    recipients: Option<List<Recipient>>,
}

/// Runs one verb.
pub(super) async fn run(args: MessagesArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    match args.verb {
        MessagesVerb::Show { message, limit } => show(&plane, &message, limit).await,
        MessagesVerb::Ack { messages } => {
            let answer = acknowledge(&plane, messages).await?;
            plane.show(&answer, |done| acknowledged_words(&done))
        }
    }
}

/// Says that messages are read.
async fn acknowledge(
    plane: &Plane,
    messages: Vec<String>,
) -> Result<crate::client::Answer, Failure> {
    plane.post("/inbox/ack", &Acknowledge { messages }).await
}

async fn show(plane: &Plane, message: &str, limit: u32) -> Result<(), Failure> {
    let path = format!("/messages/{}", escape(message));
    let shown: MessageShown = plane.get(&path, &[]).await?.read()?;
    let recipients = match shown.deliveries {
        None => None,
        Some(_) => {
            let wanted = Wanted {
                limit: Some(limit),
                cursor: None,
            };
            let path = format!("{path}/deliveries");
            Some(typed(plane.list(&path, &[], &wanted).await?)?)
        }
    };
    plane.show_value(&Shown { shown, recipients }, shown_words)
}

fn shown_words(shown: &Shown) -> String {
    let Shown { shown, recipients } = shown;
    let mut text = words::entry(&shown.message);
    if !shown.message.unresolved.is_empty() {
        let names = shown.message.unresolved.join(", ");
        text.push_str(&format!("No agent has the name: {names}\n"));
    }
    if let Some(own) = &shown.delivery {
        text.push_str(&format!("For you: {}\n", words::delivery(own).0));
    }
    let (Some(counts), Some(recipients)) = (&shown.deliveries, recipients) else {
        return text;
    };
    text.push_str(&format!("Deliveries: {}\n", words::counts(counts)));
    if recipients.items.is_empty() {
        return text;
    }
    let mut table = Table::new(&["RECIPIENT", "STATE", "SINCE", "HANDED OUT"]);
    for recipient in &recipients.items {
        let delivery = &recipient.delivery;
        let (state, tone) = words::delivery(delivery);
        let since = delivery.at.as_deref().map(moment::stamp);
        table.row([
            (recipient.agent.name.as_str(), Tone::Plain),
            (&state, tone),
            (since.as_deref().unwrap_or("-"), Tone::Plain),
            (&delivery.attempts.to_string(), Tone::Plain),
        ]);
    }
    text.push('\n');
    text.push_str(&table.render());
    if recipients.next_cursor.is_some() {
        text.push_str("There are more recipients: raise --limit.\n");
    }
    text
}

fn acknowledged_words(done: &Acknowledged) -> String {
    let now = match done.read.len() {
        1 => "1 message is read".to_owned(),
        now => format!("{now} messages are read"),
    };
    match done.already_read.len() {
        0 => format!("{now}.\n"),
        1 => format!("{now}, 1 was before.\n"),
        before => format!("{now}, {before} were before.\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_is_told_apart() {
        let said = |read: &[&str], already_read: &[&str]| {
            let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
            acknowledged_words(&Acknowledged {
                read: owned(read),
                already_read: owned(already_read),
            })
        };
        assert_eq!(said(&["a"], &[]), "1 message is read.\n");
        assert_eq!(said(&["a"], &["b"]), "1 message is read, 1 was before.\n");
        assert_eq!(
            said(&[], &["a", "b"]),
            "0 messages are read, 2 were before.\n"
        );
    }
}
