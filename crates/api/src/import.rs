//! Imports on the wire: agents with hashes of the tokens that they have, and provider keys.

use crate::SecretText;
use crate::keys::AddKey;
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// Most lines of one import.
pub const MAX_LINES: usize = 50_000;

/// Body of `POST /api/v1/import`: all lines are imported, or none.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// Only tell what would become of each line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// What to import; at most 50,000 lines, and 16 MiB in all.
    #[serde(deserialize_with = "crate::object::list")]
    #[schema(min_items = 1, max_items = 50_000)]
    pub lines: Vec<ImportLine>,
}

/// One thing to import.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ImportLine {
    /// An agent with the token that it has.
    Agent(ImportAgent),
    /// A provider key.
    Key(AddKey),
}

/// By hand: a derived schema would demand of each line that it has the field `kind` and that it has it not.
impl PartialSchema for ImportLine {
    fn schema() -> RefOr<Schema> {
        let lines = OneOfBuilder::new()
            .item(tagged(ImportAgent::schema(), "agent"))
            .item(tagged(AddKey::schema(), "key"))
            .description(Some("One thing to import."));
        Schema::OneOf(lines.build()).into()
    }
}

impl ToSchema for ImportLine {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ImportAgent::schemas(schemas);
        AddKey::schemas(schemas);
    }
}

/// The schema of an object with the field that tells its kind.
fn tagged(schema: RefOr<Schema>, kind: &str) -> RefOr<Schema> {
    let RefOr::T(Schema::Object(mut object)) = schema else {
        return schema;
    };
    let tag = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some([kind]));
    object.properties.insert("kind".into(), tag.build().into());
    object.required.push("kind".into());
    Schema::Object(object).into()
}

/// An agent of another system. One of `token_sha256` and `token_pbkdf2` is given.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportAgent {
    /// Lower-case letters, digits and hyphens; 1 to 63 of them; a hyphen neither first nor last.
    #[schema(
        min_length = 1,
        max_length = 63,
        pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
    )]
    pub name: String,
    /// What people call it: 1 to 80 characters of any script, none that is not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 80)]
    pub display_name: Option<String>,
    /// What its tokens hold; `llm.*` and `self.*` when absent. Nobody gives more than they hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 32)]
    pub scopes: Option<Vec<String>>,
    /// SHA-256 of its token, 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_sha256: Option<SecretText>,
    /// `pbkdf2_sha256$ITERATIONS$SALT$DIGEST` of its token, the digest in base64 or hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_pbkdf2: Option<SecretText>,
    /// How its token begins, beside `token_pbkdf2`; without it the agent upgrades its token once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 4, max_length = 64)]
    pub token_prefix: Option<SecretText>,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineOutcome {
    /// It is new.
    Created,
    /// It was imported before.
    Unchanged,
    /// It cannot be imported.
    Conflict,
}

/// What becomes of one line.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct LineReport {
    /// Which one, from 1.
    pub number: usize,
    /// The agent's name, or the key as `pool:label`.
    pub name: String,
    /// What becomes of it.
    pub outcome: LineOutcome,
    /// Why it cannot be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What to do about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// Answer of `POST /api/v1/import`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct ImportReport {
    /// Whether anything was imported.
    pub applied: bool,
    /// Lines that are new.
    pub created: usize,
    /// Lines that were imported before.
    pub unchanged: usize,
    /// Lines that cannot be imported; only of a dry run.
    pub conflicts: usize,
    /// Each line, in the order of the request.
    pub lines: Vec<LineReport>,
}

/// Body of `POST /api/v1/token/upgrade`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpgradeToken {
    /// Name or id of the agent.
    pub agent: String,
    /// The token that it had in the other system.
    pub token: SecretText,
}

/// Answer of `POST /api/v1/token/upgrade`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct TokenUpgraded {
    /// Name of the agent.
    pub agent: String,
    /// The token's public handle here.
    pub kid: String,
}
