//! One connection, any bytes, and everything that comes back on it.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long a connection may say nothing before it counts as kept open. On a busy machine an answer takes its time, so
/// what is sent should ask for the connection to be closed where it can.
const QUIET: Duration = Duration::from_secs(8);

/// What came back.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) text: String,
    /// Whether the plane ended the connection.
    pub(super) closed: bool,
}

impl Heard {
    /// The status of each answer, in order.
    pub(super) fn statuses(&self) -> Vec<u16> {
        let heads = self.text.split("HTTP/1.1 ").skip(1);
        heads.filter_map(|head| head[..3].parse().ok()).collect()
    }

    /// The only status; zero when there was no answer.
    pub(super) fn status(&self) -> u16 {
        self.statuses().first().copied().unwrap_or(0)
    }
}

/// Sends bytes and listens until the connection ends or falls silent.
pub(super) fn say(url: &str, bytes: &[u8]) -> Heard {
    let mut socket = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    socket.set_read_timeout(Some(QUIET)).unwrap();
    // Whoever sends too much may be hung up on before the end.
    let _ = socket.write_all(bytes);
    let (mut received, mut piece) = (Vec::new(), [0; 16 * 1024]);
    let closed = loop {
        match socket.read(&mut piece) {
            Ok(0) => break true,
            Ok(read) => received.extend_from_slice(&piece[..read]),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => break false,
                ErrorKind::Interrupted => {}
                _ => break true,
            },
        }
    };
    Heard {
        text: String::from_utf8_lossy(&received).into_owned(),
        closed,
    }
}

/// The same for many at once.
pub(super) fn say_all<N: Send>(url: &str, cases: Vec<(N, Vec<u8>)>) -> Vec<(N, Heard)> {
    std::thread::scope(|scope| {
        let said: Vec<_> = cases
            .into_iter()
            .map(|(name, bytes)| (name, scope.spawn(move || say(url, &bytes))))
            .collect();
        said.into_iter()
            .map(|(name, heard)| (name, heard.join().unwrap()))
            .collect()
    })
}
