//! `portunus boards`.

use super::following;
use super::messages::words;
use super::plane::{Plane, typed};
use crate::args::boards::{BoardsArgs, BoardsVerb, ReadBoard, UpdateBoard};
use crate::client::{Wanted, escape};
use crate::failure::Failure;
use crate::output::{self, Audience, Table, moment};
use portunus_api::List;
use portunus_api::boards::{self as api, Board, BoardDeleted};
use portunus_api::messages::Message;
use portunus_core::name::Slug;
use serde_json::value::RawValue;
use std::time::Duration;

/// How many messages are shown when nobody says.
const SHOWN: u32 = 20;
/// How often a board is read while nothing comes.
const READ_EVERY: Duration = Duration::from_millis(500);
/// How many messages are read at once.
const PAGE: usize = 100;

type Query = Vec<(&'static str, String)>;

/// Runs one verb.
pub(super) async fn run(args: BoardsArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    match args.verb {
        BoardsVerb::List { tags, chat, page } => {
            let wanted = Wanted {
                limit: page.limit,
                cursor: page.cursor,
            };
            // The API knows `tags` and `tag` as the same; each of them is looked for.
            let chat = chat.then(|| ("tag", "chat".to_owned()));
            let query: Query = tagged(&tags).into_iter().chain(chat).collect();
            let none = match query.is_empty() {
                true => "There are no boards.",
                false => "There are no boards of the kind.",
            };
            plane
                .show_list("/boards", &query, &wanted, |boards: &[Board]| {
                    list_words(boards, none)
                })
                .await
        }
        BoardsVerb::Create {
            name,
            description,
            tags,
            chat,
        } => {
            let body = api::CreateBoard {
                name: name.to_string(),
                description,
                tags: given(&tags),
                is_chat: chat.then_some(true),
            };
            let answer = plane.post("/boards", &body).await?;
            plane.show(&answer, |board| format!("Created {}", shown_words(&board)))
        }
        BoardsVerb::Show { board } => {
            let answer = plane.get(&at(&board), &[]).await?;
            plane.show(&answer, |board| shown_words(&board))
        }
        BoardsVerb::Update(change) => update(&plane, change).await,
        BoardsVerb::Read(wanted) => read(&plane, wanted).await,
        BoardsVerb::Delete { board } => {
            let answer = plane.delete(&at(&board), &[]).await?;
            plane.show(&answer, |deleted: BoardDeleted| {
                format!(
                    "Deleted board {}; what nobody read of it has failed.\n",
                    deleted.board.name
                )
            })
        }
    }
}

fn at(board: &str) -> String {
    format!("/boards/{}", escape(board))
}

fn given(tags: &[Slug]) -> Option<Vec<String>> {
    let tags: Vec<String> = tags.iter().map(ToString::to_string).collect();
    Some(tags).filter(|tags| !tags.is_empty())
}

/// Those that all of the tags are wanted of.
fn tagged(tags: &[Slug]) -> Option<(&'static str, String)> {
    given(tags).map(|tags| ("tags", tags.join(",")))
}

async fn update(plane: &Plane, change: UpdateBoard) -> Result<(), Failure> {
    let body = api::UpdateBoard {
        description: change.description,
        tags: given(&change.tags),
        is_chat: match (change.chat, change.no_chat) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        },
    };
    let answer = plane.patch(&at(&change.board), &body).await?;
    plane.show(&answer, |board| shown_words(&board))
}

async fn read(plane: &Plane, wanted: ReadBoard) -> Result<(), Failure> {
    let path = format!("{}/messages", at(&wanted.board));
    let from = wanted.from.map(|agent| ("sender", agent));
    let mut query: Query = tagged(&wanted.tags).into_iter().chain(from).collect();
    let page = Wanted {
        limit: Some(wanted.limit.unwrap_or(SHOWN)),
        cursor: wanted.cursor,
    };
    if wanted.follow {
        let begin = match wanted.after {
            Some(after) => after,
            None => show_newest(plane, &wanted.board, &query, &page).await?,
        };
        return follow(plane, &path, &query, begin).await;
    }
    query.extend(wanted.after.map(|after| ("after", after.to_string())));
    let newest_first = wanted.after.is_none();
    plane
        .show_list(&path, &query, &page, |messages: &[Message]| {
            if newest_first {
                words::entries(messages.iter().rev())
            } else {
                words::entries(messages.iter())
            }
        })
        .await
}

/// Shows the newest messages, and says which number comes before those that are written from now on.
async fn show_newest(
    plane: &Plane,
    board: &str,
    filter: &Query,
    wanted: &Wanted,
) -> Result<u64, Failure> {
    let now: Board = plane.get(&at(board), &[]).await?.read()?;
    let path = format!("{}/messages", at(board));
    let mut items = plane.list(&path, filter, wanted).await?.items;
    items.retain(|item| number(item).is_some_and(|number| number <= now.last_number));
    items.reverse();
    show(plane, items)?;
    Ok(now.last_number)
}

/// Shows what is written after `last` until interrupted, or until nobody reads any more. Numbers have no gaps and outlive
/// the plane that told them, so none is missed.
async fn follow(plane: &Plane, path: &str, filter: &Query, mut last: u64) -> Result<(), Failure> {
    loop {
        let mut query = filter.clone();
        query.extend([("after", last.to_string()), ("limit", PAGE.to_string())]);
        let page: List<Box<RawValue>> = following::get(plane, path, &query).await?.read()?;
        last = page
            .items
            .last()
            .and_then(|item| number(item))
            .unwrap_or(last);
        let there_is_more = page.items.len() >= PAGE;
        if show(plane, page.items)? == Audience::Gone {
            return Ok(());
        }
        if !there_is_more {
            tokio::time::sleep(READ_EVERY).await;
        }
    }
}

fn show(plane: &Plane, items: Vec<Box<RawValue>>) -> Result<Audience, Failure> {
    // Who follows waits for what is written, and is not told with every look that nothing was.
    if items.is_empty() {
        return Ok(Audience::There);
    }
    if !plane.is_for_people() {
        return output::print_items(&items);
    }
    let list = List {
        items,
        next_cursor: None,
    };
    output::print_to(&words::entries(typed::<Message>(list)?.items.iter()))
}

fn number(item: &RawValue) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Number {
        number: Option<u64>,
    }
    serde_json::from_str::<Number>(item.get()).ok()?.number
}

fn shown_words(board: &Board) -> String {
    let created = moment::stamp(&board.created_at);
    let kind = if board.is_chat { "chat" } else { "board" };
    let messages = match board.last_number {
        0 => "nothing was written there".to_owned(),
        1 => "1 message was written there".to_owned(),
        count => format!("{count} messages were written there"),
    };
    let mut text = format!(
        "{kind} {} ({}), created {created}; {messages}\n",
        board.name, board.id
    );
    if !board.tags.is_empty() {
        text.push_str(&format!("tags {}\n", board.tags.join(", ")));
    }
    if !board.description.is_empty() {
        text.push_str(&words::indented(&board.description));
    }
    text
}

fn list_words(boards: &[Board], none: &str) -> String {
    if boards.is_empty() {
        return format!("{none} Create one: portunus boards create NAME\n");
    }
    let headings = ["NAME", "TAGS", "MESSAGES", "WHAT FOR", "ID", "CREATED"];
    let mut table = Table::new(&headings)
        .wrapping("TAGS")
        .wrapping("WHAT FOR")
        .giving_way(&["CREATED", "ID", "TAGS"]);
    for board in boards {
        let what_for = board.description.lines().next().unwrap_or_default();
        table.plain_row([
            board.name.as_str(),
            &board.tags.join(" "),
            &board.last_number.to_string(),
            what_for,
            &board.id,
            &moment::stamp(&board.created_at),
        ]);
    }
    table.render()
}
