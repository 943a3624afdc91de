//! The broker: stands beside one agent process, on loopback, and holds what the process should not have to think of.
//!
//! [`run`] starts the program with a base URL and a local handle in its environment, answers it on loopback with the plane's
//! answers, beats while it lives, listens to the plane, hands its messages to a command, and ends with its exit code. `front` listens, `forward`
//! asks the plane, `child` is the program. Where the token comes from is left to the caller.

mod beats;
pub mod child;
mod forward;
mod front;
mod handle;
mod identity;
mod inbox;
mod seclusion;
mod strangers;

pub use handle::{LocalHandle, NoRandomness, PREFIX as HANDLE_PREFIX};
pub use identity::{ReadToken, TokenSource};
pub use seclusion::seclude;

use child::environment::{Told, Variable, for_child};
use child::{Child, Launch};
use forward::Forward;
use front::Front;
use identity::{Identity, NotThisAgent, Somebody};
use inbox::{Hook, can_be_ended};
use portunus_client::{BuildError, Cadence, Endpoint, Error, Lost};
use portunus_core::name::Slug;
use portunus_core::secret::Secret;
use portunus_core::token::TokenKind;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::timeout;

/// How long the start may take for addresses that nobody needs yet.
const KNOCK: Duration = Duration::from_secs(1);

/// What one run is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The agent that the token must be of.
    pub agent: Slug,
    /// Where the plane is: at least one address, all of the same plane.
    pub planes: Vec<Endpoint>,
    /// Where the agent's token is.
    pub token: TokenSource,
    /// Where the child asks; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// For how long a request of the child waits for a plane.
    pub max_wait: Duration,
    /// How often the agent is heard of.
    pub cadence: Cadence,
    /// What is run for each message, by a shell.
    pub on_message: Option<String>,
    /// Tells the person who started this, before the program runs and where no log on standard error does, in one line.
    pub tell: fn(&str),
    /// Further variables that hold the handle.
    pub handle_in: Vec<String>,
    /// The program.
    pub launch: Launch,
}

/// Why there was no run, or why it ended before the child did.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// No handle can be made.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The token cannot be read.
    #[error("{0}")]
    NoToken(String),
    /// The token, or an address, cannot be one.
    #[error(transparent)]
    Unusable(#[from] BuildError),
    /// The plane refuses the token.
    #[error("the plane does not accept the token of {agent}: {error}")]
    NotAccepted {
        /// Whose it should be.
        agent: Slug,
        /// What the plane said.
        error: Error,
    },
    /// At no address is anybody who is believed to be the plane.
    #[error("{told}")]
    Strangers {
        /// Each address with what is there.
        told: String,
        /// What is at the last one.
        last: Lost,
    },
    /// It is an operator's token, which may do more than any program should.
    #[error(
        "this is the token of the operator {0}, and `portunus run` needs the token of the agent {1}"
    )]
    Operators(String, Slug),
    /// No plane answers, and the token says itself that it is no agent's.
    #[error("this is the token of {0}, and `portunus run` needs the token of the agent {1}")]
    NotAnAgents(&'static str, Slug),
    /// It is the token of another agent.
    #[error("the token is {0}'s, not {1}'s")]
    SomebodyElse(String, Slug),
    /// The address is taken, or not of this machine.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// Others could ask there too, and would see the handle in passing.
    #[error("{0} is not a loopback address")]
    NotLoopback(SocketAddr),
    /// A command for messages could outlive the program.
    #[error("the command of --on-message could not be ended with the program: {0}")]
    NoLeash(io::Error),
    /// The program cannot be started or waited for.
    #[error("cannot run the program: {0}")]
    Child(io::Error),
}

impl BrokerError {
    fn of(somebody: Somebody, agent: &Slug) -> Self {
        match somebody {
            Somebody::Operator(name) => Self::Operators(name, agent.clone()),
            Somebody::Agent(name) => Self::SomebodyElse(name, agent.clone()),
        }
    }
}

/// Runs the program to its end and says with which exit code it ended; 128 and more when by a signal.
///
/// # Errors
///
/// [`BrokerError`]; the program does not run then, or ends with this process.
pub async fn run(settings: Settings) -> Result<u8, BrokerError> {
    if !settings.listen.ip().is_loopback() {
        return Err(BrokerError::NotLoopback(settings.listen));
    }
    if settings.on_message.is_some() {
        can_be_ended().map_err(BrokerError::NoLeash)?;
    }
    let token = settings.token.read().map_err(BrokerError::NoToken)?;
    let identity = Arc::new(identity(&settings, token.clone())?);
    introduce(&identity, &token, &settings).await?;
    let refused = |error| BrokerError::Listen(settings.listen, error);
    let listener = TcpListener::bind(settings.listen).await.map_err(refused)?;
    let url = format!("http://{}", listener.local_addr().map_err(refused)?);
    let handle = LocalHandle::draw()?;
    let environment = environment(&settings, &url, &handle, &token);
    let forward = Forward::new(Arc::clone(&identity));
    let front = Arc::new(Front::new(handle, forward, settings.max_wait));
    let hook = settings.on_message.map(|command| Hook {
        command,
        environment: environment.clone(),
        user: settings.launch.user.clone(),
    });
    let child = Child::start(&settings.launch, environment).map_err(BrokerError::Child)?;
    tracing::info!(agent = %settings.agent, %url, "the program runs");
    // All of it lives as long as the program and ends with it.
    let code = tokio::select! {
        code = child.ended() => code.map_err(BrokerError::Child)?,
        never = front.serve(listener) => match never {},
        somebody = identity.find_out() => return Err(BrokerError::of(somebody, &settings.agent)),
        never = identity.follow() => match never {},
        never = strangers::watch(&identity) => match never {},
        never = beats::beat(&identity, settings.cadence) => match never {},
        never = inbox::attend(&identity, hook.as_ref()) => match never {},
    };
    tracing::info!(agent = %settings.agent, code, "the program has ended");
    Ok(code)
}

fn identity(settings: &Settings, token: Secret) -> Result<Identity, BrokerError> {
    let (agent, source) = (settings.agent.clone(), settings.token.clone());
    Ok(Identity::new(agent, &settings.planes, source, token)?)
}

/// Asks whose token it is. A plane that is away is no reason not to start: the program waits for it as well, and nothing is asked
/// with the token until it has said so.
async fn introduce(
    identity: &Identity,
    token: &Secret,
    settings: &Settings,
) -> Result<(), BrokerError> {
    let (agent, client) = (&settings.agent, identity.client());
    // An address that nobody asks, because another one answers first, may be one that will never help.
    let several = client.endpoints().count() > 1;
    let knock = async {
        if several {
            let _ = timeout(KNOCK, client.knock()).await;
        }
    };
    let (introduced, ()) = tokio::join!(identity.introduce(), knock);
    let troubles = client.troubles();
    match introduced {
        Ok(()) => {
            for (plane, lost) in troubles.iter().filter(|(_, lost)| lost.is_stranger()) {
                (settings.tell)(&strangers::told(plane, lost));
            }
            Ok(())
        }
        Err(error @ NotThisAgent::Untold(_)) => {
            tracing::warn!(%error, "the token is believed to be the agent's");
            is_an_agents(token, agent)
        }
        Err(NotThisAgent::Unknown(why)) => {
            is_an_agents(token, agent)?;
            let told: Vec<String> = troubles
                .iter()
                .map(|(plane, lost)| strangers::told(plane, lost))
                .collect();
            let why = if told.is_empty() {
                why
            } else {
                told.join("; ")
            };
            tracing::warn!(why, "whose token it is could not be asked yet");
            (settings.tell)(&format!(
                "no plane answers yet, the program waits for it: {why}"
            ));
            Ok(())
        }
        Err(NotThisAgent::Stranger(lost)) => {
            let told: Vec<String> = troubles
                .iter()
                .map(|(plane, lost)| format!("{plane} {lost}"))
                .collect();
            Err(BrokerError::Strangers {
                told: told.join("; "),
                last: lost,
            })
        }
        Err(NotThisAgent::Unusable(error)) => Err(error.into()),
        Err(NotThisAgent::Of(somebody)) => Err(BrokerError::of(somebody, agent)),
        Err(NotThisAgent::Rejected(error)) => Err(BrokerError::NotAccepted {
            agent: agent.clone(),
            error,
        }),
    }
}

/// What a token says itself of whose it is. One of another system's says nothing.
fn is_an_agents(token: &Secret, agent: &Slug) -> Result<(), BrokerError> {
    let mut kinds = TokenKind::ALL.into_iter();
    let whose = match kinds.find(|kind| token.expose().starts_with(kind.prefix())) {
        Some(TokenKind::Agent) | None => return Ok(()),
        Some(TokenKind::Operator) => "an operator",
        Some(TokenKind::Device) => "a device",
        Some(TokenKind::Session) => "a session",
    };
    Err(BrokerError::NotAnAgents(whose, agent.clone()))
}

fn environment(
    settings: &Settings,
    url: &str,
    handle: &LocalHandle,
    token: &Secret,
) -> Vec<Variable> {
    let told = Told {
        url,
        handle,
        agent: settings.agent.as_str(),
        token,
        handle_in: &settings.handle_in,
    };
    let user = settings.launch.user.as_ref();
    let own = user.map(child::user::User::variables).into_iter().flatten();
    for_child(std::env::vars_os().chain(own), &told)
}
