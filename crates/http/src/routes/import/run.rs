//! Imports agents and keys of another system, all or nothing.

use super::line;
use crate::error::Refusal;
use crate::extract::expiry::{Wanted, expiry};
use crate::extract::{Asking, JsonBody};
use crate::guard::hold;
use crate::once::answer;
use crate::router::KnownScopes;
use crate::routes::{agents, keys};
use axum::extract::{Extension, State};
use axum::response::Response;
use http::StatusCode;
use portunus_api::ErrorCode;
use portunus_api::import::{self as api, Import, MAX_LINES};
use portunus_app::imported::{self, ImportLine, ImportReport, LineOutcome, Mode};
use portunus_app::{Plane, Session};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "import",
    verb: "run",
};

/// Conflicts that a refusal names.
const NAMED: usize = 5;

/// Import agents and keys
///
/// Agents come with hashes of the tokens that they have, which keep working. Lines that were imported before stay as they
/// are, so that an import may be repeated. When one line cannot be imported, none is. Whoever imports agents also needs
/// `agents.create`, and for keys `keys.add`.
#[utoipa::path(
    post,
    path = "/api/v1/import",
    operation_id = "import",
    tag = "import",
    request_body = Import,
    responses((status = 200, description = "What became of each line", body = api::ImportReport))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Extension(known): Extension<KnownScopes>,
    JsonBody(body): JsonBody<Import>,
) -> Result<Response, Refusal> {
    if body.lines.is_empty() || body.lines.len() > MAX_LINES {
        let detail = format!("the field lines must have 1 to {MAX_LINES} items");
        return Err(Refusal::new(ErrorCode::InvalidBody, detail));
    }
    let mode = match body.dry_run {
        Some(true) => Mode::DryRun,
        Some(false) | None => Mode::Apply,
    };
    let lines = match mode {
        Mode::DryRun => body
            .lines
            .into_iter()
            .map(|line| line::look(line, &known))
            .collect(),
        Mode::Apply => all_read(body.lines, &known)?,
    };
    permit(&plane, &asking.session, &lines)?;
    let import = async |asked| {
        let report = imported::import(&plane, asked, lines, mode).await?;
        match (mode, refused(&report)) {
            (Mode::Apply, Some(refusal)) => Err(refusal),
            _ => Ok(report),
        }
    };
    let told = |report: &ImportReport| answer(StatusCode::OK, &wire(report));
    asking.answered(told, import).await
}

/// The lines, or the refusal of all that names the first of those that cannot be read.
fn all_read(lines: Vec<api::ImportLine>, known: &KnownScopes) -> Result<Vec<ImportLine>, Refusal> {
    let (mut read, mut misfits) = (Vec::with_capacity(lines.len()), Vec::new());
    for (at, line) in lines.into_iter().enumerate() {
        match line::read(&format!("lines[{at}]."), line, known) {
            Ok(line) => read.push(line),
            Err(refusal) => misfits.push(refusal),
        }
    }
    let named: Vec<&str> = misfits.iter().take(NAMED).map(Refusal::detail).collect();
    let mut detail = named.join("; ");
    match misfits.as_slice() {
        [] => return Ok(read),
        [only] => return Err(only.clone()),
        many => {
            if let Some(more) = many.len().checked_sub(NAMED).filter(|more| *more > 0) {
                detail.push_str(&format!("; and {more} more"));
            }
        }
    }
    let refusal = Refusal::new(ErrorCode::InvalidBody, detail);
    Err(refusal.fix("mend them; with `dry_run` every line is told, and why it cannot be"))
}

/// Whether the session may add what the lines add.
fn permit(plane: &Plane, session: &Session, lines: &[ImportLine]) -> Result<(), Refusal> {
    let need = |scope| match session.grants().allow(scope) {
        true => Ok(()),
        false => Err(Refusal::not_permitted(session.principal, scope)),
    };
    for line in lines {
        match line {
            ImportLine::Agent(agent) => {
                need(agents::create::SCOPE)?;
                hold(session, &agent.scopes)?;
                // Their tokens last.
                let lasts = Wanted {
                    at: None,
                    in_ms: None,
                };
                expiry(plane, session, lasts)?;
            }
            ImportLine::Key(_) => need(keys::add::SCOPE)?,
            ImportLine::Misfit(_) => {}
        }
    }
    Ok(())
}

/// The refusal of an import with conflicts, which names the first of them.
fn refused(report: &ImportReport) -> Option<Refusal> {
    let numbered = report.lines.iter().enumerate();
    let conflicts: Vec<String> = numbered
        .filter_map(|(at, line)| match &line.outcome {
            LineOutcome::Conflict { why, .. } => {
                Some(format!("line {} ({}): {why}", at + 1, line.name))
            }
            LineOutcome::Created | LineOutcome::Unchanged => None,
        })
        .collect();
    if conflicts.is_empty() {
        return None;
    }
    let named: Vec<&str> = conflicts.iter().take(NAMED).map(String::as_str).collect();
    let detail = format!(
        "nothing was imported, because {} of {} lines cannot be: {}",
        conflicts.len(),
        report.lines.len(),
        named.join("; ")
    );
    Some(Refusal::new(ErrorCode::ImportConflict, detail))
}

fn wire(report: &ImportReport) -> api::ImportReport {
    let numbered = report.lines.iter().enumerate();
    let lines = numbered.map(|(at, line)| {
        let (outcome, why, fix) = match &line.outcome {
            LineOutcome::Created => (api::LineOutcome::Created, None, None),
            LineOutcome::Unchanged => (api::LineOutcome::Unchanged, None, None),
            LineOutcome::Conflict { why, fix } => {
                let (why, fix) = (why.clone(), fix.clone());
                (api::LineOutcome::Conflict, Some(why), Some(fix))
            }
        };
        api::LineReport {
            number: at + 1,
            name: line.name.clone(),
            outcome,
            why,
            fix,
        }
    });
    let lines: Vec<_> = lines.collect();
    let count = |which| lines.iter().filter(|line| line.outcome == which).count();
    api::ImportReport {
        applied: report.applied,
        created: count(api::LineOutcome::Created),
        unchanged: count(api::LineOutcome::Unchanged),
        conflicts: count(api::LineOutcome::Conflict),
        lines,
    }
}
