//! The usual next step for every kind of refusal, for when the route knows no better one.
//!
//! In every fix, what can be taken as it is stands between backticks: a command, a request, a path, a setting. Tests follow
//! them all, so that none leads nowhere.

use portunus_api::ErrorCode;
use portunus_core::operator::Role;
use portunus_core::scope::Scope;

/// What to do about `code`, as a sentence without its full stop.
pub(super) const fn usual(code: ErrorCode) -> &'static str {
    use ErrorCode as E;
    match code {
        E::MalformedJson => "send one JSON object as the body",
        E::InvalidBody | E::UnknownField => "compare the body with this route in `/openapi.json`",
        E::UnknownParameter | E::InvalidParameter => {
            "compare the query with this route in `/openapi.json`"
        }
        E::BadCursor => {
            "begin again without cursor, or send a next_cursor of the same list as it came"
        }
        E::UpstreamForbidden | E::BadFallback | E::LastEnabledKey => of_pools(code),
        E::InvalidIdempotencyKey | E::IdempotencyKeyReused | E::RequestRunning | E::AlreadyDone => {
            of_repetitions(code)
        }
        E::TokenInUrl
        | E::TwoTokens
        | E::LastOperatorToken
        | E::LastAdministrator
        | E::OnlyWayIn
        | E::CurrentPasswordNeeded
        | E::TooManyDevices
        | E::MissingCredential
        | E::InvalidToken
        | E::WrongPassword
        | E::SessionOver
        | E::CrossSite
        | E::OperatorsOnly
        | E::SignInDelayed
        | E::PasswordsBusy
        | E::OutlivesCredential
        | E::AgentArchived
        | E::NotArchived
        | E::ImportConflict
        | E::BadRequest
        | E::InsufficientScope => of_callers(code),
        E::UpgradeRequired | E::TooManyConnections => of_connections(code),
        E::NotDelivered | E::DeliveryFailed | E::OutboxFull => of_messages(code),
        E::NotAnAgent => "use the agent's own token, as the agent does",
        E::NotFound => "list what there is and use a name or id from the list",
        E::MethodNotAllowed => "use one of the methods in the Allow header",
        E::RequestTimeout => "send the whole body without pauses",
        E::NameTaken | E::LabelTaken => "choose another name",
        E::DuplicateSecret => "use the key that has this secret already, or give another secret",
        E::AlreadyRevoked => "nothing needs to be done",
        E::SecretNeeded => {
            "give the secret again: `portunus keys set POOL:LABEL --secret`, or `PATCH /api/v1/keys/{key}` with secret"
        }
        E::NothingToImport => {
            "set ANTHROPIC_API_KEY or OPENAI_API_KEY for `portunus serve` before any key exists, or use `portunus keys add --pool POOL --label LABEL`"
        }
        E::BadConfiguration => "mend what is named, then reload again",
        E::NoProcess => "ask a plane that runs as `portunus serve`",
        E::PayloadTooLarge => "send less at once",
        E::UriTooLong => "send less in the path and query",
        E::HeadTooLarge => "send fewer and shorter headers",
        E::UnsupportedMediaType => "send Content-Type: application/json",
        E::RateLimited => "wait as Retry-After says",
        E::Internal => "report it with the request id in instance; the plane's log has the cause",
        E::StoreUnavailable => "try again when `/readyz` answers 200; agents are served meanwhile",
        E::AuditLogBroken => {
            "run `portunus audit verify` on the plane's machine, which names the record, and restore a backup"
        }
        E::Draining => "try again when the plane is back",
    }
}

/// What an operator does who may not do this: the least role that includes `scope`.
pub(super) fn wider_role(scope: Scope) -> &'static str {
    match Role::Operator.scopes().allow(scope) {
        true => "ask an operator who may: `portunus operators set-role NAME --role operator`",
        false => "ask an operator who may: `portunus operators set-role NAME --role admin`",
    }
}

/// What an agent does that is to hear of something and may not: it is none of what agents can do about themselves.
pub(super) const WIDER_AGENT: &str = "ask an operator to give it to the agent, beside the scopes that the agent holds: `portunus agents update NAME --scope SCOPE`";

/// What somebody does who may do this, with a credential that may not.
pub(super) const WIDER_CREDENTIAL: &str = "you hold it and this credential was narrowed: use your token, or exchange it with this scope among those asked for";

/// The same for requests themselves, who asks, how that one is proven, and for agents.
const fn of_callers(code: ErrorCode) -> &'static str {
    use ErrorCode as E;
    match code {
        E::BadRequest => "send the request as HTTP/1.1 has it",
        E::TwoTokens => "send one token, as Authorization: Bearer",
        E::OutlivesCredential => "give the token an end that is no later than your own",
        E::AgentArchived => "restore the agent first: `portunus agents restore NAME`",
        E::ImportConflict => {
            "see each line and its fix with `portunus import --from FILE --dry-run`"
        }
        E::NotArchived => {
            "nothing needs to be done; for another token: `portunus tokens rotate NAME`"
        }
        E::LastOperatorToken => {
            "issue a successor first: `portunus tokens rotate OPERATOR`, or repeat with `--force` (`force` in the API)"
        }
        E::LastAdministrator => {
            "make another operator first: `portunus operators create NAME --role admin`, or repeat with `--force` (`force` in the API)"
        }
        E::OnlyWayIn => {
            "give another way in first: `portunus operators rotate NAME`, or repeat with `--force` (`force` in the API)"
        }
        E::CurrentPasswordNeeded => "send current_password too, or ask with an operator's token",
        E::TooManyDevices => "unpair one first: `portunus operators unpair DEVICE`",
        E::TokenInUrl => {
            "send the token as Authorization: Bearer, and replace it: addresses are kept in logs"
        }
        E::MissingCredential => {
            "send Authorization: Bearer with an operator token; `portunus login` stores one"
        }
        E::InvalidToken => {
            "get a current token: `portunus operators rotate NAME` for an operator, `portunus tokens rotate NAME` for an agent that lives, `portunus agents create NAME` otherwise"
        }
        E::WrongPassword => {
            "give the right name and password, or sign in with a device's token or an operator's"
        }
        E::SessionOver => "sign in again: `POST /api/v1/sessions`",
        E::CrossSite => {
            "send the request from a page of this plane, or with Authorization: Bearer instead of a cookie"
        }
        E::OperatorsOnly => "use an operator's token",
        E::SignInDelayed => {
            "wait as Retry-After says, or sign in with a device's token or an operator's, which never wait"
        }
        E::PasswordsBusy => {
            "try again in a moment, or sign in with a device's token or an operator's"
        }
        _ => "use an operator token",
    }
}

/// The same for where pools lead, and for their keys.
const fn of_pools(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::BadFallback => {
            "name another pool of the same protocol that does not fall back to this one"
        }
        ErrorCode::LastEnabledKey => {
            "add or enable another key first, or repeat with `--force` (`force` in the API)"
        }
        _ => "give the provider's address as https://host[:port][/prefix]",
    }
}

/// The same for messages.
const fn of_messages(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::NotDelivered => {
            "acknowledge what `portunus inbox` (`GET /api/v1/inbox`) gave, once it gave it"
        }
        ErrorCode::OutboxFull => {
            "write less, or wait as Retry-After says; an operator raises messages.outbox_mib and reloads"
        }
        _ => "leave it out; its sender knows why it failed",
    }
}

/// The same for connections that stay open.
const fn of_connections(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::UpgradeRequired => {
            "open it with a WebSocket client, or hear the same from `GET /api/v1/push/events`"
        }
        _ => "close connections that are not needed, or wait as Retry-After says",
    }
}

/// The same for what is asked for under a key.
const fn of_repetitions(code: ErrorCode) -> &'static str {
    use ErrorCode as E;
    match code {
        E::InvalidIdempotencyKey => {
            "send one Idempotency-Key of 1 to 255 visible ASCII characters, such as a UUID"
        }
        E::IdempotencyKeyReused => {
            "send this request under a key of its own, or the first one again as it was"
        }
        E::RequestRunning => "send the same again as Retry-After says: it gets the first's answer",
        E::AlreadyDone => {
            "look at what it made by its id; a token whose text is lost is replaced with `portunus tokens rotate NAME`"
        }
        _ => "send it under a key of its own",
    }
}
