//! One field of a partial change: left alone, cleared by `null`, or set.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a change wants of an optional field.
///
/// Use it with `#[serde(default, skip_serializing_if = "Patch::is_keep")]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// The field is absent: leave it as it is.
    #[default]
    Keep,
    /// The field is `null`: clear it.
    Clear,
    /// The field has a value: set it.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether the field is left alone.
    #[must_use]
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => value.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Serialize, Debug, PartialEq)]
    struct Change {
        #[serde(default, skip_serializing_if = "Patch::is_keep")]
        field: Patch<u32>,
    }

    #[test]
    fn absent_null_and_value_are_three_different_wishes() {
        for (text, field) in [
            ("{}", Patch::Keep),
            (r#"{"field":null}"#, Patch::Clear),
            (r#"{"field":7}"#, Patch::Set(7)),
        ] {
            let change: Change = serde_json::from_str(text).unwrap();
            assert_eq!(change, Change { field });
            assert_eq!(serde_json::to_string(&change).unwrap(), text);
        }
    }
}
