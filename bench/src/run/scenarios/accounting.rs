//! Whether everything that was sent is on the books.

use crate::run::Bench;
use anyhow::Result;

pub(super) fn play(bench: &mut Bench) -> Result<()> {
    let sent = bench.stage.served.sent();
    bench.figures.note(format!(
        "{sent} requests were sent; `portunus usage` does not exist in this binary"
    ));
    Ok(())
}
