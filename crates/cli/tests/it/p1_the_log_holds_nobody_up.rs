//! Whoever reads the log may stop reading: agents are answered all the same, and the log goes on where it was.

use crate::plane::{PATIENCE, portunus};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use tempfile::TempDir;

/// More lines than a pipe holds.
const REQUESTS: usize = 600;

#[test]
fn p1_a_log_that_nobody_reads_holds_nobody_up() {
    let home = TempDir::new().unwrap();
    let mut plane = portunus(home.path())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("PORTUNUS_LOG", "debug")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(plane.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("\"listening\"") {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "no start");
    }
    let address = line
        .split("\"address\":\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap();
    let path = "x".repeat(300);
    for number in 0..REQUESTS {
        let mut agent = TcpStream::connect(address).unwrap();
        agent.set_read_timeout(Some(PATIENCE)).unwrap();
        let request =
            format!("GET /v1/{path}-{number} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        agent.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        agent.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 4"), "{number}: {answer}");
    }
    let id = rustix::process::Pid::from_child(&plane);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    let mut rest = String::new();
    log.read_to_string(&mut rest).unwrap();
    assert!(plane.wait().unwrap().success());
    assert!(rest.len() > 128 * 1024, "{} bytes are no proof", rest.len());
    assert!(
        rest.lines()
            .all(|line| line.starts_with('{') && line.ends_with('}'))
    );
    assert!(rest.lines().last().unwrap().contains("stopped"), "{rest}");
}
