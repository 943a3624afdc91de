//! Bars for fractions and columns for histories, in the characters that the terminal has.

use super::Ink;
use crate::output::{Tone, gauge};
use crate::top::rows::{Hold, WindowRow};
use ratatui::text::Span;

/// A fraction spent as a bar of so many columns: the spent part in its colour, the rest faint.
pub(super) fn bar(spent: f64, tone: Tone, columns: usize, ink: &Ink<'_>) -> [Span<'static>; 2] {
    let glyphs = ink.skin.glyphs();
    // Counting steps keeps clear of float-to-integer conversions.
    let halves = (1..=columns * 2)
        .filter(|half| {
            let half = f64::from(u16::try_from(*half).unwrap_or(u16::MAX));
            let all = f64::from(u16::try_from(columns * 2).unwrap_or(u16::MAX));
            spent * all + 1e-9 >= half
        })
        .count();
    let mut filled = glyphs.spent.repeat(halves / 2);
    if halves % 2 == 1 {
        filled.push_str(glyphs.half);
    }
    let free = glyphs.free.repeat(columns - halves.div_ceil(2));
    [
        Span::styled(filled, ink.skin.tone(tone)),
        Span::styled(free, ink.skin.tone(Tone::Faint)),
    ]
}

/// The colour of a window.
pub(super) fn window_tone(window: &WindowRow) -> Tone {
    match window.hold {
        Hold::Open => gauge::tone(window.utilization),
        Hold::Rests | Hold::Money | Hold::Unstated => Tone::Warn,
    }
}

/// Numbers as columns of heights, the largest of them full.
pub(super) fn history(numbers: &[u64], ink: &Ink<'_>) -> String {
    let heights = ink.skin.glyphs().heights;
    let most = numbers.iter().copied().max().unwrap_or(0).max(1);
    let steps = u64::try_from(heights.len().saturating_sub(1)).unwrap_or(0);
    let height = |number: &u64| {
        // Anything at all is seen.
        let step = number.saturating_mul(steps).div_ceil(most);
        usize::try_from(step).ok().and_then(|at| heights.get(at))
    };
    numbers.iter().filter_map(height).copied().collect()
}
