//! What a client needs, gathered and looked at before anything is sent.

use crate::client::{Client, Shared};
use crate::clock::{SharedClock, SystemClock};
use crate::dial::{Dial, Line, Tcp};
use crate::endpoint::Endpoint;
use crate::error::BuildError;
use crate::keeper::Keeper;
use crate::planes::Planes;
use crate::pulse::Pulse;
use crate::transport::Node;
use crate::trouble::Troubles;
use portunus_core::access::jws::is_access_token;
use portunus_core::secret::Secret;
use portunus_core::time::Clock;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long one try of a request may take when nothing else was said.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How long all tries of a request may take together when nothing else was said.
const PATIENCE: Duration = Duration::from_secs(60);

/// Gathers what a [`Client`] needs: the plane's addresses and the agent's token, and whatever should be otherwise than
/// usual.
#[derive(Debug)]
pub struct Builder {
    /// Never the text of one that cannot be read: it may hold a password.
    endpoints: Vec<Result<Endpoint, BuildError>>,
    token: Secret,
    timeout: Duration,
    patience: Duration,
    dial: Arc<dyn Dial>,
    clock: SharedClock,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            endpoints: Vec::new(),
            token: Secret::new(String::new()),
            timeout: TIMEOUT,
            patience: PATIENCE,
            dial: Arc::new(Tcp),
            clock: SharedClock::new(SystemClock),
        }
    }
}

impl Builder {
    /// Adds addresses of the plane, such as `https://plane.example`. The first is asked first, and another one when it does
    /// not answer; whichever answered is asked from then on.
    #[must_use]
    pub fn planes<T: AsRef<str>>(mut self, addresses: impl IntoIterator<Item = T>) -> Self {
        let read = addresses.into_iter().map(|text| {
            let text = text.as_ref();
            text.parse().map_err(|why| BuildError::Address {
                text: match text.contains('@') {
                    true => String::new(),
                    false => text.to_owned(),
                },
                why,
            })
        });
        self.endpoints.extend(read);
        self
    }

    /// Adds one address, perhaps with a pinned certificate.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoints.push(Ok(endpoint));
        self
    }

    /// The agent's token, `ptna_...`. It is wiped when the last clone of the client is dropped.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Secret::new(token.into());
        self
    }

    /// How long one try of a request may take; 20 s when nothing else is said.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long all tries of a request may take together, pauses included; 60 s when nothing else is said. Zero gives each
    /// address one try.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Connects otherwise than over TCP.
    #[must_use]
    pub fn dial(mut self, dial: impl Dial) -> Self {
        self.dial = Arc::new(dial);
        self
    }

    /// Goes by another clock than the machine's; for tests. Pauses are those of tokio, which tests can pause.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = SharedClock::new(clock);
        self
    }

    /// The client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`BuildError`].
    pub fn build(self) -> Result<Client, BuildError> {
        let token = checked(&self.token)?;
        let (mut nodes, troubles) = (Vec::new(), Arc::new(Troubles::default()));
        for endpoint in self.endpoints {
            let line = Line::new(endpoint?, Arc::clone(&self.dial), Arc::clone(&troubles))?;
            nodes.push(Node::new(line));
        }
        let mut nodes = nodes.into_iter();
        let first = nodes.next().ok_or(BuildError::NoPlane)?;
        let planes = Arc::new(Planes::new(first, nodes.collect(), self.clock.clone()));
        let keeper = Keeper::new(
            Arc::clone(&planes),
            self.clock.clone(),
            token,
            self.timeout,
            self.patience,
        );
        Ok(Client {
            shared: Arc::new(Shared {
                planes,
                keeper: Arc::new(keeper),
                clock: self.clock,
                timeout: self.timeout,
                patience: self.patience,
                pulse: watch::Sender::new(Pulse::default()),
            }),
        })
    }
}

/// What can be a token of an agent. Whether it is one, the plane says.
pub(crate) fn checked(token: &Secret) -> Result<Secret, BuildError> {
    let text = token.expose().trim();
    if text.is_empty() {
        return Err(BuildError::NoToken);
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(BuildError::Token("has characters that no token has"));
    }
    if is_access_token(text) {
        return Err(BuildError::Token(
            "is an access token, which lasts for minutes: give the agent's token (ptna_...)",
        ));
    }
    Ok(Secret::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(builder: Builder) -> BuildError {
        builder.build().unwrap_err()
    }

    #[test]
    fn what_is_missing_or_wrong_is_told_before_anything_is_sent() {
        let with = |token: &str| {
            Client::builder()
                .planes(["http://127.0.0.1:1"])
                .token(token)
        };
        assert_eq!(
            refused(Client::builder().token("ptna_x")),
            BuildError::NoPlane
        );
        assert_eq!(refused(with(" \n")), BuildError::NoToken);
        assert!(matches!(refused(with("a b")), BuildError::Token(_)));
        let access = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6InNpZw";
        assert!(refused(with(access)).to_string().contains("access token"));
        assert!(with("ptna_x\n").build().is_ok());
    }

    #[test]
    fn p11_neither_tokens_nor_passwords_are_shown() {
        let builder = Client::builder()
            .planes(["http://ann:hunter2@plane.example"])
            .token("ptna_canary");
        let shown = format!("{builder:?}");
        assert!(
            !shown.contains("canary") && !shown.contains("hunter2"),
            "{shown}"
        );
        assert!(!refused(builder).to_string().contains("hunter2"));
        for address in ["ftp://ann:hunter2@plane", "http://ann:hunter2 @plane"] {
            let told = refused(Client::builder().planes([address]).token("ptna_x"));
            assert!(!told.to_string().contains("hunter2"), "{told}");
        }
        let client = Client::builder()
            .planes(["http://127.0.0.1:1"])
            .token("ptna_canary");
        let shown = format!("{:?}", client.build().unwrap());
        assert!(!shown.contains("canary"), "{shown}");
    }
}
