//! Whether JSON has the shape that a page shows: the same members, and of the same kinds; values differ.

use serde_json::Value;

/// The last JSON that was written, whatever was written before; several may stand on one line.
pub(super) fn last_json(out: &str) -> Option<Value> {
    let starts = out.match_indices(['{', '[']).map(|(at, _)| at);
    let mut starts = starts.filter(|at| *at == 0 || out[..*at].ends_with('\n'));
    starts.find_map(|start| {
        let values = serde_json::Deserializer::from_str(&out[start..]).into_iter();
        let values: Result<Vec<Value>, _> = values.collect();
        values.ok()?.pop()
    })
}

/// Where `real` is not as the page `shows` it.
pub(super) fn differences(shows: &Value, real: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", shows, real, &mut found);
    found
}

fn compare(at: &str, shows: &Value, real: &Value, found: &mut Vec<String>) {
    match (shows, real) {
        (Value::Object(shows), Value::Object(real)) => {
            for (name, shown) in shows {
                let place = format!("{at}.{name}");
                match real.get(name) {
                    Some(value) => compare(&place, shown, value, found),
                    None => found.push(format!("{place} is not there")),
                }
            }
        }
        (Value::Array(shows), Value::Array(real)) => {
            let Some(first) = shows.first() else { return };
            if real.is_empty() {
                found.push(format!("{at} is empty"));
            }
            for value in real {
                compare(&format!("{at}[]"), first, value, found);
            }
        }
        _ if kind(shows) == kind(real) => {}
        _ => found.push(format!("{at} is {}, and not {}", kind(real), kind(shows))),
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[test]
fn a_missing_member_and_another_kind_are_found() {
    let shows = serde_json::json!({"items": [{"id": "a", "n": 1}], "next_cursor": null});
    let same = serde_json::json!({"items": [{"id": "b", "n": 2, "more": 1}], "next_cursor": null});
    assert!(differences(&shows, &same).is_empty());
    let other = serde_json::json!({"items": [{"n": "2"}], "next_cursor": null});
    let found = differences(&shows, &other);
    assert_eq!(
        found,
        [
            ".items[].id is not there",
            ".items[].n is a string, and not a number"
        ]
    );
}

#[test]
fn the_last_json_is_found_behind_other_lines() {
    let expected = Some(serde_json::json!({"a": 1}));
    for out in ["{\"a\":1}", "x\n{\n\"a\": 1}\n", "x\n{\"b\":2}{\"a\":1}\n"] {
        assert_eq!(last_json(out), expected, "{out}");
    }
    assert_eq!(last_json("nothing"), None);
}
