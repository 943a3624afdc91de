//! Who the broker is at the plane: the client library keeps the access token fresh, and the agent's token is followed where
//! it lies, so that a rotation reaches a broker that runs.

use portunus_api::tokens::PrincipalKind;
use portunus_client::{Bearer, BuildError, Client, Endpoint, Error, Lost};
use portunus_core::name::Slug;
use portunus_core::secret::Secret;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

/// How often the place of the token is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How long a token that is refused is waited for to be replaced: a rotation without overlap takes a moment to arrive.
const REPLACED_WITHIN: Duration = Duration::from_secs(10);
const LOOK_SOON: Duration = Duration::from_millis(250);
/// How long it may take to hear whose a token is.
const INTRODUCTION: Duration = Duration::from_secs(5);
/// How long the library tries by itself; the broker tries on for as long as a request may wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads the token anew, or says why that cannot be.
pub type ReadToken = Arc<dyn Fn() -> Result<Secret, String> + Send + Sync>;

/// Where the agent's token is.
#[derive(Clone)]
pub enum TokenSource {
    /// It was given once.
    Given(Secret),
    /// Where it may be replaced.
    Followed(ReadToken),
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Given(_) => "Given(..)",
            Self::Followed(_) => "Followed(..)",
        })
    }
}

impl TokenSource {
    /// The token as it is now.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, without any of it.
    pub fn read(&self) -> Result<Secret, String> {
        match self {
            Self::Given(token) => Ok(token.clone()),
            Self::Followed(read) => read(),
        }
    }
}

/// Why a token does not make this agent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotThisAgent {
    /// It is no token, or an address is none.
    #[error(transparent)]
    Unusable(#[from] BuildError),
    /// The plane refuses it.
    #[error("the plane does not accept it: {0}")]
    Rejected(Error),
    /// It proves an operator.
    #[error("it is the operator {0}'s")]
    Operators(String),
    /// It proves another agent.
    #[error("it is {0}'s")]
    SomebodyElse(String),
    /// Nobody but strangers could be asked.
    #[error("nobody who is believed says whose it is: a plane {0}")]
    Stranger(Lost),
    /// Nobody could be asked.
    #[error("no plane says whose it is: {0}")]
    Unknown(String),
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Identity {
    agent: Slug,
    client: Client,
    source: TokenSource,
    /// What was read last.
    latest: Mutex<Secret>,
    /// How often another one was taken over; whoever waits for another one waits for another number.
    number: AtomicU64,
}

impl Identity {
    /// Nothing is asked yet.
    pub(crate) fn new(
        agent: Slug,
        planes: &[Endpoint],
        source: TokenSource,
        token: Secret,
    ) -> Result<Self, BuildError> {
        Ok(Self {
            agent,
            client: client(planes.iter(), &token)?,
            source,
            latest: Mutex::new(token),
            number: AtomicU64::new(0),
        })
    }

    /// The library, for what it does by itself.
    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// Asks whether the token is this agent's.
    pub(crate) async fn introduce(&self) -> Result<(), NotThisAgent> {
        self.is_mine(&self.client).await
    }

    /// A credential that is good now. While the token that lies there is refused, another one is waited for a little.
    pub(crate) async fn bearer(&self) -> Result<Bearer, Error> {
        // Read before it is asked with, since the next one may be found while the plane refuses this one.
        let number = self.number.load(Ordering::SeqCst);
        match self.client.bearer().await {
            Err(Error::Rejected(refusal)) => {
                if self.is_replaced_since(number).await {
                    return self.client.bearer().await;
                }
                Err(Error::Rejected(refusal))
            }
            outcome => outcome,
        }
    }

    /// The plane did not accept this one; the next one is another one, if there is another.
    pub(crate) fn refused(&self, bearer: &Bearer) {
        self.client.bearer_refused(bearer);
    }

    /// Follows the token for as long as it is polled.
    pub(crate) async fn follow(&self) -> Infallible {
        loop {
            sleep(LOOK).await;
            self.look().await;
        }
    }

    async fn is_replaced_since(&self, before: u64) -> bool {
        if matches!(self.source, TokenSource::Given(_)) {
            return false;
        }
        let another = async {
            loop {
                if self.look().await != before {
                    return;
                }
                sleep(LOOK_SOON).await;
            }
        };
        timeout(REPLACED_WITHIN, another).await.is_ok()
    }

    /// Takes another token over if there is one, and says how often that happened. One that is being replaced may be gone for a
    /// moment, in which the one before goes on; so it does if the other one is not this agent's.
    async fn look(&self) -> u64 {
        let mut latest = self.latest.lock().await;
        let Ok(token) = self.source.read() else {
            return self.number.load(Ordering::SeqCst);
        };
        if latest.expose() == token.expose() {
            return self.number.load(Ordering::SeqCst);
        }
        match self.take_over(&token).await {
            Ok(()) => {
                self.number.fetch_add(1, Ordering::SeqCst);
                tracing::info!("another token was put in place; it counts from now on");
            }
            // It is looked at again.
            Err(NotThisAgent::Unknown(_) | NotThisAgent::Stranger(_)) => {
                return self.number.load(Ordering::SeqCst);
            }
            Err(error) => {
                tracing::warn!(%error, "the token that was put in place is left alone");
            }
        }
        *latest = token;
        self.number.load(Ordering::SeqCst)
    }

    async fn take_over(&self, token: &Secret) -> Result<(), NotThisAgent> {
        let with_it = client(self.client.endpoints(), token)?;
        self.is_mine(&with_it).await?;
        Ok(self.client.replace_token(token.expose())?)
    }

    async fn is_mine(&self, client: &Client) -> Result<(), NotThisAgent> {
        let asked = timeout(INTRODUCTION, client.whoami()).await;
        match asked {
            Ok(Ok(me)) if me.kind == PrincipalKind::Agent && me.name == self.agent.as_str() => {
                Ok(())
            }
            Ok(Ok(me)) if me.kind == PrincipalKind::Operator => {
                Err(NotThisAgent::Operators(me.name))
            }
            Ok(Ok(me)) => Err(NotThisAgent::SomebodyElse(me.name)),
            Ok(Err(error @ Error::Rejected(_))) => Err(NotThisAgent::Rejected(error)),
            Ok(Err(Error::Unanswered { lost, .. })) if lost.is_stranger() => {
                Err(NotThisAgent::Stranger(lost))
            }
            Ok(Err(error)) => Err(NotThisAgent::Unknown(error.to_string())),
            Err(_) => Err(NotThisAgent::Unknown("none answers".to_owned())),
        }
    }
}

fn client<'a>(
    planes: impl Iterator<Item = &'a Endpoint>,
    token: &Secret,
) -> Result<Client, BuildError> {
    let builder = Client::builder().token(token.expose()).patience(PATIENCE);
    planes
        .fold(builder, |builder, plane| builder.endpoint(plane.clone()))
        .build()
}
