//! Gives a copy of the database, as one stream of bytes.

use crate::error::Refusal;
use crate::extract::Actor;
use crate::pieces::{Pieces, Sender};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, header};
use portunus_app::Plane;
use portunus_app::backup::backup;
use portunus_core::scope::Scope;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "backup",
    verb: "take",
};

/// How large each piece is, in bytes.
const PIECE: usize = 256 * 1024;

/// Back the plane up
///
/// A SQLite database as of one moment, with its length. The plane goes on meanwhile. It holds no secret in the clear;
/// pepper and master key are not in it and are to be kept apart from it.
#[utoipa::path(
    get,
    path = "/api/v1/backup",
    operation_id = "backup",
    tag = "node",
    responses((status = 200, description = "The database", body = Vec<u8>, content_type = "application/vnd.sqlite3"))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
) -> Result<Response, Refusal> {
    let file = backup(&plane, session.principal).await?;
    let length = file.metadata().map_err(|error| Refusal::internal(&error))?;
    let (sender, pieces) = Pieces::new(&session, Some(length.len()));
    tokio::task::spawn_blocking(move || read(file, &sender));
    let mut response = Response::new(Body::new(pieces));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/vnd.sqlite3"),
    );
    Ok(response)
}

/// Reads the file to its end, or until nobody listens.
fn read(mut file: File, sender: &Sender) {
    loop {
        let mut piece = vec![0; PIECE];
        let outcome = match file.read(&mut piece) {
            Ok(0) => return,
            Ok(length) => {
                piece.truncate(length);
                Ok(Bytes::from(piece))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let is_over = outcome.is_err();
        if sender.blocking_send(outcome).is_err() || is_over {
            return;
        }
    }
}
