//! Which certificates upstreams must chain to.

use std::sync::Arc;

/// Certificates that upstreams must chain to, and nothing else of TLS that differs per worker.
#[derive(Clone, Debug)]
pub struct TlsRoots(Arc<rustls::ClientConfig>);

/// No certificates were found on this machine.
#[derive(Debug, thiserror::Error)]
#[error(
    "no root certificates were found; install the ca-certificates package or set SSL_CERT_FILE"
)]
pub struct NoRoots;

impl TlsRoots {
    /// Reads the machine's root certificates (`SSL_CERT_FILE` and `SSL_CERT_DIR` count).
    ///
    /// # Errors
    /// When there are none; [`TlsRoots::none`] then leaves plain HTTP upstreams usable.
    pub fn of_this_machine() -> Result<Self, NoRoots> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = rustls::RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            Err(NoRoots)
        } else {
            Ok(Self::with(roots))
        }
    }

    /// Trusts nobody: every HTTPS upstream fails.
    #[must_use]
    pub fn none() -> Self {
        Self::with(rustls::RootCertStore::empty())
    }

    /// Trusts exactly `roots`.
    #[must_use]
    pub fn with(roots: rustls::RootCertStore) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        #[expect(
            clippy::expect_used,
            reason = "the provider supports the default versions by construction"
        )]
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("aws-lc-rs knows TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self(Arc::new(config))
    }

    /// The same certificates, with these protocols to agree on (RFC 7301), the preferred one first.
    pub(super) fn offering(&self, protocols: &[&[u8]]) -> Arc<rustls::ClientConfig> {
        let mut config = (*self.0).clone();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Arc::new(config)
    }
}
