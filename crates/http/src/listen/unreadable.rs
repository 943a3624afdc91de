//! A head that is not HTTP never becomes a request, so hyper answers it: a status, and nothing more. What the service
//! has to say to it is put in the place of that empty answer, on its way to the socket.

use bytes::Bytes;
use http::{Response, StatusCode};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// What a service says to a head that could not be read; `None` leaves it at the status.
pub(super) type Say = Box<dyn Fn(StatusCode) -> Option<Response<Bytes>> + Send>;

/// The answer in the place of an empty one, while it is written.
pub(super) struct Instead {
    say: Say,
    left: Bytes,
}

impl Instead {
    pub(super) fn new(say: Say) -> Self {
        Self {
            say,
            left: Bytes::new(),
        }
    }

    /// Whether `written` is an empty answer of hyper's own, which is not sent then: another one will be.
    pub(super) fn takes(&mut self, written: &[u8]) -> bool {
        let Some(answer) = own_status(written).and_then(|status| (self.say)(status)) else {
            return false;
        };
        self.left = rendered(answer);
        true
    }

    /// Writes what is left of it.
    pub(super) fn poll_rest<T: AsyncWrite + Unpin>(
        &mut self,
        inner: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.left.is_empty() {
            let written = ready!(Pin::new(&mut *inner).poll_write(cx, &self.left))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            drop(self.left.split_to(written));
        }
        Poll::Ready(Ok(()))
    }
}

/// The status of a head that hyper wrote by itself. Every answer of a service has a date, a length and more.
fn own_status(written: &[u8]) -> Option<StatusCode> {
    let rest = written.strip_prefix(b"HTTP/1.1 4")?;
    let head = std::str::from_utf8(rest.strip_suffix(b"\r\n\r\n")?).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').next()?;
    let mut fields = [false; 2];
    for line in lines {
        match line {
            "connection: close" => fields[0] = true,
            "content-length: 0" => fields[1] = true,
            line if line.starts_with("date: ") => {}
            _ => return None,
        }
    }
    let status = format!("4{status}").parse().ok()?;
    (fields == [true; 2]).then_some(status)
}

fn rendered(answer: Response<Bytes>) -> Bytes {
    let (parts, body) = answer.into_parts();
    let mut text = format!("HTTP/1.1 {}\r\n", parts.status).into_bytes();
    for (name, value) in &parts.headers {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.extend_from_slice(b"\r\n");
    }
    let end = format!(
        "content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    text.extend_from_slice(end.as_bytes());
    text.extend_from_slice(&body);
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_empty_answer_of_hypers_own_is_replaced() {
        let mut instead = Instead::new(Box::new(|status| {
            let response = Response::builder().status(status).header("x-why", "head");
            response.body(Bytes::from_static(b"why")).ok()
        }));
        for others in [
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\nx-request-id: req_1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\nmore",
        ] {
            assert!(!instead.takes(others.as_bytes()), "{others}");
        }
        let own = "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\
                   content-length: 0\r\ndate: Sun, 22 Nov 2026 08:00:00 GMT\r\n\r\n";
        assert!(instead.takes(own.as_bytes()));
        let told = "HTTP/1.1 431 Request Header Fields Too Large\r\nx-why: head\r\n\
                    content-length: 3\r\nconnection: close\r\n\r\nwhy";
        assert_eq!(instead.left, told);
    }
}
