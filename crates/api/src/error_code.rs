//! Every kind of refusal of the control API, with its status and its title in one table.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:literal, $title:literal;)*) => {
        /// Stable name of a kind of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, ToSchema)]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
        }

        impl ErrorCode {
            /// Every code there is, in the order of their statuses.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name as it travels in `code`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The HTTP status that it is answered with.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The kind of problem in words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

error_codes! {
    /// The body is no JSON.
    MalformedJson = "malformed_json", 400, "The body is not JSON";
    /// A field has the wrong type or a value that is not allowed, or is missing.
    InvalidBody = "invalid_body", 400, "A field of the body is not as it must be";
    /// The current password has to come along.
    CurrentPasswordNeeded = "current_password_needed", 400, "The current password is needed";
    /// The body has a field that this route does not know.
    UnknownField = "unknown_field", 400, "The body has an unknown field";
    /// The query string has a parameter that this route does not know.
    UnknownParameter = "unknown_parameter", 400, "The query has an unknown parameter";
    /// A query or path parameter has a value that is not allowed.
    InvalidParameter = "invalid_parameter", 400, "A parameter is not as it must be";
    /// The cursor was not made by this list.
    BadCursor = "bad_cursor", 400, "The cursor does not belong to this list";
    /// A base URL that the plane may not call.
    UpstreamForbidden = "upstream_forbidden", 400, "The upstream address is not allowed";
    /// A fallback that does not exist, speaks another protocol, or leads back.
    BadFallback = "bad_fallback", 400, "The fallback pool cannot serve this pool";
    /// Two different tokens of this plane came at once.
    TwoTokens = "two_tokens", 400, "Two different tokens were presented";
    /// A query parameter looks like a token.
    TokenInUrl = "token_in_url", 400, "A token does not belong into an address";
    /// The request is not one that HTTP allows here.
    BadRequest = "bad_request", 400, "The request is not acceptable";
    /// The key of a change is empty, too long, comes twice or has characters that it cannot have.
    InvalidIdempotencyKey = "invalid_idempotency_key", 400, "The Idempotency-Key is not as it must be";
    /// No credential came.
    MissingCredential = "missing_credential", 401, "A credential is needed";
    /// A credential came and is not accepted.
    InvalidToken = "invalid_token", 401, "The token is not accepted";
    /// The name or the password is wrong.
    WrongPassword = "wrong_password", 401, "The name or the password is wrong";
    /// The session has ended.
    SessionOver = "session_over", 401, "The session is over";
    /// A request with a cookie that another site may have caused.
    CrossSite = "cross_site", 403, "The request may come from another site";
    /// The credential is no operator's, or none to sign in with.
    OperatorsOnly = "operators_only", 403, "Only operators may do this";
    /// The token does not hold the scope of this route.
    InsufficientScope = "insufficient_scope", 403, "The token may not do this";
    /// A new token would last longer than the credential that asks for it.
    OutlivesCredential = "outlives_credential", 403, "The token would outlive the credential that makes it";
    /// Only agents do this, each with a credential of its own.
    NotAnAgent = "not_an_agent", 403, "Only an agent does this";
    /// The path or what it names does not exist.
    NotFound = "not_found", 404, "There is nothing under this name";
    /// The path exists, but not with this method.
    MethodNotAllowed = "method_not_allowed", 405, "The path does not take this method";
    /// The body did not arrive in time.
    RequestTimeout = "request_timeout", 408, "The request did not arrive in time";
    /// The name is in use.
    NameTaken = "name_taken", 409, "The name is in use";
    /// The agent may have no credentials.
    AgentArchived = "agent_archived", 409, "The agent is archived";
    /// There is nothing to restore.
    NotArchived = "not_archived", 409, "The agent is not archived";
    /// Lines of an import that cannot be.
    ImportConflict = "import_conflict", 409, "Lines of the import cannot be imported";
    /// The label is in use in this pool.
    LabelTaken = "label_taken", 409, "The label is in use in this pool";
    /// The pool has a key with the same secret.
    DuplicateSecret = "duplicate_secret", 409, "The pool has this secret already";
    /// It is the last enabled key of its pool.
    LastEnabledKey = "last_enabled_key", 409, "It is the last enabled key of its pool";
    /// Without it nobody could act as an operator any more.
    LastOperatorToken = "last_operator_token", 409, "It is the last token of an operator";
    /// Without the operator nobody could administer the plane any more.
    LastAdministrator = "last_administrator", 409, "It is the last operator who may administer";
    /// Without the password nothing would sign the operator in.
    OnlyWayIn = "only_way_in", 409, "The operator has no other way in";
    /// The operator has as many devices as there may be.
    TooManyDevices = "too_many_devices", 409, "Too many devices are paired";
    /// The token was revoked before.
    AlreadyRevoked = "already_revoked", 409, "The token is revoked already";
    /// The key's quarantine ends only with its secret.
    SecretNeeded = "secret_needed", 409, "The key needs its secret again";
    /// There is nothing to import, or keys exist already.
    NothingToImport = "nothing_to_import", 409, "There is nothing to import";
    /// The configuration that should be read again has mistakes.
    BadConfiguration = "bad_configuration", 409, "The configuration has mistakes";
    /// The plane is a part of another program, such as the demo.
    NoProcess = "no_process", 409, "This plane has no log and no configuration of its own";
    /// The first request under this key is not over.
    RequestRunning = "request_running", 409, "A request under this key is running";
    /// It happened, and its answer can no longer be given.
    AlreadyDone = "already_done", 409, "The request was carried out before";
    /// A message that was never handed out was acknowledged.
    NotDelivered = "not_delivered", 409, "The message was not handed out yet";
    /// The delivery of a message has failed.
    DeliveryFailed = "delivery_failed", 409, "The delivery of the message has failed";
    /// The body is larger than this route reads.
    PayloadTooLarge = "payload_too_large", 413, "The body is too large";
    /// Path and query are longer than the listener reads.
    UriTooLong = "uri_too_long", 414, "The path and query are too long";
    /// The body is not declared as JSON.
    UnsupportedMediaType = "unsupported_media_type", 415, "The body must be application/json";
    /// The key came with another request before.
    IdempotencyKeyReused = "idempotency_key_reused", 422, "The key was used for another request";
    /// The path is for those who open a WebSocket.
    UpgradeRequired = "upgrade_required", 426, "The path opens a WebSocket";
    /// Too many connections of the principal, or on this node.
    TooManyConnections = "too_many_connections", 429, "Too many connections are open";
    /// What the sender wrote and is kept takes as much as it may.
    OutboxFull = "outbox_full", 429, "The sender's messages take all their room";
    /// Too many requests or changes in a short time.
    RateLimited = "rate_limited", 429, "Too many requests in a short time";
    /// Passwords from this source or for this account are not looked at for now.
    SignInDelayed = "sign_in_delayed", 429, "Passwords are not looked at for now";
    /// The headers are more or larger than the listener reads.
    HeadTooLarge = "head_too_large", 431, "The headers are too large";
    /// A bug of the plane.
    Internal = "internal", 500, "The plane failed";
    /// The database does not answer.
    StoreUnavailable = "store_unavailable", 503, "The database does not answer";
    /// Nothing can be recorded, so nothing is changed.
    AuditLogBroken = "audit_log_broken", 503, "The audit log is broken";
    /// Too many passwords wait to be looked at.
    PasswordsBusy = "passwords_busy", 503, "Too many passwords are being looked at";
    /// The plane is shutting down.
    Draining = "draining", 503, "The plane is shutting down";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_statuses_are_errors() {
        for (at, code) in ErrorCode::ALL.iter().enumerate() {
            assert!(code.status() >= 400);
            assert!(
                ErrorCode::ALL[at + 1..]
                    .iter()
                    .all(|other| other.as_str() != code.as_str())
            );
        }
    }
}
