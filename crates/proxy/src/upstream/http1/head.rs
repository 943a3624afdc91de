//! Heads of HTTP/1.1 messages (RFC 9112): ours are written, the upstream's are read strictly, and with them how long the
//! body is.

use super::super::Outgoing;
use super::super::fault::BrokenAnswer;
use super::super::origin::Destination;
use super::chunks::Chunks;
use crate::provider::Fields;
use bytes::{Buf, Bytes};
use http::{Method, StatusCode};
use std::io::Write;

/// Headers of one answer.
const MOST_HEADERS: usize = 128;
/// Length of one head, in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// The head of an answer.
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: Fields,
    /// How its body ends.
    pub(super) length: Length,
    /// Whether the upstream leaves the connection open after it.
    pub(super) stays_open: bool,
}

/// How a body ends (RFC 9112, 6.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// After so many more bytes.
    Known(u64),
    /// With its last chunk.
    Chunked(Chunks),
    /// With the connection.
    UntilClosed,
}

/// Headers that say how a connection is used; the request's own are never passed on, whoever put them there.
const OURS: [&str; 4] = ["host", "content-length", "transfer-encoding", "connection"];

/// Writes the head of a request.
pub(super) fn of_request(destination: &Destination, outgoing: &Outgoing<'_>) -> Vec<u8> {
    let mut head = Vec::with_capacity(1024);
    let mut put = |pieces: &[&[u8]]| pieces.iter().for_each(|one| head.extend_from_slice(one));
    put(&[
        outgoing.method.as_str().as_bytes(),
        b" ",
        destination.prefix().as_bytes(),
        outgoing.target.as_str().as_bytes(),
        b" HTTP/1.1\r\nhost: ",
        destination.origin.authority().as_bytes(),
        b"\r\n",
    ]);
    let credential = outgoing.credential;
    let passing = outgoing
        .headers
        .iter()
        .filter(|(name, _)| !OURS.contains(name) && !credential.replaces(name));
    let ours = credential
        .headers()
        .map(|(name, value)| (name.as_str(), value.as_bytes()));
    for (name, value) in passing.chain(ours) {
        put(&[name.as_bytes(), b": ", value, b"\r\n"]);
    }
    if !outgoing.body.is_empty() || !matches!(*outgoing.method, Method::GET | Method::HEAD) {
        // Writing to a vector does not fail.
        let _ = write!(head, "content-length: {}\r\n", outgoing.body.len());
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// Takes the head of an answer out of `arrived`, if it is there as a whole; interim answers are passed over.
/// `seen` is how many bytes were searched for its end already.
pub(super) fn of_answer(
    arrived: &mut Bytes,
    seen: &mut usize,
    asked: &Method,
) -> Result<Option<Head>, BrokenAnswer> {
    loop {
        if !has_end(arrived, *seen) {
            *seen = arrived.len();
            return if arrived.len() > MOST_BYTES {
                Err(BrokenAnswer::HeadTooLong)
            } else {
                Ok(None)
            };
        }
        *seen = 0;
        let mut room = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut parsed = httparse::Response::new(&mut room);
        let status = parsed.parse(arrived).map_err(BrokenAnswer::NotHttp)?;
        let (httparse::Status::Complete(length), Some(code), Some(version)) =
            (status, parsed.code, parsed.version)
        else {
            return Ok(None);
        };
        let status = StatusCode::from_u16(code).map_err(|_| BrokenAnswer::Header)?;
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(BrokenAnswer::Switched);
        }
        if status.is_informational() {
            arrived.advance(length);
            continue;
        }
        let headers = fields(length, parsed.headers);
        arrived.advance(length);
        return finish(status, headers, version, asked).map(Some);
    }
}

/// Whether an empty line is in `bytes`, of which the first `seen` have none.
fn has_end(bytes: &[u8], seen: usize) -> bool {
    let fresh = bytes.get(seen.saturating_sub(3)..).unwrap_or_default();
    memchr::memchr_iter(b'\n', fresh).any(|at| {
        let rest = fresh.get(at + 1..).unwrap_or_default();
        rest.starts_with(b"\n") || rest.starts_with(b"\r\n")
    })
}

fn fields(bytes: usize, parsed: &[httparse::Header<'_>]) -> Fields {
    let mut fields = Fields::with_capacity(parsed.len(), bytes);
    for header in parsed {
        fields.push(header.name, header.value);
    }
    fields
}

fn finish(
    status: StatusCode,
    headers: Fields,
    version: u8,
    asked: &Method,
) -> Result<Head, BrokenAnswer> {
    let framing = Framing::read(&headers)?;
    let announced = framing.announced;
    let has_coding = framing.coding.is_some();
    let is_chunked = framing.coding.is_some_and(ends_chunked);
    let is_bodiless = *asked == Method::HEAD
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED;
    let length = match announced {
        _ if is_bodiless => Length::Known(0),
        _ if is_chunked => Length::Chunked(Chunks::default()),
        _ if has_coding => Length::UntilClosed,
        Some(length) => Length::Known(length),
        None => Length::UntilClosed,
    };
    // Two lengths at once are how answers are smuggled (RFC 9112, 6.1): this one is read, and nothing after it.
    let is_ambiguous = has_coding && (announced.is_some() || version == 0);
    let stays_open = version == 1 && !is_ambiguous && !framing.says_close;
    Ok(Head {
        status,
        headers,
        stays_open: stays_open && length != Length::UntilClosed,
        length,
    })
}

fn ends_chunked(value: &[u8]) -> bool {
    let last = value.rsplit(|byte| *byte == b',').next();
    last.is_some_and(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"chunked"))
}

/// What the fields of an answer say of its body and of the connection, in one look.
#[derive(Default)]
struct Framing<'a> {
    /// The last of the transfer codings.
    coding: Option<&'a [u8]>,
    /// The announced length; several that agree count as one.
    announced: Option<u64>,
    says_close: bool,
}

impl<'a> Framing<'a> {
    fn read(headers: &'a Fields) -> Result<Self, BrokenAnswer> {
        let mut framing = Self::default();
        for (name, value) in headers.iter() {
            match name {
                "transfer-encoding" => framing.coding = Some(value),
                "connection" => framing.says_close |= says_close(value),
                "content-length" => framing.announce(value)?,
                _ => {}
            }
        }
        Ok(framing)
    }

    fn announce(&mut self, value: &[u8]) -> Result<(), BrokenAnswer> {
        for one in value.split(|byte| *byte == b',') {
            let length = decimal(one.trim_ascii()).ok_or(BrokenAnswer::AmbiguousLength)?;
            if self.announced.is_some_and(|other| other != length) {
                return Err(BrokenAnswer::AmbiguousLength);
            }
            self.announced = Some(length);
        }
        Ok(())
    }
}

fn says_close(value: &[u8]) -> bool {
    let mut options = value.split(|byte| *byte == b',');
    options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
}

/// A number of digits alone: `+5` and `0x5` are read differently by different programs.
fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], step: usize) -> Result<Option<(Head, Bytes)>, String> {
        let (mut arrived, mut seen) = (Bytes::new(), 0);
        let mut coming = text.chunks(step);
        loop {
            let head = of_answer(&mut arrived, &mut seen, &Method::POST);
            if let Some(head) = head.map_err(|error| error.to_string())? {
                let rest = [arrived.to_vec(), coming.flatten().copied().collect()].concat();
                return Ok(Some((head, rest.into())));
            }
            match coming.next() {
                Some(more) => arrived = [&arrived, more].concat().into(),
                None => return Ok(None),
            }
        }
    }

    fn head(fields: &str) -> Result<Head, String> {
        let text = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
        Ok(read(text.as_bytes(), 4096)?.expect("a whole head").0)
    }

    #[test]
    fn heads_are_read_however_they_are_cut() {
        let text = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Too Many\r\nRetry-After: 1\r\nContent-Length: 3\r\nX-Odd: \xe9\r\n\r\nabc";
        for step in 1..text.len() {
            let (head, rest) = read(text, step).unwrap().unwrap();
            assert_eq!(head.status, 429, "step {step}");
            assert_eq!(head.length, Length::Known(3));
            assert_eq!(head.headers.len(), 3);
            assert_eq!(head.headers.get("x-odd"), Some(b"\xe9".as_slice()));
            assert_eq!(rest, "abc");
        }
    }

    #[test]
    fn the_length_of_a_body_is_what_the_standard_says() {
        let chunked = || Length::Chunked(Chunks::default());
        for (fields, length, stays_open) in [
            ("content-length: 5\r\n", Length::Known(5), true),
            ("content-length: 5, 5\r\n", Length::Known(5), true),
            (
                "content-length: 5\r\nconnection: Close\r\n",
                Length::Known(5),
                false,
            ),
            (
                "connection: keep-alive, close\r\ncontent-length: 5\r\n",
                Length::Known(5),
                false,
            ),
            ("transfer-encoding: chunked\r\n", chunked(), true),
            ("transfer-encoding: gzip, Chunked\r\n", chunked(), true),
            (
                "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
                chunked(),
                false,
            ),
            (
                "transfer-encoding: chunked, gzip\r\n",
                Length::UntilClosed,
                false,
            ),
            (
                "transfer-encoding: gzip\r\ncontent-length: 5\r\n",
                Length::UntilClosed,
                false,
            ),
            ("", Length::UntilClosed, false),
        ] {
            let head = head(fields).unwrap();
            assert_eq!(
                (head.length, head.stays_open),
                (length, stays_open),
                "{fields:?}"
            );
        }
        let old = read(b"HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\n", 99)
            .unwrap()
            .unwrap()
            .0;
        assert!(!old.stays_open);
    }

    #[test]
    fn what_programs_read_differently_is_refused() {
        for fields in [
            "content-length: 5\r\ncontent-length: 6\r\n",
            "content-length: 5, 6\r\n",
            "content-length: +5\r\n",
            "content-length: 0x5\r\n",
            "content-length: \r\n",
            "content-length: 99999999999999999999\r\n",
            "content-length : 5\r\n",
            "no colon\r\n",
            "bad\u{0}name: 1\r\n",
            "name: 1\r\n folded\r\n",
        ] {
            assert!(head(fields).is_err(), "{fields:?}");
        }
        for text in [
            b"HTTP/1.1 101 Switching Protocols\r\n\r\n".as_slice(),
            b"ICY 200 OK\r\n\r\n",
            b"<html></html>\r\n\r\n",
            b"HTTP/2 200 OK\r\n\r\n",
            &b"HTTP/1.1 200 OK\r\nx: y\r\n".repeat(10_000),
            &[b'x'; MOST_BYTES + 1],
        ] {
            assert!(read(text, 1000).is_err());
        }
    }

    #[test]
    fn more_headers_than_anybody_sends_are_refused() {
        assert!(head(&"a: b\r\n".repeat(MOST_HEADERS)).is_ok());
        assert!(head(&"a: b\r\n".repeat(MOST_HEADERS + 1)).is_err());
    }
}
