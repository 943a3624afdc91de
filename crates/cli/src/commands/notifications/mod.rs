//! `portunus notifications`, and `portunus notify` of the agents that send them.

mod follow;
mod words;

use super::messages::send::words_or_input;
use super::plane::Plane;
use crate::args::notifications::{
    ListNotifications, NotificationsArgs, NotificationsVerb, NotifyArgs, PriorityWord,
};
use crate::client::{Wanted, escape};
use crate::failure::Failure;
use jiff::Timestamp;
use portunus_api::notifications::{AllRead, MarkAllRead, MarkRead, Notification, Notify};
use portunus_core::notification::MAX_BODY_BYTES;
use serde::Serialize;

/// How many are listed when nobody says.
const LISTED: u32 = 20;

type Query = Vec<(&'static str, String)>;

/// What was marked, for programs.
#[derive(Debug, Serialize)]
struct Marked {
    items: Vec<Notification>,
}

/// Runs one verb.
pub(super) async fn run(args: NotificationsArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    match args.verb {
        NotificationsVerb::List(wanted) => list(&plane, wanted).await,
        NotificationsVerb::Show { notification } => {
            let answer = plane.get(&at(&notification), &[]).await?;
            plane.show(&answer, |one| words::whole(&one))
        }
        NotificationsVerb::Read {
            notifications,
            all,
            up_to,
        } if all || up_to.is_some() || notifications.is_empty() => {
            let body = MarkAllRead { last: up_to };
            let answer = plane.post("/notifications/read", &body).await?;
            plane.show(&answer, |all: AllRead| words::marked(all.marked))
        }
        NotificationsVerb::Read { notifications, .. } => {
            let mut items = Vec::new();
            for id in notifications {
                let path = format!("{}/read", at(&id));
                items.push(plane.post(&path, &MarkRead {}).await?.read()?);
            }
            plane.show_value(&Marked { items }, |marked| {
                words::marked(u64::try_from(marked.items.len()).unwrap_or(u64::MAX))
            })
        }
    }
}

/// Tells operators something.
pub(super) async fn notify(args: NotifyArgs) -> Result<(), Failure> {
    let body = args.body;
    let body = body.map(|body| words_or_input(body, "the body", MAX_BODY_BYTES));
    let wish = Notify {
        title: args.title,
        body: body.transpose()?,
        priority: args.priority.map(PriorityWord::meant),
        link: args.link,
    };
    let plane = Plane::reach(&args.reach)?;
    let answer = plane.post("/notifications", &wish).await;
    let answer = answer.map_err(|failure| {
        failure.in_typed_words(&[("title", "TITLE"), ("body", "--body"), ("link", "--link")])
    })?;
    plane.show(&answer, |sent: Notification| {
        format!("Operators are told ({}).\n", sent.id)
    })
}

fn at(notification: &str) -> String {
    format!("/notifications/{}", escape(notification))
}

async fn list(plane: &Plane, wanted: ListNotifications) -> Result<(), Failure> {
    let given = [
        ("read", wanted.unread.then(|| "false".to_owned())),
        (
            "min_priority",
            wanted
                .min_priority
                .map(|word| word.meant().as_str().to_owned()),
        ),
        ("agent", wanted.from),
        (
            "since",
            wanted.since.map(|when| when.moment(Timestamp::now())),
        ),
    ];
    let given = given.into_iter();
    let query: Query = given
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    let page = Wanted {
        limit: Some(wanted.limit.unwrap_or(LISTED)),
        cursor: wanted.cursor,
    };
    if wanted.follow {
        return follow::follow(plane, &query, &page).await;
    }
    plane
        .show_list("/notifications", &query, &page, words::table)
        .await
}
