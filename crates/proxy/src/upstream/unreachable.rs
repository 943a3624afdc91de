//! Why no connection came about, in a few words for the person who has to mend it. What the operating system and the TLS
//! library say beyond that is in the log.

use rustls::CertificateError;
use std::io;

/// What stood between this plane and an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreachable {
    /// The base URL names nobody who could be called.
    #[error("its base URL is none that could be called")]
    NoSuchUpstream,
    /// Its name has no address, or nobody was there to ask.
    #[error("its name could not be resolved")]
    Unresolved,
    /// Name, connection and TLS handshake together took too long.
    #[error("no connection came about in time")]
    TimedOut,
    /// Nobody listens there.
    #[error("the connection was refused")]
    Refused,
    /// No network leads there.
    #[error("no route leads to it")]
    NoRoute,
    /// The other side closed while the connection was being made.
    #[error("it closed the connection at once")]
    Closed,
    /// Its certificate is too old.
    #[error("its certificate has expired")]
    CertificateExpired,
    /// Its certificate is not for the name that was called.
    #[error("its certificate is for another name")]
    CertificateForAnother,
    /// Nobody whom this machine trusts has signed its certificate.
    #[error("its certificate is signed by nobody whom this machine trusts")]
    CertificateUntrusted,
    /// Another fault of its certificate.
    #[error("its certificate is not valid")]
    CertificateInvalid,
    /// What came is not TLS.
    #[error("it does not speak TLS there")]
    NotTls,
    /// Both speak TLS, and have nothing in common.
    #[error("no agreement over TLS was reached")]
    NoTlsAgreement,
    /// What the operating system has to say is in the log.
    #[error("no connection could be made")]
    NoConnection,
}

impl Unreachable {
    /// What an attempt to connect met.
    pub(super) fn of_connection(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::TimedOut => Self::TimedOut,
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Self::NoRoute,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => Self::Closed,
            _ => Self::NoConnection,
        }
    }

    /// What a TLS handshake met.
    pub(super) fn of_handshake(error: &io::Error) -> Self {
        let said = error.get_ref().and_then(|said| said.downcast_ref());
        match said {
            Some(rustls::Error::InvalidCertificate(fault)) => Self::of_certificate(fault),
            Some(rustls::Error::InvalidMessage(_)) => Self::NotTls,
            Some(_) => Self::NoTlsAgreement,
            None => Self::of_connection(error),
        }
    }

    const fn of_certificate(fault: &CertificateError) -> Self {
        match fault {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                Self::CertificateExpired
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::CertificateForAnother
            }
            CertificateError::UnknownIssuer => Self::CertificateUntrusted,
            _ => Self::CertificateInvalid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake(error: rustls::Error) -> String {
        Unreachable::of_handshake(&io::Error::new(io::ErrorKind::InvalidData, error)).to_string()
    }

    #[test]
    fn faults_of_certificates_are_told_apart() {
        let told = [
            (CertificateError::Expired, "its certificate has expired"),
            (
                CertificateError::NotValidForName,
                "its certificate is for another name",
            ),
            (
                CertificateError::UnknownIssuer,
                "its certificate is signed by nobody whom this machine trusts",
            ),
            (CertificateError::Revoked, "its certificate is not valid"),
        ];
        for (fault, words) in told {
            assert_eq!(handshake(rustls::Error::InvalidCertificate(fault)), words);
        }
        let alert = rustls::AlertDescription::HandshakeFailure;
        assert_eq!(
            handshake(rustls::Error::AlertReceived(alert)),
            "no agreement over TLS was reached"
        );
    }

    #[test]
    fn a_connection_that_ends_in_the_middle_of_a_handshake_is_told_as_what_it_is() {
        let met = |kind: io::ErrorKind| Unreachable::of_handshake(&kind.into());
        assert_eq!(met(io::ErrorKind::UnexpectedEof), Unreachable::Closed);
        assert_eq!(met(io::ErrorKind::TimedOut), Unreachable::TimedOut);
        let unknown = io::Error::other("too many open files");
        assert_eq!(
            Unreachable::of_connection(&unknown),
            Unreachable::NoConnection
        );
    }
}
