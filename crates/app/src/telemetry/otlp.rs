//! The words of OTLP in JSON (OpenTelemetry Protocol 1.x, "JSON Protobuf Encoding"): ids are hexadecimal, integers of
//! 64 bits are text, enumerations are numbers.

use serde_json::{Value, json};
use std::fmt::Write;

/// Attributes as they are gathered.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes(Vec<Value>);

impl Attributes {
    /// With a text.
    pub(super) fn text(mut self, key: &str, value: impl AsRef<str>) -> Self {
        let value = json!({ "stringValue": value.as_ref() });
        self.0.push(json!({ "key": key, "value": value }));
        self
    }

    /// With a text, if there is one.
    pub(super) fn text_if(self, key: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.text(key, value),
            None => self,
        }
    }

    /// With a whole number.
    pub(super) fn number(mut self, key: &str, value: u64) -> Self {
        let value = json!({ "intValue": value.to_string() });
        self.0.push(json!({ "key": key, "value": value }));
        self
    }

    /// With a number that need not be whole.
    pub(super) fn float(mut self, key: &str, value: f64) -> Self {
        let value = json!({ "doubleValue": value });
        self.0.push(json!({ "key": key, "value": value }));
        self
    }

    /// The list of them.
    pub(super) fn list(self) -> Value {
        Value::Array(self.0)
    }
}

/// Whose spans and metrics these are.
pub(super) fn resource() -> Value {
    let attributes = Attributes::default()
        .text("service.name", "portunus")
        .text("service.version", env!("CARGO_PKG_VERSION"));
    json!({ "attributes": attributes.list() })
}

/// What made them.
pub(super) fn scope() -> Value {
    json!({ "name": "portunus", "version": env!("CARGO_PKG_VERSION") })
}

/// An id in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A moment in nanoseconds since the epoch.
pub(super) fn nanos(at_ms: u64, plus_us: u64) -> String {
    let us = at_ms.saturating_mul(1_000).saturating_add(plus_us);
    us.saturating_mul(1_000).to_string()
}
