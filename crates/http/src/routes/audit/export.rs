//! Gives the audit log away with all that proves it, one JSON object a line.

use crate::error::Refusal;
use crate::extract::{Actor, Params, moment};
use crate::pieces::{Pieces, Sender};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, header};
use portunus_api::audit::{ExportLine, ExportQuery, ExportedEntry, ExportedLog};
use portunus_app::audit::Export;
use portunus_app::failure::Failure;
use portunus_app::{Plane, audit};
use portunus_core::audit::{LoggedRecord, canonical};
use portunus_core::scope::Scope;
use serde_json::value::RawValue;
use std::io;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "audit",
    verb: "export",
};

/// Export the audit log
///
/// JSON Lines: what the log is and the key that signs it, every checkpoint, every record in its canonical form with the hash
/// that was stored with it, and an end. `portunus audit verify` judges it without the plane.
#[utoipa::path(
    get,
    path = "/api/v1/audit/export",
    operation_id = "export_audit",
    tag = "audit",
    params(ExportQuery),
    responses((status = 200, description = "The log, oldest first", body = String, content_type = "application/jsonl"))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Params(query): Params<ExportQuery>,
) -> Result<Response, Refusal> {
    let since = moment("since", query.since)?;
    let export = audit::export(&plane, since).await?;
    let (sender, pieces) = Pieces::new(&session, None);
    tokio::spawn(send(export, sender));
    let mut response = Response::new(Body::new(pieces));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/jsonl"),
    );
    Ok(response)
}

/// Sends everything, or breaks off where the store did.
async fn send(mut export: Export, sender: Sender) {
    if let Err(error) = send_all(&mut export, &sender).await {
        tracing::warn!(%error, "an export of the audit log broke off");
        // Nobody may listen any more.
        let _ = sender.send(Err(error)).await;
    }
}

async fn send_all(export: &mut Export, sender: &Sender) -> io::Result<()> {
    let log = ExportLine::Log(ExportedLog {
        format: 1,
        key: export.key.to_string(),
        size: export.size,
        omitted: export.begins.size(),
        peaks: export
            .begins
            .peaks()
            .iter()
            .map(ToString::to_string)
            .collect(),
    });
    put(sender, [log]).await?;
    loop {
        let page = export.checkpoints().await.map_err(broken)?;
        if page.is_empty() {
            break;
        }
        let lines = page
            .into_iter()
            .map(|signed| ExportLine::Checkpoint(signed.note));
        put(sender, lines).await?;
    }
    loop {
        let page = export.records().await.map_err(broken)?;
        if page.is_empty() {
            break;
        }
        let lines = page.iter().map(entry).collect::<io::Result<Vec<_>>>()?;
        put(sender, lines).await?;
    }
    put(sender, [ExportLine::End(export.size)]).await
}

fn entry(logged: &LoggedRecord) -> io::Result<ExportLine> {
    Ok(ExportLine::Entry(ExportedEntry {
        leaf: logged.leaf.to_string(),
        record: RawValue::from_string(canonical::canonical(&logged.record))?,
    }))
}

fn broken(failure: Failure) -> io::Error {
    io::Error::other(failure)
}

async fn put(sender: &Sender, lines: impl IntoIterator<Item = ExportLine>) -> io::Result<()> {
    let mut piece = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut piece, &line)?;
        piece.push(b'\n');
    }
    let sent = sender.send(Ok(Bytes::from(piece))).await;
    sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
}
