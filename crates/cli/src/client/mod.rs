//! Speaks to the control API of a plane: one request, one typed answer or one [`Failure`].
//!
//! `target` finds out which plane and with which token, `credentials` keeps both in a file, `transport` moves bytes.

mod credentials;
mod target;
mod transport;

pub(crate) use credentials::{Credentials, CredentialsFile, Removed};
pub(crate) use target::{BaseUrl, DEFAULT_URL, Target};

use crate::failure::{Failure, Kind};
use bytes::Bytes;
use http::Method;
use portunus_api::access::OAuthProblem;
use portunus_api::{BASE_PATH, List, Problem};
use portunus_core::secret::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::io;
use transport::{Download, Reply, Transport, Unreachable};
pub(crate) use transport::{Encryption, HttpClient, http_client, innermost};

/// Items asked for at once when a whole list is read.
const PAGE: u32 = 500;

/// A connection to one plane with one token.
#[derive(Debug)]
pub(crate) struct Client {
    target: Target,
    transport: Transport,
}

/// A good answer, as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    body: Bytes,
}

impl Answer {
    /// The answer in its type.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Failure::new(
                Kind::General,
                format!("the plane's answer cannot be read: {error}"),
            )
            .fix("use a portunus of the plane's version; `portunus status --json` shows it")
        })
    }

    /// The JSON of the plane, byte for byte.
    pub(crate) fn json(&self) -> &[u8] {
        &self.body
    }
}

/// How much of a list is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// At most so many items; all when absent.
    pub(crate) limit: Option<u32>,
    /// Where an earlier list ended.
    pub(crate) cursor: Option<String>,
}

impl Wanted {
    /// The whole list.
    pub(crate) const ALL: Self = Self {
        limit: None,
        cursor: None,
    };
}

impl Client {
    /// Gets ready to speak to `target`; nothing is sent yet.
    pub(crate) fn new(target: Target) -> Result<Self, Failure> {
        let transport = Transport::new(&target.url)?;
        Ok(Self { target, transport })
    }

    /// The address of the plane.
    pub(crate) fn url(&self) -> &BaseUrl {
        &self.target.url
    }

    /// The token with which it asks.
    pub(crate) const fn token(&self) -> &Secret {
        &self.target.token
    }

    /// `GET path?query`.
    pub(crate) async fn get(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Answer, Failure> {
        self.send(Method::GET, &with_query(path, query), None).await
    }

    /// `POST path` with a body.
    pub(crate) async fn post(&self, path: &str, body: &impl Serialize) -> Result<Answer, Failure> {
        self.send(Method::POST, path, Some(encode(body)?)).await
    }

    /// `PUT path` with a body.
    pub(crate) async fn put(&self, path: &str, body: &impl Serialize) -> Result<Answer, Failure> {
        self.send(Method::PUT, path, Some(encode(body)?)).await
    }

    /// `PATCH path` with a body.
    pub(crate) async fn patch(&self, path: &str, body: &impl Serialize) -> Result<Answer, Failure> {
        self.send(Method::PATCH, path, Some(encode(body)?)).await
    }

    /// `DELETE path?query`.
    pub(crate) async fn delete(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Answer, Failure> {
        self.send(Method::DELETE, &with_query(path, query), None)
            .await
    }

    /// `GET path`, however much it is: every piece goes to `take`, with the length of the whole if it is known. Says how
    /// many bytes came.
    pub(crate) async fn download(
        &self,
        path: &str,
        take: impl FnMut(&[u8], Option<u64>) -> io::Result<()>,
    ) -> Result<u64, Failure> {
        let uri = self.target.url.join(&format!("{BASE_PATH}{path}"));
        let download = self
            .transport
            .download(uri, &self.target.token, take)
            .await
            .map_err(|error| self.unreachable(&error))?;
        match download {
            Download::Whole { bytes } => Ok(bytes),
            Download::Refused(reply) => Err(self.refused(&reply)),
        }
    }

    /// A list, page by page, until it ends or enough was read. Items stay as the plane wrote them.
    pub(crate) async fn list(
        &self,
        path: &str,
        query: &[(&str, String)],
        wanted: &Wanted,
    ) -> Result<List<Box<RawValue>>, Failure> {
        let mut all = List {
            items: Vec::new(),
            next_cursor: wanted.cursor.clone(),
        };
        loop {
            let read = u32::try_from(all.items.len()).unwrap_or(u32::MAX);
            let missing = wanted
                .limit
                .map_or(PAGE, |limit| limit.saturating_sub(read));
            let mut query = query.to_vec();
            query.push(("limit", missing.min(PAGE).to_string()));
            query.extend(all.next_cursor.take().map(|cursor| ("cursor", cursor)));
            let page: List<Box<RawValue>> = self.get(path, &query).await?.read()?;
            all.items.extend(page.items);
            all.next_cursor = page.next_cursor;
            let read = u32::try_from(all.items.len()).unwrap_or(u32::MAX);
            let enough = wanted.limit.is_some_and(|limit| read >= limit);
            if enough || all.next_cursor.is_none() {
                return Ok(all);
            }
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, Failure> {
        let uri = self.target.url.join(&format!("{BASE_PATH}{path}"));
        let reply = self
            .transport
            .send(method, uri, &self.target.token, body)
            .await
            .map_err(|error| self.unreachable(&error))?;
        if (200..300).contains(&reply.status) {
            return Ok(Answer { body: reply.body });
        }
        Err(self.refused(&reply))
    }

    /// What an answer without success says.
    fn refused(&self, reply: &Reply) -> Failure {
        if let Ok(problem) = serde_json::from_slice::<OAuthProblem>(&reply.body) {
            return Failure::from_oauth(reply.status, &problem);
        }
        match serde_json::from_slice::<Problem>(&reply.body) {
            Ok(problem) => Failure::from_problem(reply.status, reply.retry_after, problem),
            Err(_) => Failure::new(
                Kind::of_status(reply.status),
                format!(
                    "{} answered {} without saying why",
                    self.target.url, reply.status
                ),
            )
            .fix("check that PORTUNUS_URL or --url names a plane, not something before it"),
        }
    }

    fn unreachable(&self, error: &Unreachable) -> Failure {
        if matches!(error, Unreachable::Token) {
            return Failure::new(Kind::Authentication, error.to_string())
                .fix("look at PORTUNUS_TOKEN, or run `portunus login`");
        }
        Failure::new(Kind::General, format!("{}: {error}", self.target.url)).fix(format!(
            "start a plane with `portunus serve`, or name its address with --url ({})",
            self.target.source
        ))
    }
}

fn encode(body: &impl Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(body)
        .map_err(|error| Failure::new(Kind::General, format!("cannot write the request: {error}")))
}

fn with_query(path: &str, query: &[(&str, String)]) -> String {
    query
        .iter()
        .enumerate()
        .fold(path.to_owned(), |mut text, (at, (name, value))| {
            text.push(if at == 0 { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            text.push_str(&escape(value));
            text
        })
}

/// Percent-encodes what is not unreserved (RFC 3986), so that any text is one path segment or one value.
pub(crate) fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':') {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_one_segment() {
        assert_eq!(escape("anthropic:a_1"), "anthropic:a_1");
        assert_eq!(escape("../é?x"), "..%2F%C3%A9%3Fx");
        assert_eq!(
            with_query("/keys", &[("pool", "a&b".into()), ("limit", "5".into())]),
            "/keys?pool=a%26b&limit=5"
        );
    }
}
