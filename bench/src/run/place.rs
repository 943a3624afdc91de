//! Addresses on loopback: a free one, and waiting until somebody answers there.

use anyhow::{Result, bail};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

/// An address that nobody listens on at the moment.
pub(super) fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// Asks again and again, a millisecond apart, until `request` is answered with 200; gives the time that it took.
pub(super) fn wait_for(address: SocketAddr, request: &[u8]) -> Result<Duration> {
    let start = Instant::now();
    while !is_served(address, request) {
        if start.elapsed() > PATIENCE {
            bail!("{address} does not answer with 200 after {PATIENCE:?}");
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(start.elapsed())
}

/// A request for `path` without a body.
pub(super) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n").into_bytes()
}

fn is_served(address: SocketAddr, request: &[u8]) -> bool {
    const GOOD: &[u8] = b"HTTP/1.1 200";
    let mut head = [0; GOOD.len()];
    let asked = TcpStream::connect(address).and_then(|mut socket| {
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.write_all(request)?;
        socket.read_exact(&mut head)
    });
    asked.is_ok() && head == GOOD
}

/// Waits until connections are accepted.
pub(super) fn wait_until_open(address: SocketAddr) -> Result<()> {
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        if start.elapsed() > PATIENCE {
            bail!("nobody listens on {address} after {PATIENCE:?}");
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
