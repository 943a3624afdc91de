//! Who the broker is at the plane: the client library keeps the access token fresh, and the agent's token is followed where
//! it lies, so that a rotation reaches a broker that runs.

use parking_lot::Mutex;
use portunus_client::{Bearer, Client, Error};
use portunus_core::secret::Secret;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How often the place of the token is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How long a token that is refused is waited for to be replaced: a rotation without overlap takes a moment to arrive.
const REPLACED_WITHIN: Duration = Duration::from_secs(10);
const LOOK_SOON: Duration = Duration::from_millis(250);

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

/// See the module.
#[derive(Debug)]
pub(crate) struct Identity {
    client: Client,
    source: TokenSource,
    latest: Mutex<Latest>,
}

/// What was read last.
#[derive(Debug)]
struct Latest {
    token: Secret,
    /// Which one it is; whoever waits for another one waits for another number.
    number: u64,
}

impl Identity {
    /// `token` is what `client` was made with.
    pub(crate) const fn new(client: Client, source: TokenSource, token: Secret) -> Self {
        Self {
            client,
            source,
            latest: Mutex::new(Latest { token, number: 0 }),
        }
    }

    /// The library, for what it does by itself.
    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// A credential that is good now. While the token that lies there is refused, another one is waited for a little.
    pub(crate) async fn bearer(&self) -> Result<Bearer, Error> {
        let before = self.latest.lock().number;
        match self.client.bearer().await {
            Err(Error::Rejected(refusal)) => {
                if self.replaced_since(before).await {
                    return self.client.bearer().await;
                }
                Err(Error::Rejected(refusal))
            }
            outcome => outcome,
        }
    }

    /// The plane did not accept this one; the next one is another one, if there is another.
    pub(crate) fn refused(&self, bearer: &Bearer) {
        if let Bearer::Access(access) = bearer {
            self.client.access_refused(access);
        }
    }

    /// Follows the token for as long as it is polled.
    pub(crate) async fn follow(&self) -> Infallible {
        loop {
            sleep(LOOK).await;
            self.look();
        }
    }

    async fn replaced_since(&self, number: u64) -> bool {
        if matches!(self.source, TokenSource::Given(_)) {
            return false;
        }
        let another = async {
            loop {
                self.look();
                if self.latest.lock().number != number {
                    return;
                }
                sleep(LOOK_SOON).await;
            }
        };
        timeout(REPLACED_WITHIN, another).await.is_ok()
    }

    /// Takes another token over if there is one. One that is being replaced may be gone for a moment, in which the one before
    /// goes on.
    fn look(&self) {
        let Ok(token) = self.source.read() else {
            return;
        };
        let mut latest = self.latest.lock();
        if latest.token.expose() == token.expose() {
            return;
        }
        match self.client.replace_token(token.expose()) {
            Ok(()) => {
                latest.number += 1;
                tracing::info!("another token was put in place; it counts from now on");
            }
            Err(error) => tracing::warn!(%error, "what was put in the place of the token is none"),
        }
        latest.token = token;
    }
}
