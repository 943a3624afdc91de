//! The client library of Portunus, the access plane for fleets of AI agents: an agent that is built on it has an identity
//! that never expires in use, is known to be alive, and is reached by messages, whatever becomes of the plane meanwhile.
//!
//! | an agent wants to | it calls |
//! | --- | --- |
//! | prove who it is, to the plane or to others | [`Client::access_token`], before each request |
//! | be known to be alive | [`Client::keep_alive`], once |
//! | get its messages | [`Client::inbox`], [`Client::acknowledge`] |
//! | hear of what happens as it happens | [`Client::push`] |
//! | call a model | [`Client::passage`], with [`Client::bearer`] |
//! | write to others | [`Client::send`], [`Client::post`] |
//!
//! ```no_run
//! use portunus_client::{Client, InboxQuery};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder()
//!     .planes(["https://plane-a.example", "https://plane-b.example"])
//!     .token(std::env::var("PORTUNUS_TOKEN")?)
//!     .build()?;
//! let cadence = "10m".parse()?;
//! tokio::select! {
//!     error = client.keep_alive(cadence) => return Err(error.into()),
//!     done = async {
//!         let query = InboxQuery { wait_ms: Some(30_000), ..InboxQuery::default() };
//!         loop {
//!             for item in client.inbox(&query).await? {
//!                 println!("{}", item.message.text);
//!                 client.acknowledge([item.message.id]).await?;
//!             }
//!         }
//!     } => return done,
//! }
//! # }
//! ```
//!
//! What is pure stands in files of its own, with the clock and chance as arguments: `renewal`, `beat`, `repeat`, `backoff`.
//! What the plane says to each request is in the manual, in `docs/`.

mod backoff;
mod bearer;
mod beat;
mod builder;
mod chance;
mod client;
mod clock;
mod connector;
mod dial;
mod endpoint;
mod error;
mod keeper;
mod messages;
mod passage;
mod pin;
mod planes;
mod pulse;
pub mod push;
mod reconnect;
mod refusal;
mod renewal;
mod repeat;
mod transport;
mod trouble;
mod trust;

/// The manual's page, whose examples are compiled here.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/client-library.md")]
mod manual {}

pub use backoff::Backoff;
pub use bearer::{AccessToken, Bearer};
pub use builder::Builder;
pub use client::Client;
pub use connector::Connector;
pub use dial::{Dial, Dialing, Stream, Tcp};
pub use endpoint::{AddressError, Endpoint};
pub use error::{BuildError, Error, Lost};

pub use passage::Passage;
pub use pin::{Pin, PinError};
pub use portunus_api::liveness::{AgentStatus, Heartbeat, HeartbeatAnswer};
pub use portunus_api::messages::{
    Acknowledged, InboxItem, InboxQuery, Message, MessageShown, MessageWritten, WriteMessage,
};
pub use portunus_api::whoami::WhoAmI;
pub use portunus_api::{AuthDetails, ErrorCode};
pub use portunus_core::liveness::{Cadence, CadenceError};
pub use portunus_core::time::{Clock, Tick, Timestamp};
pub use pulse::Pulse;
pub use refusal::{Code, Meaning, Refusal};
