//! How a connection is refused or ended: every code with its close code in one table.

use serde::{Deserialize, Serialize};

/// Close codes (RFC 6455 §7.4) that the plane sends.
pub mod close {
    /// The client said goodbye.
    pub const NORMAL: u16 = 1000;
    /// The client broke the protocol.
    pub const PROTOCOL: u16 = 1002;
    /// A binary frame came.
    pub const UNSUPPORTED: u16 = 1003;
    /// Text that is not UTF-8.
    pub const NOT_TEXT: u16 = 1007;
    /// Who the client is, or what it may, does not suffice.
    pub const AUTH: u16 = 1008;
    /// A message that is too large.
    pub const TOO_LARGE: u16 = 1009;
    /// The plane failed.
    pub const INTERNAL: u16 = 1011;
    /// The plane restarts.
    pub const RESTART: u16 = 1012;
    /// A limit is reached.
    pub const TRY_LATER: u16 = 1013;
    /// The credential was rotated: connect with its successor.
    pub const ROTATED: u16 = 4001;
    /// The client reads or acknowledges too slowly.
    pub const SLOW_READER: u16 = 4002;
    /// Nothing was heard of the client for too long.
    pub const NO_PONG: u16 = 4003;
}

macro_rules! push_error_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $close:expr;)*) => {
        /// Stable name of a kind of refusal. Clients go on trying, with backoff, when they do not know one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
        pub enum PushErrorCode {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
            /// One that this version does not know.
            #[serde(other)]
            Unknown,
        }

        impl PushErrorCode {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name as it travels.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* Self::Unknown => "unknown" }
            }

            /// What the connection is closed with; `None` when only one frame is refused.
            #[must_use]
            pub const fn closes_with(self) -> Option<u16> {
                match self { $(Self::$name => $close,)* Self::Unknown => None }
            }
        }
    };
}

push_error_codes! {
    /// The WebSocket's own rules are broken (RFC 6455).
    ProtocolError = "protocol_error", Some(close::PROTOCOL);
    /// A frame is not JSON, or misses what it must have.
    MalformedFrame = "malformed_frame", Some(close::PROTOCOL);
    /// A binary message.
    NotText = "not_text", Some(close::UNSUPPORTED);
    /// Text that is not UTF-8.
    NotUtf8 = "not_utf8", Some(close::NOT_TEXT);
    /// A message that is larger than `max_frame_bytes`.
    FrameTooLarge = "frame_too_large", Some(close::TOO_LARGE);
    /// The first frame is not `connect`.
    ConnectFirst = "connect_first", Some(close::PROTOCOL);
    /// `connect` came a second time.
    ConnectTwice = "connect_twice", Some(close::PROTOCOL);
    /// `connect` did not come in time.
    ConnectTimeout = "connect_timeout", Some(close::AUTH);
    /// The nonce is not the challenge's.
    WrongNonce = "wrong_nonce", Some(close::AUTH);
    /// A version of the protocol that is not spoken here.
    UnsupportedProtocol = "unsupported_protocol", Some(close::PROTOCOL);
    /// An event is acknowledged that was not sent.
    AckFromTheFuture = "ack_from_the_future", Some(close::PROTOCOL);
    /// The cursor cannot be read.
    BadCursor = "bad_cursor", Some(close::PROTOCOL);
    /// No credential came.
    MissingCredential = "missing_credential", Some(close::AUTH);
    /// The credential is not accepted.
    InvalidToken = "invalid_token", Some(close::AUTH);
    /// The credential was revoked while the connection was open.
    TokenRevoked = "token_revoked", Some(close::AUTH);
    /// The access token that the connection stands on is over.
    CredentialExpired = "credential_expired", Some(close::AUTH);
    /// The token was rotated, and its overlap is over.
    CredentialRotated = "credential_rotated", Some(close::ROTATED);
    /// The credential proves somebody else than the client takes itself for.
    WrongAgent = "wrong_agent", Some(close::AUTH);
    /// The credential does not hold the scope of a topic.
    InsufficientScope = "insufficient_scope", Some(close::AUTH);
    /// Too many connections, of the principal or on this node.
    TooManyConnections = "too_many_connections", Some(close::TRY_LATER);
    /// Too many credentials from the same source failed, or too many on this node; those that are valid are accepted.
    SourceLimited = "source_limited", Some(close::TRY_LATER);
    /// The client reads or acknowledges too slowly.
    SlowReader = "slow_reader", Some(close::SLOW_READER);
    /// Nothing was heard of the client for too long.
    NoPong = "no_pong", Some(close::NO_PONG);
    /// The plane shuts down.
    Draining = "draining", Some(close::RESTART);
    /// The database does not answer, so that it is not decided who the client is.
    StoreUnavailable = "store_unavailable", Some(close::TRY_LATER);
    /// The plane failed.
    Internal = "internal", Some(close::INTERNAL);
    /// A type of frame that is not known here.
    UnknownFrame = "unknown_frame", None;
    /// A field of a frame has a value that is not allowed, or is not known.
    InvalidFrame = "invalid_frame", None;
    /// The credential does not hold the scope that the frame takes.
    NotPermitted = "not_permitted", None;
    /// Only agents do this.
    NotAnAgent = "not_an_agent", None;
    /// A message that is not for the agent, or is forgotten.
    NotFound = "not_found", None;
    /// A message that was never handed out.
    NotDelivered = "not_delivered", None;
    /// A message whose delivery has failed.
    DeliveryFailed = "delivery_failed", None;
    /// Too many frames of this kind.
    RateLimited = "rate_limited", None;
    /// The frame could not be carried out: the database does not answer.
    NotDone = "not_done", None;
}

/// What is wrong with the credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PushAuthReason {
    /// None came; that costs nothing.
    CredentialMissing,
    /// It is not accepted.
    TokenInvalid,
    /// It was revoked.
    TokenRevoked,
    /// It was replaced by a successor.
    TokenRotated,
    /// An access token is over.
    TokenExpired,
    /// It proves somebody else.
    WrongPrincipal,
    /// It does not hold what is asked for.
    ScopeMissing,
    /// One that this version does not know.
    #[serde(other)]
    Unknown,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PushStep {
    /// Nothing: the connection goes on.
    GoOn,
    /// Stop: send a credential in `connect` or as `Authorization`.
    GiveCredential,
    /// Stop, and forget the credential: it will not be accepted again.
    ForgetToken,
    /// Connect again with the token's successor.
    UseSuccessor,
    /// Renew the access token, or exchange the token anew, and connect again.
    RenewCredential,
    /// Connect again after `retry_after_ms`, or with backoff when it is null.
    Reconnect,
    /// Wait for `retry_after_ms`, and try once more.
    Wait,
    /// Stop: an operator must allow it.
    AskOperator,
    /// Stop: the program has a mistake.
    FixClient,
    /// One that this version does not know: go on trying, with backoff.
    #[serde(other)]
    Unknown,
}

/// Why a frame or a connection is refused. The five members behind `code` are always there; `null` says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct PushError {
    /// The kind of refusal.
    pub code: PushErrorCode,
    /// The same for people.
    pub message: String,
    /// What is wrong with the credential.
    pub auth_reason: Option<PushAuthReason>,
    /// Whether the token of a paired device would be accepted where this credential was not.
    pub can_retry_with_device_token: bool,
    /// What to do next.
    pub recommended_next_step: PushStep,
    /// Milliseconds after which the same may succeed.
    pub retry_after_ms: Option<u64>,
    /// The `id` of the frame that is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_closes_are_those_that_an_endpoint_may_send() {
        for (at, code) in PushErrorCode::ALL.iter().enumerate() {
            let rest = &PushErrorCode::ALL[at + 1..];
            assert!(rest.iter().all(|other| other.as_str() != code.as_str()));
            if let Some(close) = code.closes_with() {
                assert!(
                    matches!(close, 1000..=1003 | 1007..=1014 | 4000..=4999),
                    "{close}"
                );
            }
            let json = serde_json::to_string(code).unwrap();
            assert_eq!(json, format!("\"{}\"", code.as_str()));
        }
    }

    #[test]
    fn what_a_newer_plane_says_is_read() {
        let newer = r#"{"code": "moon_phase", "message": "no", "auth_reason": "moon", "can_retry_with_device_token": false,
            "recommended_next_step": "howl", "retry_after_ms": null, "more": 1}"#;
        let error: PushError = serde_json::from_str(newer).unwrap();
        assert_eq!(error.code, PushErrorCode::Unknown);
        assert_eq!(error.auth_reason, Some(PushAuthReason::Unknown));
        assert_eq!(error.recommended_next_step, PushStep::Unknown);
    }
}
