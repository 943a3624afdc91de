//! The noes of a request that was sent upstream, to one key or to several, and got no answer for its client.

use super::reason::Reason;
use super::{Refusal, Relayed};
use crate::call::Call;
use crate::provider::headers;
use crate::upstream_answer::{Silence, UpstreamAnswer};
use portunus_core::pool::Class;

impl Refusal {
    /// The last attempt's failure is what the client gets.
    pub(crate) fn failed(call: &Call, class: &Class) -> Self {
        match (&call.last, class) {
            (Some(answer @ UpstreamAnswer::Said { .. }), Class::ClientFault | Class::Ok) => {
                Self::relayed(answer)
            }
            (Some(answer), Class::Entitlement(_)) => Self::entitlement(answer),
            (Some(UpstreamAnswer::Silent(silence)), _) => Self::no_answer(call, *silence),
            (Some(answer @ UpstreamAnswer::Said { .. }), _) => {
                Self::new(Reason::Overloaded, answer.message())
            }
            (None, _) => Self::new(Reason::Overloaded, "The provider has no capacity now."),
        }
    }

    /// The upstream's own answer, without its identity and quota.
    fn relayed(answer: &UpstreamAnswer) -> Self {
        let mut refusal = Self::new(Reason::InvalidRequest, answer.message());
        // A web page would crash the client's parser: it gets the protocol's own envelope instead.
        if let UpstreamAnswer::Said {
            status,
            headers,
            body,
        } = answer
            && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
        {
            refusal.relayed = Some(Box::new(Relayed {
                status: *status,
                headers: headers::for_client(headers),
                body: body.clone(),
            }));
        }
        refusal
    }

    /// No key may serve what was asked: the client's to change, in the provider's words.
    pub(super) fn entitlement(answer: &UpstreamAnswer) -> Self {
        Self::new(Reason::InvalidRequest, answer.message())
    }

    /// The upstream gave no usable answer, after all the tries that this request has.
    fn no_answer(call: &Call, silence: Silence) -> Self {
        let reason = match silence {
            Silence::TimedOut => Reason::UpstreamTimeout,
            _ => Reason::BadUpstream,
        };
        let pool = call.pool.settings();
        Self::new(
            reason,
            format!("The upstream of pool '{}' {silence}.", pool.name),
        )
    }

    /// A stream broke after its first words.
    pub(crate) fn broken_off(why: &str) -> Self {
        Self::new(
            Reason::BadUpstream,
            format!("The answer is incomplete: the upstream {why}."),
        )
    }
}
