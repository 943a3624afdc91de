//! What commands that follow something have in common: they ask on while the plane is away.

use super::plane::Plane;
use crate::client::Answer;
use crate::failure::{Failure, Kind};
use crate::output;
use std::time::Duration;

/// How long to wait for a plane that does not answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// The answer to `GET path?query`, however long the plane is away.
pub(super) async fn get(
    plane: &Plane,
    path: &str,
    query: &[(&str, String)],
) -> Result<Answer, Failure> {
    patiently(async || plane.get(path, query).await).await
}

/// What `ask` is answered, however long the plane is away. What no waiting mends is a failure.
pub(super) async fn patiently(
    ask: impl AsyncFn() -> Result<Answer, Failure>,
) -> Result<Answer, Failure> {
    let mut waited = false;
    loop {
        match ask().await {
            Ok(answer) => {
                if waited {
                    output::remark("The plane answers again.");
                }
                return Ok(answer);
            }
            Err(failure) if matches!(failure.kind(), Kind::General | Kind::Limited) => {
                if !waited {
                    output::remark(&format!(
                        "{}; trying again until it answers",
                        failure.detail()
                    ));
                }
                waited = true;
                tokio::time::sleep(PATIENCE).await;
            }
            Err(failure) => return Err(failure),
        }
    }
}
