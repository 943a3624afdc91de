//! What tests and the demo need instead of the outside world: a fake model provider on a real socket,
//! a clock that moves when told, and randomness that repeats.
//!
//! Knows nothing of the plane beyond the domain's `Clock` and `Decision`; what is proven with it lives in the crates' own tests.

pub mod clock;
pub mod decision;
pub mod front;
pub mod gzip;
pub mod provider;
pub mod raw;
pub mod seeded;
pub mod tls;
pub mod websocket;

pub use clock::{TestClock, WallClock};
pub use front::TlsFront;
pub use provider::{FakeProvider, answer::Answer, gate::Gate, limit::Limit, limit::LimitStyle};
pub use seeded::Seeded;
pub use tls::{Alpn, TlsIdentity};
pub use websocket::{Heard, Socket};
