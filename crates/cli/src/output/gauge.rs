//! How much of a window is spent, as a small bar.

use super::Tone;

const WIDTH: usize = 10;

/// `██████░░░░  62%` for a fraction spent; a window that says nothing has no bar.
pub(crate) fn bar(utilization: Option<f64>) -> String {
    let Some(fraction) = utilization.filter(|fraction| fraction.is_finite()) else {
        return "not stated".to_owned();
    };
    let percent = (fraction.clamp(0.0, 9.99) * 100.0).round();
    // Counting steps keeps clear of float-to-integer conversions.
    let filled = (1..=WIDTH)
        .filter(|step| fraction * 10.0 + 1e-9 >= f64::from(u8::try_from(*step).unwrap_or(u8::MAX)))
        .count();
    format!(
        "{}{} {percent:>3}%",
        "█".repeat(filled),
        "░".repeat(WIDTH - filled)
    )
}

/// The colour of a fraction spent.
pub(crate) fn tone(utilization: Option<f64>) -> Tone {
    match utilization {
        Some(fraction) if fraction >= 1.0 => Tone::Bad,
        Some(fraction) if fraction >= 0.8 => Tone::Warn,
        Some(_) => Tone::Good,
        None => Tone::Faint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_never_shows_more_than_is_spent() {
        assert_eq!(bar(Some(0.0)), "░░░░░░░░░░   0%");
        assert_eq!(bar(Some(0.62)), "██████░░░░  62%");
        assert_eq!(bar(Some(0.7)), "███████░░░  70%");
        assert_eq!(bar(Some(1.3)), "██████████ 130%");
        assert_eq!(bar(Some(f64::NAN)), "not stated");
        assert_eq!(bar(None), "not stated");
    }
}
