//! The address that a plane listens on, and how many may wait there to be let in.

use crate::failure::{Failure, Kind};
use std::io;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpSocket};

/// Connections that wait to be accepted, as far as the system allows. Whoever finds no room tries again after a second, three
/// and seven: a fleet that comes back all at once must find it.
const WAITING: u32 = 4_096;

/// Listens, in the current runtime.
pub(super) fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    listen(address).map_err(|error| {
        let fix = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "stop what listens there, or name another address with --listen"
            }
            io::ErrorKind::PermissionDenied => "name a port above 1023 with --listen",
            _ => "name an address of this machine with --listen",
        };
        Failure::new(
            Kind::General,
            format!("cannot listen on {address}: {error}"),
        )
        .fix(fix)
    })
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A plane that is started again takes its address back at once, whatever connections of the one before still end.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;
    use std::time::Duration;

    /// How many wait here; the usual queue of 128 would leave most of them outside.
    const HERD: usize = 400;

    #[tokio::test]
    async fn a_herd_waits_to_be_let_in() {
        let allowed = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
        let herd = HERD.min(allowed.trim().parse().unwrap());
        let listener = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        // Nobody accepts.
        let patience = Duration::from_secs(60);
        let waiting: Vec<_> = (0..herd)
            .map(|_| TcpStream::connect_timeout(&address, patience).unwrap())
            .collect();
        for _ in &waiting {
            listener.accept().await.unwrap();
        }
    }

    #[tokio::test]
    async fn an_address_that_is_taken_says_what_to_do() {
        let first = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let taken = bind(first.local_addr().unwrap()).unwrap_err();
        assert!(taken.to_string().contains("cannot listen on"), "{taken}");
    }
}
