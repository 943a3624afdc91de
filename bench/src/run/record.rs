//! Writes the figures into a document between two markers; what people wrote around them stays.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

const BEGIN: &str = "<!-- figures: written by `cargo xtask bench --record` -->";
const END: &str = "<!-- end of figures -->";

/// Puts `figures` between the markers of the document.
pub(super) fn record(document: &Path, figures: &str) -> Result<()> {
    let text = fs::read_to_string(document)
        .with_context(|| format!("cannot read {}", document.display()))?;
    let text = replaced(&text, figures)
        .with_context(|| format!("{} has no lines `{BEGIN}` and `{END}`", document.display()))?;
    fs::write(document, text).with_context(|| format!("cannot write {}", document.display()))
}

fn replaced(text: &str, figures: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!(
        "{before}{BEGIN}\n\n{}\n\n{END}{after}",
        figures.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_markers_changes() {
        let text = format!("# Measured\n\n{BEGIN}\n\nold\n\n{END}\n\nProse.\n");
        let new = replaced(&text, "| new |\n").unwrap();
        assert_eq!(
            new,
            format!("# Measured\n\n{BEGIN}\n\n| new |\n\n{END}\n\nProse.\n")
        );
        assert_eq!(replaced("# Measured\n", "x"), None);
    }
}
