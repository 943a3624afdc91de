//! A command that goes on over a restart of the plane, and an address that leads to wherever the plane is.

use super::{PATIENCE, Plane, portunus};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

/// An address that leads to wherever the plane is now.
pub(crate) struct Detour {
    url: String,
    target: Arc<Mutex<String>>,
}

impl Detour {
    /// To this plane.
    pub(crate) fn to(plane: &Plane) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let target = Arc::new(Mutex::new(plane.url.clone()));
        let leads_to = Arc::clone(&target);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let address = leads_to
                    .lock()
                    .unwrap()
                    .trim_start_matches("http://")
                    .to_owned();
                // A plane that is down is told by closing the connection.
                if let (Ok(client), Ok(plane)) = (client, TcpStream::connect(address)) {
                    join(client, plane);
                }
            }
        });
        Self { url, target }
    }

    /// To where the plane is after a restart.
    pub(crate) fn lead_to(&self, plane: &Plane) {
        self.target.lock().unwrap().clone_from(&plane.url);
    }
}

fn join(client: TcpStream, plane: TcpStream) {
    for (mut from, mut to) in [
        (client.try_clone().unwrap(), plane.try_clone().unwrap()),
        (plane, client),
    ] {
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(read @ 1..) = from.read(&mut bytes) {
                if to.write_all(&bytes[..read]).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(std::net::Shutdown::Both);
        });
    }
}

/// A command that does not end by itself; it ends when it is dropped.
pub(crate) struct Follower {
    child: Child,
    told: Receiver<String>,
    remarks: Receiver<String>,
}

impl Follower {
    /// Starts a command with a token.
    pub(crate) fn start(plane: &Plane, by: &Detour, token: &str, words: &str) -> Self {
        let mut child = portunus(plane.path("").as_path())
            .args(words.split_whitespace())
            .env("PORTUNUS_URL", &by.url)
            .env("PORTUNUS_TOKEN", token)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            told: lines(child.stdout.take().unwrap()),
            remarks: lines(child.stderr.take().unwrap()),
            child,
        }
    }

    /// The next line of standard output.
    pub(crate) fn line(&self) -> String {
        self.told.recv_timeout(PATIENCE).expect("a line")
    }

    /// The next line of standard error.
    pub(crate) fn remark(&self) -> String {
        self.remarks.recv_timeout(PATIENCE).expect("a remark")
    }

    /// Whether nothing more was written by now.
    pub(crate) fn is_silent(&self) -> bool {
        self.told.try_recv().is_err()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // It may have ended already; there is nothing else to do about it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}
