//! The keys that the file may have: one table, read by the reader, by the messages and by the suggestions.

/// What a key's value must be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// Text.
    Text,
    /// A list of texts.
    Texts,
    /// `true` or `false`.
    Switch,
    /// A whole number between both, of this unit.
    Number {
        /// Smallest allowed value.
        least: u64,
        /// Largest allowed value.
        most: u64,
        /// What it counts, in the plural.
        unit: &'static str,
    },
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// Its table; empty for the top of the file.
    pub(super) section: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// What it must be.
    pub(super) shape: Shape,
    /// A good line for it.
    pub(super) example: &'static str,
}

const fn key(
    section: &'static str,
    name: &'static str,
    shape: Shape,
    example: &'static str,
) -> Key {
    Key {
        section,
        name,
        shape,
        example,
    }
}

const fn seconds(least: u64) -> Shape {
    Shape::Number {
        least,
        most: 3600,
        unit: "seconds",
    }
}

/// How often something may happen; 0 is no limit.
const RATE: Shape = Shape::Number {
    least: 0,
    most: 10_000_000,
    unit: "requests",
};

/// How often it may happen at once.
const BURST: Shape = Shape::Number {
    least: 1,
    most: 10_000_000,
    unit: "requests",
};

/// The list of prices, the one thing in the file that is no key with a value; `portunus_app::prices` reads it.
pub(super) const PRICES: &str = "prices";

/// Every key that there is, besides [`PRICES`].
pub(super) const KEYS: &[Key] = &[
    key("", "listen", Shape::Text, "listen = \"127.0.0.1:7070\""),
    key(
        "",
        "data_dir",
        Shape::Text,
        "data_dir = \"/var/lib/portunus\"",
    ),
    key(
        "",
        "operator_token_file",
        Shape::Text,
        "operator_token_file = \"/run/portunus/operator.token\"",
    ),
    key(
        "",
        "trusted_proxies",
        Shape::Texts,
        "trusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]",
    ),
    key(
        "",
        "public_url",
        Shape::Text,
        "public_url = \"https://plane.example\"",
    ),
    key("log", "format", Shape::Text, "format = \"json\""),
    key("log", "level", Shape::Text, "level = \"info\""),
    key(
        "upstream",
        "allow_private",
        Shape::Switch,
        "allow_private = true",
    ),
    key(
        "upstream",
        "connect_timeout_s",
        seconds(1),
        "connect_timeout_s = 10",
    ),
    key(
        "upstream",
        "first_byte_timeout_s",
        seconds(1),
        "first_byte_timeout_s = 120",
    ),
    key(
        "upstream",
        "answer_timeout_s",
        seconds(1),
        "answer_timeout_s = 600",
    ),
    key(
        "upstream",
        "idle_timeout_s",
        seconds(1),
        "idle_timeout_s = 300",
    ),
    key(
        "door",
        "workers",
        Shape::Number {
            least: 1,
            most: 256,
            unit: "threads",
        },
        "workers = 2",
    ),
    key(
        "door",
        "body_limit_mib",
        Shape::Number {
            least: 1,
            most: 32,
            unit: "MiB",
        },
        "body_limit_mib = 32",
    ),
    key("drain", "timeout_s", seconds(0), "timeout_s = 120"),
    key(
        "decisions",
        "keep_days",
        Shape::Number {
            least: 1,
            most: 3650,
            unit: "days",
        },
        "keep_days = 7",
    ),
    key(
        "decisions",
        "keep_mib",
        Shape::Number {
            least: 0,
            most: 1_048_576,
            unit: "MiB",
        },
        "keep_mib = 256",
    ),
    key(
        "messages",
        "keep_days",
        Shape::Number {
            least: 1,
            most: 3650,
            unit: "days",
        },
        "keep_days = 30",
    ),
    key(
        "messages",
        "inbox_length",
        Shape::Number {
            least: 10,
            most: 100_000,
            unit: "messages",
        },
        "inbox_length = 10000",
    ),
    key(
        "messages",
        "outbox_mib",
        Shape::Number {
            least: 1,
            most: 1_048_576,
            unit: "MiB",
        },
        "outbox_mib = 1024",
    ),
    key(
        "push",
        "max_connections",
        Shape::Number {
            least: 1,
            most: 1_000_000,
            unit: "connections",
        },
        "max_connections = 20000",
    ),
    key(
        "push",
        "max_per_principal",
        Shape::Number {
            least: 1,
            most: 1_000_000,
            unit: "connections",
        },
        "max_per_principal = 16",
    ),
    key(
        "sessions",
        "idle_minutes",
        Shape::Number {
            least: 1,
            most: 43_200,
            unit: "minutes",
        },
        "idle_minutes = 60",
    ),
    key(
        "sessions",
        "absolute_hours",
        Shape::Number {
            least: 1,
            most: 8_760,
            unit: "hours",
        },
        "absolute_hours = 24",
    ),
    key("access_tokens", "life_s", seconds(5), "life_s = 600"),
    key("access_tokens", "grace_s", seconds(0), "grace_s = 600"),
    key(
        "access_tokens",
        "family_s",
        Shape::Number {
            least: 1,
            most: 604_800,
            unit: "seconds",
        },
        "family_s = 86400",
    ),
    key("limits", "vital_per_minute", RATE, "vital_per_minute = 120"),
    key("limits", "vital_burst", BURST, "vital_burst = 60"),
    key(
        "limits",
        "control_per_minute",
        RATE,
        "control_per_minute = 6000",
    ),
    key("limits", "control_burst", BURST, "control_burst = 1000"),
    key("limits", "llm_per_minute", RATE, "llm_per_minute = 0"),
    key("limits", "llm_burst", BURST, "llm_burst = 1000"),
    key(
        "limits",
        "unverified_per_second",
        RATE,
        "unverified_per_second = 1000",
    ),
    key(
        "limits",
        "unverified_burst",
        BURST,
        "unverified_burst = 2000",
    ),
    key("metrics", "public", Shape::Switch, "public = false"),
    key(
        "telemetry",
        "otlp_endpoint",
        Shape::Text,
        "otlp_endpoint = \"http://127.0.0.1:4318\"",
    ),
    key(
        "telemetry",
        "otlp_headers_file",
        Shape::Text,
        "otlp_headers_file = \"/etc/portunus/otlp-headers\"",
    ),
    key(
        "alarms",
        "webhook_url",
        Shape::Text,
        "webhook_url = \"https://alarms.example/portunus\"",
    ),
    key(
        "alarms",
        "webhook_secret_file",
        Shape::Text,
        "webhook_secret_file = \"/etc/portunus/webhook.secret\"",
    ),
    key(
        "notifications",
        "per_hour",
        Shape::Number {
            least: 1,
            most: 100_000,
            unit: "notifications",
        },
        "per_hour = 60",
    ),
    key(
        "notifications",
        "burst",
        Shape::Number {
            least: 1,
            most: 100_000,
            unit: "notifications",
        },
        "burst = 20",
    ),
    key(
        "notifications",
        "keep_days",
        Shape::Number {
            least: 1,
            most: 3650,
            unit: "days",
        },
        "keep_days = 30",
    ),
    key(
        "notifications",
        "keep_most",
        Shape::Number {
            least: 100,
            most: 10_000_000,
            unit: "notifications",
        },
        "keep_most = 100000",
    ),
    key(
        "notifications",
        "webhook_url",
        Shape::Text,
        "webhook_url = \"https://chat.example/portunus\"",
    ),
    key(
        "notifications",
        "webhook_secret_file",
        Shape::Text,
        "webhook_secret_file = \"/etc/portunus/webhook.secret\"",
    ),
    key(
        "notifications",
        "webhook_min_priority",
        Shape::Text,
        "webhook_min_priority = \"high\"",
    ),
];

/// The key of that section and name.
pub(super) fn find(section: &str, name: &str) -> Option<&'static Key> {
    KEYS.iter()
        .find(|key| key.section == section && key.name == name)
}

/// Whether some key lives in that table.
pub(super) fn is_section(name: &str) -> bool {
    !name.is_empty() && KEYS.iter().any(|key| key.section == name)
}

/// What an unknown name was probably meant to be, as a sentence.
pub(super) fn suggestion(section: &str, name: &str) -> String {
    let near = |candidate: &str| {
        let distance = strsim::damerau_levenshtein(&name.to_lowercase(), candidate);
        (distance * 3 <= candidate.len().max(3)).then_some(distance)
    };
    let here = KEYS.iter().filter(|key| key.section == section);
    let best = here
        .filter_map(|key| near(key.name).map(|distance| (distance, key)))
        .min_by_key(|(distance, _)| *distance);
    if let Some((_, key)) = best {
        return format!("did you mean `{}`? Write `{}`", key.name, key.example);
    }
    if section.is_empty() && near(PRICES).is_some() {
        return format!("did you mean [[{PRICES}]]?");
    }
    let elsewhere = KEYS
        .iter()
        .filter_map(|key| near(key.name).map(|distance| (distance, key)))
        .min_by_key(|(distance, _)| *distance);
    match elsewhere {
        Some((_, key)) if key.section.is_empty() => {
            format!("put `{}` before the first [table]", key.example)
        }
        Some((_, key)) => format!("put `{}` under [{}]", key.example, key.section),
        None => known(section),
    }
}

/// What an unknown table was probably meant to be, as a sentence.
pub(super) fn section_suggestion(name: &str) -> String {
    let best = KEYS
        .iter()
        .filter(|key| !key.section.is_empty())
        .map(|key| {
            let distance = strsim::damerau_levenshtein(&name.to_lowercase(), key.section);
            (distance, key.section)
        })
        .filter(|(distance, section)| distance * 3 <= section.len().max(3))
        .min();
    match best {
        Some((_, section)) => format!("did you mean [{section}]?"),
        None if strsim::damerau_levenshtein(&name.to_lowercase(), PRICES) <= 2 => {
            format!("did you mean [[{PRICES}]]?")
        }
        None => format!("the tables are {}", sections()),
    }
}

/// `[log], [upstream] and [drain]`, in the order of the keys.
fn sections() -> String {
    let mut names: Vec<String> = Vec::new();
    for key in KEYS.iter().filter(|key| !key.section.is_empty()) {
        let name = format!("[{}]", key.section);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match names.split_last() {
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

fn known(section: &str) -> String {
    let names: Vec<&str> = KEYS
        .iter()
        .filter(|key| key.section == section)
        .map(|key| key.name)
        .collect();
    let place = if section.is_empty() {
        "at the top of the file".to_owned()
    } else {
        format!("in [{section}]")
    };
    format!("remove it; {place} there are {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_a_line_of_its_key() {
        for key in KEYS {
            assert!(key.example.starts_with(&format!("{} = ", key.name)));
        }
    }

    #[test]
    fn suggestions_look_here_first_and_then_elsewhere() {
        assert!(suggestion("", "lisen").contains("`listen`"));
        assert!(suggestion("", "timeout_s").contains("under [drain]"));
        assert!(suggestion("drain", "listen").contains("before the first [table]"));
        assert!(suggestion("log", "colour").contains("format, level"));
        assert_eq!(section_suggestion("logs"), "did you mean [log]?");
        assert_eq!(suggestion("", "price"), "did you mean [[prices]]?");
        assert_eq!(section_suggestion("price"), "did you mean [[prices]]?");
    }
}
