//! The usual verification of a server's certificate, which says in words why it failed and which certificate was shown.

use crate::pin::Pin;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use std::io;
use std::sync::Arc;

/// The server's certificate is not believed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{why}; it shows the certificate {shown}")]
pub(crate) struct NotTrusted {
    pub(crate) shown: Pin,
    pub(crate) why: &'static str,
}

/// What a verifier of ours said of the certificate, if that is what ended the connection.
pub(crate) fn verdict<T: std::error::Error + 'static>(ended: &io::Error) -> Option<&T> {
    match ended.get_ref()?.downcast_ref()? {
        Error::InvalidCertificate(CertificateError::Other(why)) => why.0.downcast_ref(),
        _ => None,
    }
}

/// Asks the machine's roots, as [`WebPkiServerVerifier`] does.
#[derive(Debug)]
pub(crate) struct RootsVerifier(pub(crate) Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for RootsVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self
            .0
            .verify_server_cert(end_entity, intermediates, name, ocsp, now);
        verified.map_err(|error| match error {
            Error::InvalidCertificate(why) => {
                let told = NotTrusted {
                    shown: Pin::of(end_entity),
                    why: in_words(&why),
                };
                CertificateError::Other(OtherError(Arc::new(told))).into()
            }
            other => other,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

const fn in_words(why: &CertificateError) -> &'static str {
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate is past its end"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate does not hold yet, by this machine's clock"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name"
        }
        CertificateError::Revoked => "its certificate was revoked",
        CertificateError::UnknownIssuer => {
            "its certificate is signed by nobody whom this machine trusts, perhaps by itself"
        }
        _ => "its certificate cannot be verified, perhaps because it is signed by itself",
    }
}
