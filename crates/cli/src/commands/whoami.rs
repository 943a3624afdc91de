//! `portunus whoami`.

use super::plane::Plane;
use crate::args::session::WhoamiArgs;
use crate::failure::Failure;
use portunus_api::tokens::PrincipalKind;
use portunus_api::whoami::WhoAmI;

/// Shows whom the token proves.
pub(super) async fn run(args: WhoamiArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    let answer = plane.get("/whoami", &[]).await?;
    plane.show(&answer, |me: WhoAmI| {
        let kind = match me.kind {
            PrincipalKind::Agent => "agent",
            PrincipalKind::Operator => "operator",
        };
        format!(
            "{kind} {} ({})\ntoken {}\nmay {}\n",
            me.name,
            me.id,
            me.kid,
            me.scopes.join(", ")
        )
    })
}
