//! An upstream that is no HTTP server at all: it answers every connection with the bytes that it was given.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A listener on a loopback port that reads once, writes fixed bytes and hangs up.
#[derive(Debug)]
pub struct RawUpstream {
    address: SocketAddr,
    served: Arc<AtomicUsize>,
}

impl RawUpstream {
    /// Starts on a free loopback port.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn start(answer: Vec<u8>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let served = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&served);
        thread::spawn(move || {
            for mut socket in listener.incoming().flatten() {
                let mut head = [0_u8; 16 * 1024];
                // A client that is gone already needs no answer.
                let _ = socket
                    .read(&mut head)
                    .and_then(|_| socket.write_all(&answer));
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Ok(Self { address, served })
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Connections answered so far.
    #[must_use]
    pub fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }
}
