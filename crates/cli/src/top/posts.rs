//! What is written on boards and what agents notify of: read anew as it grows, and listed together.

use super::fold::millis;
use super::list::Listed;
use super::rows::PostRow;
use crate::client::{Client, Wanted, escape};
use crate::commands::typed;
use portunus_api::List;
use portunus_api::boards::Board;
use portunus_api::messages::Message;
use portunus_api::notifications::{Notification, Priority};
use std::cmp::Ordering;
use std::collections::HashMap;

/// Boards that are looked at.
const BOARDS: u32 = 200;
/// Boards of which new messages are read in one look; the others have their turn in the next.
const BOARDS_READ: usize = 8;
/// Messages and notifications that are read at once.
const READ: u64 = 50;

/// Up to which message each board was read, by id.
pub(super) type Places = HashMap<String, u64>;

/// What was read, and how far that is.
pub(super) struct Posted {
    pub(super) rows: Vec<PostRow>,
    pub(super) places: Places,
}

/// Reads what is new behind `places`; what is not for us to see is left out.
pub(super) async fn read(client: &Client, places: &Places) -> Posted {
    let (mut posted, notices) = tokio::join!(boards(client, places), notifications(client));
    posted.rows.extend(notices);
    posted
}

async fn boards(client: &Client, places: &Places) -> Posted {
    let wanted = Wanted {
        limit: Some(BOARDS),
        cursor: None,
    };
    let list = client.list("/boards", &[], &wanted).await;
    let boards = list.and_then(typed::<Board>).map(|list| list.items);
    let mut posted = Posted {
        rows: Vec::new(),
        places: places.clone(),
    };
    let place = |board: &Board| places.get(&board.id).copied().unwrap_or(0);
    let boards = boards.unwrap_or_default();
    let grown = boards
        .iter()
        .filter(|board| board.last_number > place(board));
    for board in grown.take(BOARDS_READ) {
        let after = place(board).max(board.last_number.saturating_sub(READ));
        let query = [("after", after.to_string()), ("limit", READ.to_string())];
        let path = format!("/boards/{}/messages", escape(&board.id));
        let Ok(answer) = client.get(&path, &query).await else {
            continue;
        };
        let Ok(page) = answer.read::<List<Message>>() else {
            continue;
        };
        let reached = page.items.iter().filter_map(|message| message.number).max();
        let reached = reached.unwrap_or(board.last_number);
        posted.places.insert(board.id.clone(), reached);
        posted.rows.extend(page.items.iter().map(of_message));
    }
    posted
}

async fn notifications(client: &Client) -> Vec<PostRow> {
    let query = [("limit", READ.to_string())];
    let Ok(answer) = client.get("/notifications", &query).await else {
        return Vec::new();
    };
    let page = answer.read::<List<Notification>>();
    page.map(|page| page.items.iter().map(of_notification).collect())
        .unwrap_or_default()
}

pub(super) fn of_message(message: &Message) -> PostRow {
    let board = message.board.as_ref().map(|board| board.name.as_str());
    PostRow {
        id: message.id.clone(),
        at_ms: millis(&message.at).unwrap_or_default(),
        from: message
            .sender
            .name
            .clone()
            .unwrap_or_else(|| message.sender.id.clone()),
        board: board.map(str::to_owned),
        priority: None,
        is_unread: false,
        text: message.text.clone(),
        more: None,
    }
}

pub(super) fn of_notification(notification: &Notification) -> PostRow {
    PostRow {
        id: notification.id.clone(),
        at_ms: millis(&notification.at).unwrap_or_default(),
        from: notification.agent.name.clone(),
        board: None,
        priority: Some(notification.priority),
        is_unread: notification.read == Some(false),
        text: notification.title.clone(),
        more: notification.body.clone(),
    }
}

impl PostRow {
    /// The board, or how soon an operator should look.
    pub(super) fn place(&self) -> String {
        match (&self.board, self.priority) {
            (Some(board), _) => board.clone(),
            (None, Some(priority)) => format!("! {}", priority.as_str()),
            (None, None) => String::new(),
        }
    }

    /// How much it presses.
    const fn weight(&self) -> u8 {
        match (self.is_unread, self.priority) {
            (true, Some(Priority::Urgent)) => 4,
            (true, Some(Priority::High)) => 3,
            (true, Some(Priority::Normal)) => 2,
            (true, _) => 1,
            (false, _) => 0,
        }
    }
}

impl Listed for PostRow {
    const SORTS: &'static [&'static str] = &["newest", "unread", "from"];

    fn identity(&self) -> &str {
        &self.id
    }

    fn order(&self, other: &Self, sort: &str) -> Ordering {
        let newest = other.at_ms.cmp(&self.at_ms);
        match sort {
            "unread" => other.weight().cmp(&self.weight()).then(newest),
            "from" => self.from.cmp(&other.from).then(newest),
            _ => newest,
        }
    }

    fn mentions(&self, text: &str) -> bool {
        [&self.from, &self.text, &self.place(), &self.id]
            .into_iter()
            .any(|part| part.to_lowercase().contains(text))
    }
}
