//! Addresses on loopback: a free one, and waiting until somebody answers there.

use super::child::Child;
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

/// Asks `server` again and again, a millisecond apart, until it answers `request` with 200.
pub(super) fn wait_for(server: &mut Child, address: SocketAddr, request: &[u8]) -> Result<()> {
    wait(server, || is_served(address, request))
}

/// Waits until `server` accepts connections.
pub(super) fn wait_until_open(server: &mut Child, address: SocketAddr) -> Result<()> {
    wait(server, || TcpStream::connect(address).is_ok())
}

fn wait(server: &mut Child, is_there: impl Fn() -> bool) -> Result<()> {
    let start = Instant::now();
    while !is_there() {
        server.must_run()?;
        if start.elapsed() > PATIENCE {
            bail!("no answer after {PATIENCE:?}");
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
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
