//! Names in paths and bodies that name nothing: the refusal says which name was probably meant, to whoever may list such names.

use super::Refusal;
use axum::response::Response;
use portunus_app::nobody::{Kind, Nobody};
use portunus_app::{Plane, Session};

/// What was looked for in vain.
#[derive(Clone, Debug)]
pub(super) struct Missing {
    kind: Kind,
    /// By which name, if that may be repeated.
    pub(super) asked: Option<String>,
}

impl Refusal {
    /// With what was looked for.
    pub(super) fn missing(mut self, kind: Kind) -> Self {
        self.missing = Some(Box::new(Missing { kind, asked: None }));
        self
    }

    /// Tells the name that was probably meant.
    async fn suggest(&mut self, plane: &Plane, session: &Session) {
        let Some(missing) = self.missing.take() else {
            return;
        };
        let Some(asked) = missing.asked else { return };
        let nobody = Nobody::of(missing.kind, plane, session, &asked).await;
        if let Some(meant) = nobody.meant {
            self.fix = format!("did you mean \"{meant}\"? If not, {}", self.fix);
        }
    }
}

/// Lets the refusal that `response` carries, if it does, tell what was probably meant.
pub(crate) async fn suggest(plane: &Plane, session: &Session, response: &mut Response) {
    if let Some(refusal) = response.extensions_mut().get_mut::<Refusal>() {
        refusal.suggest(plane, session).await;
    }
}
