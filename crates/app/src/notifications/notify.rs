//! Tells operators something, in the name of the agent whose credential asks.

use super::NotificationEvent;
use crate::credential::session::Session;
use crate::entropy;
use crate::failure::Failure;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::admission::Limited;
use portunus_core::agent::Principal;
use portunus_core::ids::NotificationId;
use portunus_core::notification::{
    Body, BodyError, Draft, Link, LinkError, Notification, Priority, Source, Title, TitleError,
};
use portunus_core::once::Done;
use std::sync::Arc;

/// What an agent wants to say.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What it is about.
    pub title: String,
    /// What else there is to say.
    pub body: Option<String>,
    /// How soon somebody should look.
    pub priority: Priority,
    /// Where there is more to see.
    pub link: Option<String>,
}

/// Why nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// Operators are who is notified.
    #[error("only agents notify; operators are who is notified")]
    NotAnAgent,
    /// The title cannot be taken.
    #[error("the field title {0}")]
    Title(#[from] TitleError),
    /// The body cannot be taken.
    #[error("the field body {0}")]
    Body(#[from] BodyError),
    /// The link cannot be taken.
    #[error("the field link {0}")]
    Link(#[from] LinkError),
    /// The agent has sent too many.
    #[error(
        "this agent has sent as many notifications as it may for now: {burst} at once, then {per_hour} an hour"
    )]
    TooMany {
        /// How many it may send at once.
        burst: u32,
        /// And in an hour.
        per_hour: u32,
        /// When the next one is let in, in milliseconds.
        retry_after_ms: u64,
    },
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Sends it. Who notifies is whoever the session proves (P6). Nobody who reads is waited for.
pub async fn notify(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Arc<Notification>, Session>>,
    wish: Wish,
) -> Result<Arc<Notification>, NotifyError> {
    let asked = asked.into();
    let source = source(asked.session())?;
    let title = Title::try_from(wish.title.as_str())?;
    let body = wish.body.as_deref().map(Body::try_from).transpose()?;
    let link = wish.link.as_deref().map(Link::try_from).transpose()?;
    let now = plane.clock.now();
    // Last, so that what is refused for another reason costs the agent nothing.
    let terms = plane.notifications().terms();
    let admitted = plane
        .notifications()
        .admit(source.agent, plane.clock.tick());
    admitted.map_err(|Limited { retry_after_ms }| NotifyError::TooMany {
        burst: terms.burst.get(),
        per_hour: terms.per_hour.get(),
        retry_after_ms,
    })?;
    let draft = Draft {
        id: NotificationId::from_bytes(entropy::draw().map_err(Failure::from)?),
        source,
        title,
        body,
        priority: wish.priority,
        link,
        at: now,
    };
    plane
        .to_the_end(|plane| async move {
            let receipt = move |sent: &Notification| {
                let done = Done {
                    action: "notification.sent".to_owned(),
                    subject: sent.id.to_string(),
                };
                asked.receipt(now, done, &Arc::new(sent.clone()))
            };
            let sent = plane.store.notify(&draft, &receipt).await;
            let sent = Arc::new(sent.map_err(Failure::from)?);
            let event = NotificationEvent::Sent(Arc::clone(&sent));
            plane.notifications().tell(event);
            Ok(sent)
        })
        .await
}

/// The agent itself, by the name that it has now.
fn source(session: &Session) -> Result<Source, NotifyError> {
    let Principal::Agent(agent) = session.principal else {
        return Err(NotifyError::NotAnAgent);
    };
    let name = session.name().parse();
    let name = name.map_err(|_| Failure::Defect("an agent's name is none".to_owned()))?;
    Ok(Source { agent, name })
}
