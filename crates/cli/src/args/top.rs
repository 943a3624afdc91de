//! `portunus top`.

use super::Reach;
use super::duration::Span;
use clap::Args;

/// Shortest pause between two looks, in milliseconds.
const SHORTEST: u64 = 100;

/// Longest pause between two looks, in milliseconds.
const LONGEST: u64 = 60_000;

/// How often the plane is asked, and whether once is enough.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus top
  portunus top --url https://plane.example --interval 2s
  portunus top --once                    as lines, and end; so it is too when no terminal looks
  portunus top --json | jq .keys

Press ? in it for what the keys do.")]
pub(crate) struct TopArgs {
    /// Pause between two looks at the plane, from 100ms to 1m.
    #[arg(long, value_name = "SPAN", default_value = "1s", value_parser = interval)]
    pub(crate) interval: Span,
    /// Look once, print what is seen as lines, and end.
    #[arg(long)]
    pub(crate) once: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

fn interval(text: &str) -> Result<Span, String> {
    let span: Span = text.parse().map_err(|error| format!("{error}"))?;
    if (SHORTEST..=LONGEST).contains(&span.millis) {
        Ok(span)
    } else {
        Err("must be from 100ms to 1m".to_owned())
    }
}
