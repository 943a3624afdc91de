//! Access tokens on the wire: what the OAuth endpoints take and answer, and what the plane publishes of itself.

use crate::SecretText;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A refusal of an OAuth endpoint (RFC 6749 §5.2).
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct OAuthProblem {
    /// `invalid_request`, `invalid_client`, `invalid_grant`, `invalid_scope`, `invalid_target`, `access_denied`,
    /// `unsupported_grant_type`, `temporarily_unavailable` or `server_error`.
    pub error: String,
    /// The same in words.
    pub error_description: String,
}

/// Body of `POST /api/v1/token`, as a form or as JSON.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct TokenRequest {
    /// `client_credentials` (RFC 6749 §4.4) or `urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693).
    pub grant_type: String,
    /// Scopes with spaces between them, none wider than what is held; all that is held when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Name or id of the token's owner; needed by nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The token, where it comes neither as `Authorization: Bearer` nor as `Basic`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretText>,
    /// For a token exchange: the token, or the access token that is to be renewed or narrowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_token: Option<SecretText>,
    /// `urn:ietf:params:oauth:token-type:access_token` or `urn:ietf:params:oauth:token-type:jwt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_token_type: Option<String>,
    /// The same two, or absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_token_type: Option<String>,
    /// The plane's issuer, or absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
}

/// An access token.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct TokenResponse {
    /// The signed JWT.
    pub access_token: SecretText,
    /// `Bearer`.
    pub token_type: String,
    /// Seconds until it expires.
    pub expires_in: u64,
    /// Seconds until it should be renewed: half of its life, ten per cent earlier or later.
    pub refresh_in: u64,
    /// What it holds, with spaces between the scopes.
    pub scope: String,
    /// `urn:ietf:params:oauth:token-type:access_token`, in the answer to a token exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<String>,
}

/// Body of `POST /api/v1/token/introspect` and `POST /api/v1/token/revoke`, as a form or as JSON.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct PresentedToken {
    /// The token or access token.
    pub token: SecretText,
    /// Ignored: what it is, is seen from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_type_hint: Option<String>,
}

/// What a token is worth now (RFC 7662 §2.2). Everything but `active` is absent when it is worth nothing.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct Introspection {
    /// Whether the plane accepts it.
    pub active: bool,
    /// What it holds, with spaces between the scopes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Id of its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Name of its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// `Bearer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    /// Who issued it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Whom it is meant for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    /// Its public handle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// When it was issued, in seconds since the epoch; of access tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    /// When it expires; of access tokens, and of tokens with an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<u64>,
    /// Its family; of access tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fam: Option<String>,
    /// Its owner's generation; of access tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#gen: Option<u64>,
}

/// The keys that verify access tokens (RFC 7517).
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct KeySet {
    /// The keys, the one that signs first.
    pub keys: Vec<PublicKey>,
}

/// An Ed25519 public key (RFC 8037).
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct PublicKey {
    /// `OKP`.
    pub kty: String,
    /// `Ed25519`.
    pub crv: String,
    /// `EdDSA`.
    pub alg: String,
    /// `sig`.
    pub r#use: String,
    /// Its name in the headers of tokens.
    pub kid: String,
    /// The key in base64url.
    pub x: String,
}

/// What the plane tells OAuth clients of itself (RFC 8414).
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct ServerMetadata {
    /// Who issues: `public_url`, or a name of the plane.
    pub issuer: String,
    /// Where tokens are exchanged.
    pub token_endpoint: String,
    /// Where the keys are.
    pub jwks_uri: String,
    /// Where tokens are looked at.
    pub introspection_endpoint: String,
    /// Where tokens are ended.
    pub revocation_endpoint: String,
    /// How clients say who they are there.
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// The same, for looking.
    pub introspection_endpoint_auth_methods_supported: Vec<String>,
    /// The same, for ending.
    pub revocation_endpoint_auth_methods_supported: Vec<String>,
    /// What can be exchanged, and how.
    pub grant_types_supported: Vec<String>,
    /// None: nobody is sent through a browser.
    pub response_types_supported: Vec<String>,
    /// Where it is explained.
    pub service_documentation: String,
}

/// The keys that access tokens are signed with.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct SigningKeys {
    /// The keys that verify, the one that signs first.
    pub keys: Vec<SigningKey>,
}

/// Body of `POST /api/v1/signing/rotate`, which has no fields.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateSigningKey {}

/// Body of `POST /api/v1/agents/{agent}/access/revoke`, which has no fields.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeAccess {}

/// Where a signing key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SigningState {
    /// It signs.
    Active,
    /// It verifies what it signed before.
    Retiring,
}

/// One signing key; its private half never leaves the plane.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct SigningKey {
    /// Its name in the headers of tokens.
    pub kid: String,
    /// Where it stands.
    pub state: SigningState,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Until when it verifies and is published; absent for the one that signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub verifies_until: Option<String>,
}

/// What became of an agent's access tokens.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct AccessRevoked {
    /// Id of the agent.
    pub agent: String,
    /// Its generation from now on; access tokens of earlier ones are refused.
    pub generation: u64,
    /// How many families ended.
    pub families: u64,
}
