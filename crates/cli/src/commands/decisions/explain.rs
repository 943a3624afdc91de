//! `portunus explain`: the story of one request.

use super::story::story;
use crate::args::decisions::ExplainArgs;
use crate::client::{Wanted, escape};
use crate::commands::plane::Plane;
use crate::failure::{Failure, Kind};
use crate::output::paint::Paint;
use crate::output::{self, Colour};
use portunus_api::decisions::Decision;

/// Tells it.
pub(in crate::commands) async fn run(args: ExplainArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    let Some(id) = &args.id else {
        return newest(&plane, args.last).await;
    };
    let prefixed = if id.starts_with("req_") {
        id.clone()
    } else {
        format!("req_{id}")
    };
    let answer = plane
        .get(&format!("/decisions/{}", escape(&prefixed)), &[])
        .await?;
    plane.show(&answer, |decision: Decision| words(&decision))
}

/// The newest decision, or the newest of a request that was not served.
async fn newest(plane: &Plane, any: bool) -> Result<(), Failure> {
    let query: &[_] = if any {
        &[]
    } else {
        &[("outcome", "failed".to_owned())]
    };
    let wanted = Wanted {
        limit: Some(1),
        cursor: None,
    };
    let mut list = plane.list("/decisions", query, &wanted).await?;
    let Some(newest) = list.items.pop() else {
        return Err(nothing(any));
    };
    if !plane.is_for_people() {
        return output::print_json(newest.get().as_bytes());
    }
    let decision = serde_json::from_str(newest.get()).map_err(anyhow::Error::new)?;
    output::print(&words(&decision))
}

fn nothing(any: bool) -> Failure {
    if any {
        Failure::new(Kind::NotFound, "no request is on record")
            .fix("send one to the model door; decisions.keep_days and decisions.keep_mib say how many are kept")
    } else {
        Failure::new(Kind::NotFound, "every request on record was served")
            .fix("name one by its x-request-id, or tell the newest with --last")
    }
}

fn words(decision: &Decision) -> String {
    story(decision, Paint(Colour::of(&std::io::stdout())))
}
