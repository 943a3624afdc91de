//! A head that is not HTTP never becomes a request, so hyper answers it: a status, and nothing more. What the service
//! has to say to it is put in the place of that empty answer, on its way to the socket. One that does not come to its end
//! gets no answer of hyper's at all; the service's is written before the connection ends.

use bytes::Bytes;
use http::{Response, StatusCode};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// What a service says to a head that could not be read and began so; `None` leaves it at the status.
pub(super) type Say = Box<dyn Fn(StatusCode, &[u8]) -> Option<Response<Bytes>> + Send>;

/// How many bytes of a head tell whom it is for: a method, and the beginning of a path.
const TELLING: usize = 48;

/// How a head begins.
#[derive(Debug)]
pub(super) struct Beginning {
    bytes: [u8; TELLING],
    length: usize,
}

impl Beginning {
    /// Of a head that has not begun.
    pub(super) const fn nothing() -> Self {
        Self {
            bytes: [0; TELLING],
            length: 0,
        }
    }

    /// Bytes of it, in their order.
    pub(super) fn take(&mut self, more: &[u8]) {
        let room = self.bytes.get_mut(self.length..).unwrap_or_default();
        self.length += room.len().min(more.len());
        for (place, byte) in room.iter_mut().zip(more) {
            *place = *byte;
        }
    }

    /// What came, as far as it tells something.
    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

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
    pub(super) fn takes(&mut self, written: &[u8], beginning: &Beginning) -> bool {
        own_status(written).is_some_and(|status| self.says(status, beginning))
    }

    /// Whether the service has something to say about a head that began so; it is what is written next.
    pub(super) fn says(&mut self, status: StatusCode, beginning: &Beginning) -> bool {
        let Some(answer) = (self.say)(status, beginning.as_slice()) else {
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
        let mut instead = Instead::new(Box::new(|status, _| {
            let response = Response::builder().status(status).header("x-why", "head");
            response.body(Bytes::from_static(b"why")).ok()
        }));
        let begun = Beginning::nothing();
        for others in [
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\nx-request-id: req_1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\nmore",
        ] {
            assert!(!instead.takes(others.as_bytes(), &begun), "{others}");
        }
        let own = "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\
                   content-length: 0\r\ndate: Sun, 22 Nov 2026 08:00:00 GMT\r\n\r\n";
        assert!(instead.takes(own.as_bytes(), &begun));
        let told = "HTTP/1.1 431 Request Header Fields Too Large\r\nx-why: head\r\n\
                    content-length: 3\r\nconnection: close\r\n\r\nwhy";
        assert_eq!(instead.left, told);
    }

    #[test]
    fn the_beginning_of_a_head_is_kept_however_it_comes() {
        let head = b"POST /v1/messages?beta=true HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
        for size in 1..=head.len() {
            let mut beginning = Beginning::nothing();
            for piece in head.chunks(size) {
                beginning.take(piece);
            }
            assert_eq!(beginning.as_slice(), &head[..TELLING], "by {size}");
        }
    }
}
