//! What is measured. Each scenario is one file and one function.

mod json;

use super::Bench;
use anyhow::{Result, bail};

/// One scenario.
pub(super) struct Scenario {
    /// What `--only` calls it.
    pub(super) name: &'static str,
    /// Measures and judges.
    pub(super) play: fn(&mut Bench) -> Result<()>,
}

const ALL: &[Scenario] = &[
    Scenario {
        name: "json-2k-1",
        play: |bench| json::small(bench, 1),
    },
    Scenario {
        name: "json-2k-32",
        play: |bench| json::small(bench, 32),
    },
    Scenario {
        name: "json-2k-256",
        play: |bench| json::small(bench, 256),
    },
];

/// Those whose name begins like one of `wanted`; all when nothing is wanted.
pub(super) fn chosen(wanted: &[String]) -> Result<Vec<&'static Scenario>> {
    let is_wanted = |scenario: &&Scenario| {
        wanted.is_empty() || wanted.iter().any(|name| scenario.name.starts_with(name))
    };
    let chosen: Vec<_> = ALL.iter().filter(is_wanted).collect();
    if chosen.is_empty() {
        let names: Vec<_> = ALL.iter().map(|scenario| scenario.name).collect();
        bail!(
            "no scenario is called {}; there are {}",
            wanted.join(", "),
            names.join(", ")
        );
    }
    Ok(chosen)
}
