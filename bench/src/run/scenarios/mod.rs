//! What is measured. Each scenario is one file and one function.

mod accounting;
mod beats;
mod flat;
mod half_load;
mod json;
mod memory;
mod micro;
mod neighbours;
mod push;
mod rotation;
mod start_up;
mod streams;

use super::Bench;
use anyhow::{Result, bail};

/// One scenario.
pub(super) struct Scenario {
    /// What `--only` calls it.
    pub(super) name: &'static str,
    /// Measures and judges.
    pub(super) play: fn(&mut Bench) -> Result<()>,
}

const fn scenario(name: &'static str, play: fn(&mut Bench) -> Result<()>) -> Scenario {
    Scenario { name, play }
}

/// In the order of playing: accounting comes after everything that is counted.
const ALL: &[Scenario] = &[
    scenario("json-2k-1", |bench| json::small(bench, 1)),
    scenario("json-2k-32", |bench| json::small(bench, 32)),
    scenario("json-2k-256", |bench| json::small(bench, 256)),
    scenario("half-load", half_load::play),
    scenario("json-256k-1", |bench| json::large(bench, 1)),
    scenario("json-256k-32", |bench| json::large(bench, 32)),
    scenario("json-256k-256", |bench| json::large(bench, 256)),
    scenario("stream-1", |bench| streams::play(bench, 1)),
    scenario("stream-32", |bench| streams::play(bench, 32)),
    scenario("stream-256", |bench| streams::play(bench, 256)),
    scenario("accounting", accounting::play),
    scenario("rotation", rotation::play),
    scenario("memory", memory::play),
    scenario("flat-keys", flat::keys),
    scenario("flat-agents", flat::agents),
    scenario("beats", beats::play),
    scenario("return", beats::come_back),
    scenario("push", push::play),
    scenario("start-up", start_up::play),
    scenario("neighbours", neighbours::play),
    scenario("strangers", neighbours::play_strangers),
    scenario("micro", micro::play),
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
