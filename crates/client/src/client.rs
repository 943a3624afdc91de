//! The client: one agent's connection to its plane.

use crate::bearer::{AccessToken, Bearer};
use crate::builder::{Builder, checked};
use crate::chance;
use crate::clock::SharedClock;
use crate::dial::Line;
use crate::endpoint::{Endpoint, Scheme};
use crate::error::{BuildError, Error, Lost};
use crate::keeper::Keeper;
use crate::planes::{Planes, Tried};
use crate::pulse::Pulse;
use crate::refusal::Meaning;
use crate::transport::{Ask, Reply};
use http::Method;
use portunus_api::BASE_PATH;
use portunus_api::whoami::WhoAmI;
use portunus_core::secret::Secret;
use portunus_core::time::Tick;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// One agent's connection to its plane. Cheap to clone; clones share the access token and the connections.
///
/// It holds the agent's token and exchanges it for access tokens, which are all that it sends besides. Nothing is sent
/// before the first call.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use portunus_client::Client;
///
/// let client = Client::builder()
///     .planes(["https://plane-a.example", "https://plane-b.example"])
///     .token(std::env::var("PORTUNUS_TOKEN")?)
///     .build()?;
/// println!("I am {}", client.whoami().await?.name);
/// let access = client.access_token().await?;
/// assert!(access.lasts_for().as_secs() > 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) planes: Arc<Planes>,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) clock: SharedClock,
    pub(crate) timeout: Duration,
    pub(crate) patience: Duration,
    pub(crate) pulse: watch::Sender<Pulse>,
}

/// Whether a request changes something, and so goes under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    None,
    Once,
}

impl Client {
    /// Gathers what a client needs.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The current access token, for requests of your own: to the model door, and to services that verify it by the plane's
    /// keys. It lasts for at least five seconds (a tenth of its life where that is shorter), so ask again for each request.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] when the token is not accepted; otherwise the plane could not give one.
    pub async fn access_token(&self) -> Result<AccessToken, Error> {
        self.shared.keeper.access().await
    }

    /// The current access token, or the token itself while the plane can give no access tokens, because its database does
    /// not answer. For requests to the plane alone: nobody else should see the token.
    ///
    /// # Errors
    ///
    /// As [`Client::access_token`].
    pub async fn bearer(&self) -> Result<Bearer, Error> {
        self.shared.keeper.bearer().await
    }

    /// Says that the plane answered 401 to this access token, in a request of your own. The next one is another one.
    pub fn access_refused(&self, access: &AccessToken) {
        self.bearer_refused(&Bearer::Access(access.clone()));
    }

    /// The same of what [`Client::bearer`] gave. The token itself is not given again before the plane was asked for an access
    /// token, which shows whether it is good.
    pub fn bearer_refused(&self, bearer: &Bearer) {
        self.shared.keeper.refused(bearer);
    }

    /// Goes on with another token of the same agent, such as the successor after a rotation.
    ///
    /// # Errors
    ///
    /// [`BuildError::NoToken`] and [`BuildError::Token`]; the token before stays then.
    pub fn replace_token(&self, token: impl Into<String>) -> Result<(), BuildError> {
        self.shared
            .keeper
            .replace(checked(&Secret::new(token.into()))?);
        Ok(())
    }

    /// The addresses of the plane, in the order in which they were given.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.shared.planes.endpoints()
    }

    /// Which addresses failed last, and how; those that answer are not among them.
    #[must_use]
    pub fn troubles(&self) -> Vec<(String, Lost)> {
        self.shared.planes.troubles().now()
    }

    /// Until [`Client::troubles`] has something else to say. For one listener; it may hear of a change that is over.
    pub async fn troubles_changed(&self) {
        self.shared.planes.troubles().changed().await;
    }

    /// Connects once to every address under TLS, so that one that cannot be believed is among the troubles before it is needed.
    pub async fn knock(&self) {
        let lines = self.shared.planes.lines();
        let lines = lines.filter(|line| line.endpoint().scheme() == Scheme::Https);
        futures_util::future::join_all(lines.map(Line::connect)).await;
    }

    /// Who the token proves.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub async fn whoami(&self) -> Result<WhoAmI, Error> {
        self.read("/whoami").await
    }

    /// `GET path` below `/api/v1`, for what this library has no method for.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        let ask = self.ask(Method::GET, path, None, Effect::None)?;
        understood(&self.call(&ask).await?.reply)
    }

    /// `POST path` below `/api/v1`, which happens once however often it is sent.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub async fn change<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        let ask = self.ask(Method::POST, path, Some(written(body)?), Effect::Once)?;
        understood(&self.call(&ask).await?.reply)
    }

    pub(crate) fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        effect: Effect,
    ) -> Result<Ask, Error> {
        let key = match effect {
            Effect::None => None,
            Effect::Once => Some(chance::key()?),
        };
        Ok(Ask {
            method,
            path: format!("{BASE_PATH}{path}"),
            body: body.map(Into::into),
            key,
            timeout: self.shared.timeout,
            patience: self.shared.patience,
        })
    }

    /// Asks with the current bearer, which may be another one for each try: a request that waits for the plane to come back
    /// outlives access tokens. One that is refused is renewed, and the request sent once more.
    pub(crate) async fn call(&self, ask: &Ask) -> Result<Called, Error> {
        let (planes, keeper) = (&self.shared.planes, &self.shared.keeper);
        let mut asked = planes.begin(ask);
        let mut is_renewed = false;
        loop {
            let bearer = keeper.bearer().await;
            let bearer = bearer.map_err(|error| asked.before_sending(error))?;
            let sent_at = self.shared.clock.tick();
            let tried = planes.try_once(ask, Some(bearer.secret()), &mut asked);
            match (tried.await, &bearer) {
                (Ok(Tried::Answered(reply)), _) => {
                    return Ok(Called {
                        reply,
                        bearer,
                        sent_at,
                    });
                }
                (Ok(Tried::Again), _) => {}
                (Err(error), _) if is_renewable(&error) => {
                    keeper.refused(&bearer);
                    if is_renewed || matches!(bearer, Bearer::Token(_)) {
                        return Err(error);
                    }
                    is_renewed = true;
                }
                (Err(error), _) => return Err(error),
            }
        }
    }
}

/// An answer with success, and what it was asked with.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) reply: Reply,
    pub(crate) bearer: Bearer,
    /// When it was sent the last time.
    pub(crate) sent_at: Tick,
}

/// A credential that is refused may have ended only as an access token.
fn is_renewable(error: &Error) -> bool {
    error.refusal().is_some_and(|refusal| {
        refusal.status == 401 && matches!(refusal.meaning(), Meaning::Rejected | Meaning::Unknown)
    })
}

pub(crate) fn written(body: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(body).map_err(|error| Error::Unsendable(error.to_string()))
}

pub(crate) fn understood<T: DeserializeOwned>(reply: &Reply) -> Result<T, Error> {
    // The parser's own message may quote what it cannot read.
    serde_json::from_slice(&reply.body).map_err(|error| {
        Error::Unreadable(format!("line {}, column {}", error.line(), error.column()))
    })
}
