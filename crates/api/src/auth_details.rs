//! What a failed sign-in tells a program besides its code: why, and what to do next.
//!
//! The members stand in the problem document (RFC 9457 §3.2), beside `code`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a sign-in failed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthReason {
    /// Nothing to sign in with came; that costs nothing.
    CredentialMissing,
    /// The name or the password is wrong.
    PasswordWrong,
    /// A token came that is not accepted.
    TokenInvalid,
    /// Too many credentials from this address failed; the password was not looked at.
    SourcePenalised,
    /// Too many passwords for this name were wrong; this one was not looked at.
    AccountDelayed,
    /// Too many passwords wait; this one was not looked at.
    PasswordsBusy,
    /// The credential proves somebody who does not sign in.
    NotAnOperator,
}

/// What to do next.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// Send a name and a password, or a token.
    GiveCredential,
    /// Ask for the password again, or sign in with a device's token.
    GivePassword,
    /// Forget the token that was sent, and sign in with another credential.
    ForgetToken,
    /// Wait for `retry_after_ms`, or sign in with a device's token, which never waits.
    Wait,
    /// Sign in as an operator.
    UseOperator,
}

/// See the module.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuthDetails {
    /// Why it failed.
    pub auth_reason: AuthReason,
    /// Whether the token of a paired device would be accepted now where this was not.
    pub can_retry_with_device_token: bool,
    /// What to do next.
    pub recommended_next_step: NextStep,
    /// Milliseconds after which the same may succeed; absent when waiting does not help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}
