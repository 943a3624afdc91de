//! Boards: created, changed and deleted by whoever may, with a record of it.

use crate::audit::{Detailed, caused};
use crate::entropy;
use crate::failure::Failure;
use crate::listing::ListError;
use crate::messages::MessageEvent;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::ids::BoardId;
use portunus_core::message::{Board, Tags};
use portunus_core::name::Slug;
use portunus_store::{Listing, Page, StoreError, Undoing};
use std::sync::Arc;

/// Most characters of a description.
pub const MAX_DESCRIPTION: usize = 1_000;

/// Why there is no new board.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateBoardError {
    /// Another board has the name.
    #[error("a board with this name exists")]
    NameTaken,
    /// The description is too long.
    #[error("the field description has more than {MAX_DESCRIPTION} characters")]
    LongDescription,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Why a board is not shown, changed or deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BoardError {
    /// No board has this name or id.
    #[error("no board has this name or id")]
    NotFound,
    /// The description is too long.
    #[error("the field description has more than {MAX_DESCRIPTION} characters")]
    LongDescription,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<StoreError> for BoardError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            other => Self::Failure(other.into()),
        }
    }
}

/// Creates a board.
pub async fn create(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Board>>,
    name: Slug,
    description: String,
    tags: Tags,
) -> Result<Board, CreateBoardError> {
    let asked = asked.into();
    if description.chars().count() > MAX_DESCRIPTION {
        return Err(CreateBoardError::LongDescription);
    }
    plane
        .to_the_end(|plane| async move {
            let now = plane.clock.now();
            let board = Board {
                id: BoardId::from_bytes(entropy::draw().map_err(Failure::from)?),
                name,
                description,
                tags,
                last_number: 0,
                created_at: now,
            };
            let event = caused(asked.by(), now, "board.created", board.id)
                .with("name", &board.name)
                .with("tags", &board.tags);
            let event = asked.sign(event, &board)?;
            match plane.store.create_board(&board, &event).await {
                Err(StoreError::NameTaken) => Err(CreateBoardError::NameTaken),
                other => {
                    other.map_err(Failure::from)?;
                    tell_changed(&plane, &board);
                    Ok(board)
                }
            }
        })
        .await
}

/// One page of the boards that have all of the tags, by name.
pub async fn list(plane: &Plane, tags: &Tags, page: Page) -> Result<Listing<Board>, ListError> {
    Ok(plane.store.boards(tags, page).await?)
}

/// The board that `reference`, a name or an id, means.
pub async fn show(plane: &Plane, reference: &str) -> Result<Board, BoardError> {
    // An id has an underscore, which no name has.
    if let Ok(id) = reference.parse::<BoardId>() {
        return Ok(plane.store.board(id).await?);
    }
    let name: Slug = reference.parse().map_err(|_| BoardError::NotFound)?;
    Ok(plane.store.board_by_name(&name).await?)
}

/// What is to be changed of a board; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct BoardChange {
    /// What it is for.
    pub description: Option<String>,
    /// All of its tags.
    pub tags: Option<Tags>,
}

/// Changes the board that `reference` means. A chat that is none any more keeps what it delivered.
pub async fn update(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Board>>,
    reference: String,
    change: BoardChange,
) -> Result<Board, BoardError> {
    let asked = asked.into();
    let too_long = |text: &String| text.chars().count() > MAX_DESCRIPTION;
    if change.description.as_ref().is_some_and(too_long) {
        return Err(BoardError::LongDescription);
    }
    plane
        .to_the_end(|plane| async move {
            let _changes = plane.changes.lock().await;
            let mut board = show(&plane, &reference).await?;
            board.description = change.description.unwrap_or(board.description);
            board.tags = change.tags.unwrap_or(board.tags);
            let event = caused(asked.by(), plane.clock.now(), "board.changed", board.id)
                .with("name", &board.name)
                .with("tags", &board.tags);
            let event = asked.sign(event, &board)?;
            plane.store.update_board(&board, &event).await?;
            tell_changed(&plane, &board);
            Ok(board)
        })
        .await
}

/// Deletes the board that `reference` means. What nobody read of it fails, and is told so to its senders.
pub async fn delete(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Board>>,
    reference: String,
) -> Result<Board, BoardError> {
    let asked = asked.into();
    plane
        .to_the_end(|plane| async move {
            let board = show(&plane, &reference).await?;
            let now = plane.clock.now();
            let event = caused(asked.by(), now, "board.deleted", board.id)
                .with("name", &board.name)
                .with("messages", board.last_number);
            let event = asked.sign(event, &board)?;
            plane.store.delete_board(board.id, now, &event).await?;
            plane.messages().tell(MessageEvent::BoardGone(board.id));
            let gone = Undoing::Board(board.id);
            plane.messages().tell_undone(&*plane.store, gone).await;
            Ok(board)
        })
        .await
}

fn tell_changed(plane: &Plane, board: &Board) {
    let changed = MessageEvent::BoardChanged(Arc::new(board.clone()));
    plane.messages().tell(changed);
}
