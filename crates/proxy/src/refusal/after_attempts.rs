//! The noes of a request that was sent upstream, to one key or to several, and got no answer for its client.

use super::reason::Reason;
use super::{Refusal, Relayed};
use crate::call::Call;
use crate::provider::error_shape::{ErrorKind, error_body};
use crate::provider::headers;
use crate::upstream_answer::{Silence, UpstreamAnswer};
use http::{HeaderValue, header};
use portunus_core::pool::Class;
use serde::de::IgnoredAny;

impl Refusal {
    /// The last attempt's failure is what the client gets.
    pub(crate) fn failed(call: &Call, class: &Class) -> Self {
        match (&call.last, class) {
            (Some(answer @ UpstreamAnswer::Said { .. }), Class::ClientFault | Class::Ok) => {
                Self::relayed(call, answer)
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
    fn relayed(call: &Call, said: &UpstreamAnswer) -> Self {
        let mut refusal = Self::new(Reason::InvalidRequest, said.message());
        let UpstreamAnswer::Said {
            status,
            headers,
            body,
        } = said
        else {
            return refusal;
        };
        let mut relayed = Relayed {
            status: *status,
            headers: headers::for_client(headers),
            body: body.clone(),
        };
        if serde_json::from_slice::<IgnoredAny>(body).is_err() {
            // What is no JSON would crash the client's parser: it gets the protocol's own envelope instead.
            let kind = ErrorKind::of_status(status.as_u16());
            let id = call.record.id().to_string();
            relayed.body = error_body(call.protocol, kind, &refusal.message, &id);
            let json = HeaderValue::from_static("application/json");
            relayed.headers.insert(header::CONTENT_TYPE, json);
            relayed.headers.remove(header::CONTENT_ENCODING);
            refusal = refusal.futile();
        }
        refusal.relayed = Some(Box::new(relayed));
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
        let refusal = Self::new(
            reason,
            format!("The upstream of pool '{}' {silence}.", pool.name),
        );
        match silence {
            // Only an operator can mend it.
            Silence::AddressRefused | Silence::Unsendable => refusal.futile(),
            _ => refusal,
        }
    }

    /// A stream broke after its first words.
    pub(crate) fn broken_off(why: &str) -> Self {
        Self::new(
            Reason::BadUpstream,
            format!("The answer is incomplete: the upstream {why}."),
        )
    }
}
