//! Speaks to the control API of a plane: one request, one typed answer or one [`Failure`].
//!
//! `target` finds out which plane and with which token, `credentials` keeps both in a file, `transport` moves bytes, `repeat` says
//! when a change is sent again, `trust` says whose certificate is believed.

mod credentials;
mod repeat;
mod target;
mod transport;
mod trust;

pub(crate) use credentials::{Credentials, CredentialsFile, Removed};
pub(crate) use target::{BaseUrl, DEFAULT_URL, Target};

use crate::failure::{Failure, Kind};
use crate::output::remark;
use bytes::Bytes;
use http::Method;
use portunus_api::access::OAuthProblem;
use portunus_api::{BASE_PATH, List, Problem};
use portunus_core::secret::Secret;
use repeat::Tries;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::io;
use transport::{Download, Reply, Transport, Unreachable};
pub(crate) use transport::{HttpClient, http_client};
pub(crate) use trust::{pins_saved, pins_told, remedy};

/// Items asked for at once when a whole list is read.
const PAGE: u32 = 500;

/// A connection to one plane with one token.
#[derive(Debug)]
pub(crate) struct Client {
    target: Target,
    transport: Transport,
    remarks: Remarks,
}

/// Whether a person hears of what goes on before the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remarks {
    /// On standard error.
    Made,
    /// Nobody reads there, or something else is shown.
    None,
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
        let transport = Transport::new(target.url.endpoint(&target.pins)?)?;
        Ok(Self {
            target,
            transport,
            remarks: Remarks::None,
        })
    }

    /// The same client with remarks or without.
    #[must_use]
    pub(crate) fn with_remarks(self, remarks: Remarks) -> Self {
        Self { remarks, ..self }
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
        let path = with_query(path, query);
        let reply = self.exchange(Method::GET, &path, None, None).await;
        self.read(reply, None)
    }

    /// `POST path` with a body.
    pub(crate) async fn post(&self, path: &str, body: &impl Serialize) -> Result<Answer, Failure> {
        self.change(Method::POST, path, Some(encode(body)?)).await
    }

    /// `PUT path` with a body.
    pub(crate) async fn put(&self, path: &str, body: &impl Serialize) -> Result<Answer, Failure> {
        self.change(Method::PUT, path, Some(encode(body)?)).await
    }

    /// `PATCH path` with a body.
    pub(crate) async fn patch(&self, path: &str, body: &impl Serialize) -> Result<Answer, Failure> {
        self.change(Method::PATCH, path, Some(encode(body)?)).await
    }

    /// `DELETE path?query`.
    pub(crate) async fn delete(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Answer, Failure> {
        self.change(Method::DELETE, &with_query(path, query), None)
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

    /// Sends a change, and again under the same key while its reply is lost.
    async fn change(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, Failure> {
        let key = repeat::new_key()?;
        let mut tries = Tries::default();
        loop {
            let reply = self.exchange(method.clone(), path, Some(&key), body.clone());
            let reply = reply.await;
            let Some(again) = tries.judge(&reply) else {
                return self.read(reply, tries.doubt());
            };
            if self.remarks == Remarks::Made {
                remark(&again.words);
            }
            tokio::time::sleep(again.after).await;
        }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<Vec<u8>>,
    ) -> Result<Reply, Unreachable> {
        let uri = self.target.url.join(&format!("{BASE_PATH}{path}"));
        let token = &self.target.token;
        self.transport.send(method, uri, token, key, body).await
    }

    /// The answer, or why there is none; `doubt` says what may be true all the same.
    fn read(
        &self,
        reply: Result<Reply, Unreachable>,
        doubt: Option<&str>,
    ) -> Result<Answer, Failure> {
        let reply = reply.map_err(|error| match doubt {
            None => self.unreachable(&error),
            Some(doubt) => {
                let detail = format!("{}: {error}", self.target.url);
                Failure::new(Kind::General, detail).fix(doubt)
            }
        })?;
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
        if let Unreachable::Lost(lost) = error
            && let Some(fix) = remedy(lost, |pin| format!("portunus login --pin {pin}"))
        {
            let detail = format!("{} {lost}", self.target.url);
            return Failure::new(Kind::Authentication, detail).fix(fix);
        }
        if matches!(error, Unreachable::Sink(_)) {
            return Failure::new(Kind::General, error.to_string())
                .fix("name a file on a disk with room, in a directory that you may write to");
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
