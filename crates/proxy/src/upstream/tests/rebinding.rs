//! Names that lead somewhere else than they did: whatever a resolver says, only an address that was judged is connected to.

use super::super::dial::{Dialed, Dialer, Versions};
use super::super::fault::SendError;
use super::super::guard::Resolver;
use super::super::origin::Origin;
use super::super::roots::TlsRoots;
use portunus_app::upstream_policy::{PrivateUpstreams, UpstreamPolicy};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

const METADATA: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(1, 1, 1, 1));
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Dials a private name that resolves to `answers` in turn, the last one for ever; says what came of each dial and how
/// often the name was looked up.
async fn dials(answers: Vec<Vec<IpAddr>>) -> (Vec<Result<(), SendError>>, usize, usize) {
    let listener = TcpListener::bind((HERE, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let base = format!("http://models.lan:{port}").parse().unwrap();
    let origin = Origin::of(&base).unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let (times, count) = (answers.len(), Arc::clone(&asked));
    let resolver = Resolver::Told(Box::new(move || {
        let turn = count.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
        let found = answers[turn].iter();
        Ok(found.map(|ip| SocketAddr::new(*ip, port)).collect())
    }));
    let policy = UpstreamPolicy::new(PrivateUpstreams::Allowed);
    let dialer = Dialer::new(&TlsRoots::none(), policy, Duration::from_millis(500));
    let dialer = dialer.resolved_by(resolver);
    let mut outcomes = Vec::new();
    for _ in 0..times {
        let dialed = dialer.dial(&origin, Versions::All).await;
        outcomes.push(dialed.map(|dialed| match dialed {
            Dialed::Http1(_) | Dialed::Http2(_) => {}
        }));
    }
    let mut arrived = 0;
    while let Ok(Ok(_)) = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await {
        arrived += 1;
    }
    (outcomes, asked.load(Ordering::SeqCst), arrived)
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_the_second_time_is_refused() {
    for elsewhere in [METADATA, PUBLIC] {
        let (outcomes, asked, arrived) = dials(vec![vec![HERE], vec![elsewhere]]).await;
        assert!(outcomes[0].is_ok(), "{outcomes:?}");
        assert!(
            matches!(outcomes[1], Err(SendError::AddressRefused)),
            "{outcomes:?}"
        );
        assert_eq!((asked, arrived), (2, 1));
    }
}

#[tokio::test]
async fn what_was_judged_is_what_is_connected_to() {
    // A second look between judging and connecting would be told another address.
    let (outcomes, asked, arrived) = dials(vec![vec![HERE]]).await;
    assert!(outcomes[0].is_ok(), "{outcomes:?}");
    assert_eq!((asked, arrived), (1, 1));
}

#[tokio::test]
async fn of_several_addresses_only_those_that_may_be_called_are() {
    let (outcomes, _, arrived) = dials(vec![vec![METADATA, PUBLIC, HERE]]).await;
    assert!(outcomes[0].is_ok(), "{outcomes:?}");
    assert_eq!(arrived, 1);
    let (outcomes, _, arrived) = dials(vec![vec![METADATA, PUBLIC]]).await;
    assert!(
        matches!(outcomes[0], Err(SendError::AddressRefused)),
        "{outcomes:?}"
    );
    assert_eq!(arrived, 0);
    let (outcomes, ..) = dials(vec![vec![]]).await;
    assert!(outcomes[0].is_err());
}
