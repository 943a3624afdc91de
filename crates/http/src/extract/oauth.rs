//! What OAuth endpoints take from a request: parameters as a form or as JSON, and how the client says who it is.
//!
//! Unknown parameters are ignored, as RFC 6749 §3.2 wants; one that comes twice, or stands in the URL, is refused.

use super::reading::read as read_body;
use crate::listen::Peer;
use crate::oauth_error::OAuthError;
use axum::extract::{FromRequest, Request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use portunus_app::access::ExchangeError;
use portunus_app::admission::NotAdmitted;
use portunus_app::{AuthError, CredentialHeaders, Plane, Session};
use portunus_core::secret::Secret;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use zeroize::Zeroizing;

/// How a client says who it is (RFC 6749 §2.3, RFC 6750 §2.1).
pub(crate) struct ClientCredential {
    /// Its token or access token.
    pub(crate) secret: Secret,
    /// Its name or id, when it gives one.
    id: Option<String>,
}

/// The parameters of one call, its client, and where it came from.
pub(crate) struct OAuthCall {
    parameters: Parameters,
    client: Option<ClientCredential>,
    arrival: Arrival,
}

/// Where a call came from: what fails counts against that.
struct Arrival {
    headers: HeaderMap,
    peer: Option<IpAddr>,
}

impl Arrival {
    fn turn_away(&self, plane: &Plane, error: AuthError) -> Result<AuthError, OAuthError> {
        told(plane.turn_away(error, &self.headers, self.peer))
    }

    /// Looks for a text among tokens of other systems.
    async fn recognise(&self, plane: &Plane, text: &str) -> Result<(), OAuthError> {
        let looked = plane.recognise_text(text, &self.headers, self.peer).await;
        looked.map_err(|error| told(error).map_or_else(|slowed| slowed, OAuthError::bad_client))
    }

    fn bad_client(&self, plane: &Plane, error: AuthError) -> OAuthError {
        self.turn_away(plane, error)
            .map_or_else(|flood| flood, OAuthError::bad_client)
    }
}

/// Why somebody is not let in, as far as it is about their credential.
fn told(error: NotAdmitted) -> Result<AuthError, OAuthError> {
    let wait_ms = match error {
        NotAdmitted::Credential(error) => return Ok(error),
        NotAdmitted::Flood(limited) => limited.retry_after_ms,
        NotAdmitted::Slowed(slowed) => slowed.retry_after_ms(),
    };
    Err(OAuthError::too_often(error.to_string(), wait_ms))
}

impl fmt::Debug for OAuthCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OAuthCall(..)")
    }
}

impl OAuthCall {
    /// A parameter; an empty one counts as not given.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let value = self.parameters.0.get(name);
        value
            .map(|value| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// A parameter that must be there.
    pub(crate) fn need(&self, name: &'static str) -> Result<&str, OAuthError> {
        self.get(name)
            .ok_or_else(|| OAuthError::invalid_request(format!("the parameter {name} is missing")))
    }

    /// The client's credential, if it sent one.
    pub(crate) const fn client(&self) -> Option<&ClientCredential> {
        self.client.as_ref()
    }

    /// The client, proven.
    pub(crate) async fn prove(&self, plane: &Plane) -> Result<Session, OAuthError> {
        let session = self.recognise(plane).await?;
        plane.pace_vital(session.principal)?;
        Ok(session)
    }

    /// The same for a call whose quota is counted by what it does.
    pub(crate) async fn recognise(&self, plane: &Plane) -> Result<Session, OAuthError> {
        let client = self.client.as_ref().ok_or_else(OAuthError::no_client)?;
        self.arrival
            .recognise(plane, client.secret.expose())
            .await?;
        let proven = client.prove(plane).await?;
        proven.map_err(|error| self.arrival.bad_client(plane, error))
    }

    /// Looks for a presented text among tokens of other systems, so that it is found like one of ours.
    pub(crate) async fn look_for(&self, plane: &Plane, text: &str) -> Result<(), OAuthError> {
        self.arrival.recognise(plane, text).await
    }

    /// What whoever presented a subject that failed is told.
    pub(crate) fn refuse(&self, plane: &Plane, error: ExchangeError) -> OAuthError {
        match error {
            ExchangeError::Auth(error) => match self.arrival.turn_away(plane, error) {
                Ok(error) => ExchangeError::Auth(error).into(),
                Err(flood) => flood,
            },
            other => other.into(),
        }
    }
}

impl ClientCredential {
    /// Proves the client; an id that it gives must be its own.
    async fn prove(&self, plane: &Plane) -> Result<Result<Session, AuthError>, OAuthError> {
        let session = match plane.authenticate_text(self.secret.expose()).await {
            Ok(session) => session,
            Err(error) => return Ok(Err(error)),
        };
        let is_own = |id: &String| {
            *id == **session.name()
                || *id == portunus_core::access::claims::subject_text(session.principal)
        };
        if self.id.as_ref().is_some_and(|id| !is_own(id)) {
            return Err(OAuthError::other_client());
        }
        Ok(Ok(session))
    }
}

impl FromRequest<Arc<Plane>> for OAuthCall {
    type Rejection = OAuthError;

    async fn from_request(request: Request, plane: &Arc<Plane>) -> Result<Self, OAuthError> {
        let (parts, body) = request.into_parts();
        let peer = parts.extensions.get().map(|Peer(peer)| *peer);
        if parts.uri.query().is_some_and(|query| !query.is_empty()) {
            let detail = "parameters belong into the body, where logs do not keep them";
            return Err(OAuthError::invalid_request(detail));
        }
        let bytes = read_body(&parts, body).await;
        let bytes = bytes.map_err(|refusal| OAuthError::unreadable(&refusal))?;
        let mut parameters = read(&parts.headers, &bytes)?;
        let arrival = Arrival {
            headers: parts.headers,
            peer,
        };
        let client = client(&arrival.headers, &mut parameters)?;
        let client = client.map_err(|error| arrival.bad_client(plane, error))?;
        Ok(Self {
            parameters,
            client,
            arrival,
        })
    }
}

/// Exactly one way of saying who one is (RFC 6749 §2.3).
fn client(
    headers: &HeaderMap,
    parameters: &mut Parameters,
) -> Result<Result<Option<ClientCredential>, AuthError>, OAuthError> {
    let id = parameters.0.remove("client_id").map(|id| id.to_string());
    let secret = parameters.0.remove("client_secret");
    let in_body = secret.map(|secret| ClientCredential {
        secret: Secret::new(secret.to_string()),
        id: id.clone(),
    });
    let in_header = match basic(headers) {
        Err(error) => return Ok(Err(error)),
        Ok(found) => found,
    };
    let in_header = match in_header {
        Some(found) => Some(found),
        None => match bearer(headers) {
            Ok(text) => text.map(|text| ClientCredential {
                secret: Secret::new(text.to_owned()),
                id,
            }),
            Err(error) => return Ok(Err(error)),
        },
    };
    match (in_header, in_body) {
        (Some(_), Some(_)) => Err(OAuthError::invalid_request(
            "the client says who it is in a header and in the body: one of them is enough",
        )),
        (header, body) => Ok(Ok(header.or(body))),
    }
}

/// What stands in the headers; it may be a token of another system.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, AuthError> {
    let presented = CredentialHeaders::of(headers);
    match presented.credential() {
        Err(AuthError::Missing) => Ok(None),
        Err(AuthError::Foreign) => match presented.only_foreign() {
            None => Err(AuthError::Foreign),
            text => Ok(text),
        },
        found => found.map(Some),
    }
}

/// `Authorization: Basic`, whose two halves are form-encoded (RFC 6749 §2.3.1).
fn basic(headers: &HeaderMap) -> Result<Option<ClientCredential>, AuthError> {
    let value = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let Some((scheme, encoded)) = value.and_then(|value| value.split_once(' ')) else {
        return Ok(None);
    };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let decoded = STANDARD.decode(encoded.trim()).map(Zeroizing::new);
    let decoded = decoded.map_err(|_| AuthError::Mangled)?;
    let text = std::str::from_utf8(&decoded)
        .ok()
        .and_then(|text| text.split_once(':'));
    let (id, secret) = text.ok_or(AuthError::Mangled)?;
    let plain = |half: &str| {
        let pairs = form_urlencoded::parse(half.as_bytes()).next();
        pairs
            .map(|(plain, _)| plain.into_owned())
            .unwrap_or_default()
    };
    Ok(Some(ClientCredential {
        secret: Secret::new(plain(secret)),
        id: Some(plain(id)).filter(|id| !id.is_empty()),
    }))
}

fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Parameters, OAuthError> {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let essence = kind
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    match essence.trim().to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => form(bytes),
        "application/json" => serde_json::from_slice(bytes).map_err(|_| {
            OAuthError::invalid_request(
                "the body is not one JSON object of texts, each parameter at most once",
            )
        }),
        "" if bytes.is_empty() => Ok(Parameters::default()),
        _ => Err(OAuthError::invalid_request(
            "the Content-Type is neither application/x-www-form-urlencoded nor application/json",
        )),
    }
}

fn form(bytes: &[u8]) -> Result<Parameters, OAuthError> {
    let mut parameters = Parameters::default();
    for (name, value) in form_urlencoded::parse(bytes) {
        if !parameters.add(name.into_owned(), value.into_owned()) {
            return Err(OAuthError::invalid_request("a parameter comes twice"));
        }
    }
    Ok(parameters)
}

/// Parameters by name; wiped when dropped.
#[derive(Default)]
struct Parameters(BTreeMap<String, Zeroizing<String>>);

impl Parameters {
    /// Whether it was not there yet.
    fn add(&mut self, name: String, value: String) -> bool {
        self.0.insert(name, Zeroizing::new(value)).is_none()
    }
}

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Parameters;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parameters, A::Error> {
                let mut parameters = Parameters::default();
                while let Some((name, value)) = map.next_entry::<String, Option<String>>()? {
                    if !parameters.add(name, value.unwrap_or_default()) {
                        return Err(A::Error::custom("a parameter comes twice"));
                    }
                }
                Ok(parameters)
            }
        }

        deserializer.deserialize_map(Object)
    }
}
