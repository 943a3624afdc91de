//! What went wrong with connections: in words that a person can act on, and at which address it stands so now.

use crate::endpoint::Endpoint;
use crate::error::Lost;
use crate::pin::NotPinned;
use crate::trust::{NotTrusted, verdict};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::io;
use tokio::sync::Notify;

/// How each address failed last, while it does.
#[derive(Debug, Default)]
pub(crate) struct Troubles {
    now: Mutex<BTreeMap<String, Lost>>,
    changed: Notify,
}

impl Troubles {
    pub(crate) fn note(&self, endpoint: &Endpoint, lost: &Lost) {
        let before = self.now.lock().insert(endpoint.to_string(), lost.clone());
        if before.as_ref() != Some(lost) {
            self.changed.notify_one();
        }
    }

    pub(crate) fn clear(&self, endpoint: &Endpoint) {
        let mut now = self.now.lock();
        if !now.is_empty() && now.remove(&endpoint.to_string()).is_some() {
            self.changed.notify_one();
        }
    }

    pub(crate) fn now(&self) -> Vec<(String, Lost)> {
        let now = self.now.lock();
        let pairs = now.iter();
        pairs
            .map(|(plane, lost)| (plane.clone(), lost.clone()))
            .collect()
    }

    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }
}

impl Lost {
    /// Why a request over a [`crate::Connector`] has no answer.
    #[must_use]
    pub fn of(error: &hyper_util::client::legacy::Error) -> Self {
        match error.is_connect() {
            true => not_connected(error),
            false => Self::Broken(in_words(error)),
        }
    }
}

/// Why there is no connection.
pub(crate) fn not_connected(error: &(dyn StdError + 'static)) -> Lost {
    for failed in causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()) {
        if let Some(NotPinned(shown)) = verdict::<NotPinned>(failed) {
            return Lost::NotPinned(shown.clone());
        }
        if let Some(NotTrusted { shown, why }) = verdict::<NotTrusted>(failed) {
            return Lost::NotTrusted {
                shown: shown.clone(),
                why: (*why).to_owned(),
            };
        }
    }
    Lost::NotConnected(in_words(error))
}

/// The deepest cause says what a person can act on: "connection refused", not "client error". What only a programmer would
/// understand is said otherwise.
pub(crate) fn in_words(error: &(dyn StdError + 'static)) -> String {
    let known = causes(error).find_map(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        let tls = cause.downcast_ref::<rustls::Error>();
        let tls = tls.or_else(|| io?.get_ref()?.downcast_ref());
        let http = cause.downcast_ref::<hyper::Error>();
        match (tls, io, http) {
            (Some(tls), ..) => Some(of_tls(tls)),
            (_, Some(io), _) if io.kind() == io::ErrorKind::UnexpectedEof => Some("it was closed"),
            (.., Some(http)) if http.is_parse() => {
                Some("what answers there does not speak HTTP; if it speaks TLS, write https://")
            }
            (.., Some(http)) if http.is_incomplete_message() => {
                Some("it was closed before an answer came")
            }
            _ => None,
        }
    });
    let deepest = || causes(error).last().map(ToString::to_string);
    known
        .map(str::to_owned)
        .or_else(deepest)
        .unwrap_or_default()
}

fn of_tls(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidMessage(_) => {
            "what answers there does not speak TLS; if the plane has none, write http://"
        }
        rustls::Error::InvalidCertificate(_) => "its certificate is not believed",
        rustls::Error::AlertReceived(_) => "it refuses the TLS handshake",
        rustls::Error::PeerIncompatible(_) => {
            "it has no version or cipher of TLS in common with us"
        }
        _ => "TLS does not come about",
    }
}

fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_connection_died_of_is_told_without_a_programmers_words() {
        let docs =
            "peer closed connection without sending TLS close_notify: https://docs.rs/rustls/";
        let closed = io::Error::new(io::ErrorKind::UnexpectedEof, docs);
        assert_eq!(in_words(&closed), "it was closed");
        let message = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        let plain = not_connected(&io::Error::other(message)).to_string();
        assert!(plain.contains("write http://"), "{plain}");
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(in_words(&refused), "connection refused");
    }
}
