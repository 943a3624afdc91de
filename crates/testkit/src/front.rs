//! TLS in front of what speaks plain, as a plane stands behind a proxy that ends it: with a certificate that the test
//! chooses and may replace, and an ear for what clients say inside.

use crate::tls::TlsIdentity;
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// See the module. It runs on a thread of its own for as long as the process.
#[derive(Debug)]
pub struct TlsFront {
    port: u16,
    shown: Arc<Mutex<Shown>>,
}

/// How it answers now.
struct Shown {
    acceptor: TlsAcceptor,
    /// Ends the connections that were made so.
    over: CancellationToken,
    /// What was said over them.
    heard: Arc<Mutex<Vec<u8>>>,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shown(..)")
    }
}

impl TlsFront {
    /// Leads to `target`, a host and a port.
    ///
    /// # Errors
    /// When no port can be bound or no thread started.
    pub fn before(target: &str, identity: &TlsIdentity) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let front = Self {
            port: listener.local_addr()?.port(),
            shown: Arc::new(Mutex::new(shown(identity))),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let shown = Arc::clone(&front.shown);
        let target = target.to_owned();
        std::thread::Builder::new()
            .name("tls-front".to_owned())
            .spawn(move || runtime.block_on(serve(listener, target, &shown)))?;
        Ok(front)
    }

    /// Its port, on `127.0.0.1` and `localhost`.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// From now on it is this one, and every connection is cut.
    pub fn show(&self, identity: &TlsIdentity) {
        let before = std::mem::replace(&mut *self.shown.lock(), shown(identity));
        before.over.cancel();
    }

    /// All that clients said inside TLS to whom it shows itself as now.
    #[must_use]
    pub fn heard(&self) -> Vec<u8> {
        self.shown.lock().heard.lock().clone()
    }
}

fn shown(identity: &TlsIdentity) -> Shown {
    Shown {
        acceptor: identity.acceptor(),
        over: CancellationToken::new(),
        heard: Arc::default(),
    }
}

/// Until the listener fails.
async fn serve(
    listener: std::net::TcpListener,
    target: String,
    shown: &Mutex<Shown>,
) -> io::Result<()> {
    // It belongs to this runtime, so it is registered here.
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (client, _) = listener.accept().await?;
        let (acceptor, over, heard) = {
            let shown = shown.lock();
            let heard = Arc::clone(&shown.heard);
            (shown.acceptor.clone(), shown.over.clone(), heard)
        };
        let target = target.clone();
        tokio::spawn(over.run_until_cancelled_owned(async move {
            // Whoever leaves, the other end notices.
            let _ = join(client, &acceptor, &target, &heard).await;
        }));
    }
}

async fn join(
    client: TcpStream,
    acceptor: &TlsAcceptor,
    target: &str,
    heard: &Mutex<Vec<u8>>,
) -> io::Result<()> {
    let client = acceptor.accept(client).await?;
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_target, mut to_target) = TcpStream::connect(target).await?.into_split();
    let there = async {
        let mut bytes = vec![0; 4_096];
        loop {
            match from_client.read(&mut bytes).await? {
                0 => return to_target.shutdown().await,
                read => {
                    let said = bytes.get(..read).unwrap_or_default();
                    heard.lock().extend_from_slice(said);
                    to_target.write_all(said).await?;
                }
            }
        }
    };
    let back = async {
        copy(&mut from_target, &mut to_client).await?;
        to_client.shutdown().await
    };
    tokio::try_join!(there, back).map(drop)
}
