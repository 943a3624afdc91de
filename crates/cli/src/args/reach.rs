//! Options that every command shares which speaks to a plane.

use clap::Args;

/// Where the plane is, and for whom the answer is written.
#[derive(Debug, Args)]
pub(crate) struct Reach {
    /// Address of the plane, such as https://plane.example [default: PORTUNUS_URL, then `portunus login`].
    #[arg(long, value_name = "URL", global = true, help_heading = "Plane")]
    pub(crate) url: Option<String>,
    /// Print the API's JSON instead of a table.
    #[arg(long, global = true, help_heading = "Plane")]
    pub(crate) json: bool,
}

/// Which part of a long list.
#[derive(Debug, Args)]
pub(crate) struct PageArgs {
    /// At most so many [default: all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
    /// Read on after an earlier list's `next_cursor`.
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
}
