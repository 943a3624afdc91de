//! What a client sees of a key that turns out to be limited: one more round trip to the upstream, and little else.
//!
//! The upstream rejects every other request for an hour, so each of the client's requests finds one fresh key limited
//! and the next one good; a plane with enough keys is used up.

use super::json;
use crate::run::figures::Limit;
use crate::run::stage::{Load, ORDINARY, Served, Size, Way};
use crate::run::{Bench, Effort};
use crate::upstream::Wish;
use anyhow::{Result, bail};
use std::time::Duration;

pub(super) fn play(bench: &mut Bench) -> Result<()> {
    let rotations = if bench.effort == Effort::Smoke {
        10
    } else {
        300
    };
    let size = Size {
        keys: rotations + 20,
        ..ORDINARY
    };
    let home = bench.stage.folder.path().join("rotation");
    let served = Served::set(&bench.binary, &home, bench.stage.upstream, size)?;
    let steady = Load {
        requests: Some(u64::try_from(rotations)?),
        ..json::load(1, Duration::from_secs(20))
    };
    let rotating = Load {
        wish: Wish::Turns(Duration::ZERO),
        ..steady
    };
    let (direct, _) = bench.stage.load(Way::Direct, &steady)?;
    let (plain, _) = bench.stage.load_plane(&served, &steady)?;
    let (turned, _) = bench.stage.load_plane(&served, &rotating)?;
    if turned.refused + turned.failed > 0 {
        bail!(
            "{} rotations reached the client: {:?}",
            turned.refused + turned.failed,
            turned.trouble
        );
    }
    let figures = &mut bench.figures;
    let beyond = |rotation: f64| rotation - plain.whole.p50_us - direct.whole.p50_us;
    let name = "a rotation, beyond one upstream round trip";
    figures.judge(
        format!("{name}, p50"),
        beyond(turned.whole.p50_us),
        Limit::AtMost(1000.0),
        "µs",
    );
    figures.judge(
        format!("{name}, p99"),
        beyond(turned.whole.p99_us),
        Limit::AtMost(1000.0),
        "µs",
    );
    figures.single(
        "an answer without a rotation, p50",
        plain.whole.p50_us,
        "µs",
    );
    figures.single("an answer with a rotation, p50", turned.whole.p50_us, "µs");
    Ok(())
}
