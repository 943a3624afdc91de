//! One value of the file in the type that its key demands.

use super::schema::{Key, Shape};
use toml::de::DeValue;

/// A value that has the right shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Text.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// `true` or `false`.
    Switch(bool),
    /// A number within its bounds.
    Number(u64),
}

/// Takes `found` for the value of `key`, or says what is wrong with it.
pub(super) fn typed(key: &Key, found: &DeValue<'_>) -> Result<Value, String> {
    let name = key.name;
    match (key.shape, found) {
        (Shape::Text, DeValue::String(text)) if text.is_empty() => {
            Err(format!("`{name}` is empty"))
        }
        (Shape::Text, DeValue::String(text)) => Ok(Value::Text(text.to_string())),
        (Shape::Texts, DeValue::Array(list)) => {
            let texts = list.iter().map(|item| item.get_ref().as_str());
            let texts = texts.map(|text| text.map(str::to_owned));
            let texts: Option<Vec<String>> = texts.collect();
            texts
                .map(Value::Texts)
                .ok_or_else(|| wrong(key, "other things in it"))
        }
        (Shape::Switch, DeValue::Boolean(switch)) => Ok(Value::Switch(*switch)),
        (Shape::Number { least, most, .. }, DeValue::Integer(number)) => {
            u64::from_str_radix(number.as_str(), number.radix())
                .ok()
                .filter(|number| (least..=most).contains(number))
                .map(Value::Number)
                .ok_or_else(|| wrong(key, number.as_str()))
        }
        (_, DeValue::String(text)) => Err(wrong(key, &format!("\"{text}\""))),
        (_, DeValue::Integer(number)) => Err(wrong(key, number.as_str())),
        (_, DeValue::Float(number)) => Err(wrong(key, number.as_str())),
        (_, DeValue::Boolean(switch)) => Err(wrong(key, &switch.to_string())),
        (_, DeValue::Datetime(time)) => Err(wrong(key, &time.to_string())),
        (_, DeValue::Array(_)) => Err(wrong(key, "a list")),
        (_, DeValue::Table(_)) => Err(wrong(key, "a table")),
    }
}

fn wrong(key: &Key, found: &str) -> String {
    let name = key.name;
    match key.shape {
        Shape::Text => format!("`{name}` must be text in double quotes, found {found}"),
        Shape::Texts => {
            format!("`{name}` must be a list of texts in double quotes, found {found}")
        }
        Shape::Switch => format!("`{name}` must be true or false, found {found}"),
        Shape::Number { least, most, unit } => {
            format!(
                "`{name}` must be a whole number of {unit} from {least} to {most}, found {found}"
            )
        }
    }
}
