//! Who the broker is at the plane: the client library keeps the access token fresh, and the agent's token is followed where
//! it lies, so that a rotation reaches a broker that runs. Nothing is asked in the agent's name before a plane has said that the token
//! is this agent's.

use portunus_api::tokens::PrincipalKind;
use portunus_client::{Bearer, BuildError, Client, Endpoint, Error, Lost, Meaning, Refusal};
use portunus_core::name::Slug;
use portunus_core::secret::Secret;
use std::convert::Infallible;
use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, SetOnce};
use tokio::time::{sleep, timeout};

/// How often the place of the token is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How long a token that is refused is waited for to be replaced: a rotation without overlap takes a moment to arrive.
const REPLACED_WITHIN: Duration = Duration::from_secs(10);
const LOOK_SOON: Duration = Duration::from_millis(250);
/// How long it may take to hear whose a token is.
const INTRODUCTION: Duration = Duration::from_secs(5);
/// The pause between two tries to hear so.
const ASK_AGAIN: Duration = Duration::from_secs(1);
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
    /// It proves somebody else.
    #[error("it is {0}'s")]
    Of(Somebody),
    /// The plane accepts it and says no more.
    #[error("the plane does not say whose it is: {0}")]
    Untold(Error),
    /// Nobody but strangers could be asked.
    #[error("nobody who is believed says whose it is: a plane {0}")]
    Stranger(Lost),
    /// Nobody could be asked.
    #[error("no plane says whose it is: {0}")]
    Unknown(String),
}

/// Whose a token is that is not this agent's, by name.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Somebody {
    #[error("the operator {0}")]
    Operator(String),
    #[error("{0}")]
    Agent(String),
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
    /// Set once a plane has answered for the token.
    introduced: SetOnce<()>,
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
            introduced: SetOnce::new(),
        })
    }

    /// As after an introduction.
    #[cfg(test)]
    pub(crate) fn known(self) -> Self {
        self.introduced.set(()).unwrap();
        self
    }

    /// The library, for what it does by itself.
    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// Asks whether the token is this agent's. One that may not ask that is believed.
    pub(crate) async fn introduce(&self) -> Result<(), NotThisAgent> {
        let told = self.is_mine(&self.client).await;
        if matches!(told, Ok(()) | Err(NotThisAgent::Untold(_))) {
            // Whoever was first has said the same.
            let _ = self.introduced.set(());
        }
        told
    }

    /// Until the token is known to be this agent's.
    pub(crate) async fn introduced(&self) {
        self.introduced.wait().await;
    }

    /// Asks whose token it is until that is known, and ends only if it is somebody else's.
    pub(crate) async fn find_out(&self) -> Somebody {
        while self.introduced.get().is_none() {
            let number = self.number.load(Ordering::SeqCst);
            match self.introduce().await {
                Err(NotThisAgent::Of(somebody)) => {
                    // The mistake may have been mended while no plane was there.
                    if self.look().await == number {
                        return somebody;
                    }
                }
                Err(error) => tracing::debug!(%error, "whose token it is is asked again"),
                Ok(()) => {}
            }
            sleep(ASK_AGAIN).await;
        }
        pending().await
    }

    /// A credential that is good now, and this agent's. While the token that lies there is refused, another one is waited for a
    /// little.
    pub(crate) async fn bearer(&self) -> Result<Bearer, Error> {
        // Read before it is asked with, since the next one may be found while the plane refuses this one.
        let number = self.number.load(Ordering::SeqCst);
        match self.proven().await {
            Err(Error::Rejected(refusal)) => {
                if self.is_replaced_since(number).await {
                    return self.proven().await;
                }
                Err(Error::Rejected(refusal))
            }
            outcome => outcome,
        }
    }

    async fn proven(&self) -> Result<Bearer, Error> {
        let bearer = self.client.bearer().await?;
        if self.introduced.get().is_some() {
            return Ok(bearer);
        }
        self.introduced().await;
        // Another token may have come meanwhile.
        self.client.bearer().await
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
            Err(NotThisAgent::Unknown(_) | NotThisAgent::Stranger(_) | NotThisAgent::Untold(_)) => {
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
        self.client.replace_token(token.expose())?;
        let _ = self.introduced.set(());
        Ok(())
    }

    async fn is_mine(&self, client: &Client) -> Result<(), NotThisAgent> {
        let asked = timeout(INTRODUCTION, client.whoami()).await;
        match asked {
            Ok(Ok(me)) if me.kind == PrincipalKind::Agent && me.name == self.agent.as_str() => {
                Ok(())
            }
            Ok(Ok(me)) if me.kind == PrincipalKind::Operator => {
                Err(NotThisAgent::Of(Somebody::Operator(me.name)))
            }
            Ok(Ok(me)) => Err(NotThisAgent::Of(Somebody::Agent(me.name))),
            Ok(Err(error @ Error::Rejected(_))) => Err(NotThisAgent::Rejected(error)),
            Ok(Err(Error::Unanswered { lost, .. })) if lost.is_stranger() => {
                Err(NotThisAgent::Stranger(lost))
            }
            Ok(Err(error @ Error::Refused(_)))
                if error.refusal().map(Refusal::meaning) == Some(Meaning::Forbidden) =>
            {
                Err(NotThisAgent::Untold(error))
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
