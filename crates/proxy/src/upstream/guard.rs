//! Which addresses an upstream may have, checked at the moment of connecting: a name that was harmless when
//! an operator typed it may resolve to something else now (DNS rebinding).

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use portunus_app::upstream_policy::{UpstreamPolicy, UpstreamScheme};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower_service::Service;

/// The upstream's address is not one that this plane may call.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the upstream resolves to an address that is not allowed")]
pub(super) struct AddressRefused;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Boxed<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// Resolves names and drops what the guard does not permit.
#[derive(Clone, Debug)]
pub(super) struct GuardedResolver {
    inner: GaiResolver,
    policy: UpstreamPolicy,
    scheme: UpstreamScheme,
}

impl GuardedResolver {
    pub(super) fn new(policy: UpstreamPolicy, scheme: UpstreamScheme) -> Self {
        Self {
            inner: GaiResolver::new(),
            policy,
            scheme,
        }
    }
}

impl Service<Name> for GuardedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = Boxed<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (policy, scheme) = (self.policy, self.scheme);
        let lookup = self.inner.call(name);
        Box::pin(async move {
            let permitted: Vec<SocketAddr> = lookup
                .await?
                .filter(|address| policy.check_address(scheme, address.ip()).is_ok())
                .collect();
            if permitted.is_empty() {
                Err(AddressRefused.into())
            } else {
                Ok(permitted.into_iter())
            }
        })
    }
}

/// Refuses addresses that stand in the URL itself, which never reach a resolver, and picks the resolver that knows
/// the scheme: plain HTTP may go to fewer addresses than HTTPS.
#[derive(Clone, Debug)]
pub(super) struct GuardedConnector<C> {
    plain: C,
    secure: C,
    policy: UpstreamPolicy,
}

impl<C> GuardedConnector<C> {
    pub(super) const fn new(plain: C, secure: C, policy: UpstreamPolicy) -> Self {
        Self {
            plain,
            secure,
            policy,
        }
    }
}

impl<C> Service<http::Uri> for GuardedConnector<C>
where
    C: Service<http::Uri>,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
    C::Response: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Boxed<C::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        ready!(self.plain.poll_ready(cx)).map_err(Into::into)?;
        self.secure.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: http::Uri) -> Self::Future {
        let (inner, scheme) = if uri.scheme() == Some(&http::uri::Scheme::HTTPS) {
            (&mut self.secure, UpstreamScheme::Https)
        } else {
            (&mut self.plain, UpstreamScheme::Http)
        };
        let host = uri
            .host()
            .unwrap_or_default()
            .trim_start_matches('[')
            .trim_end_matches(']');
        if let Ok(address) = host.parse::<IpAddr>()
            && self.policy.check_address(scheme, address).is_err()
        {
            return Box::pin(std::future::ready(Err(AddressRefused.into())));
        }
        let connecting = inner.call(uri);
        Box::pin(async move { connecting.await.map_err(Into::into) })
    }
}
