//! Names, ids and filters that are empty, as when a variable of a script is not set: refused before anything is asked.

use clap::builder::NonEmptyStringValueParser;
use clap::{Arg, Command};
use std::any::TypeId;

/// Options whose empty text means something, or that others judge together with the environment.
const MAY_BE_EMPTY: [&str; 4] = ["url", "note", "description", "on_message"];

/// The command line with every text that may not be empty marked so.
pub(super) fn must_be_named(command: Command) -> Command {
    command
        .mut_args(|arg| match is_a_name(&arg) {
            true => arg.value_parser(NonEmptyStringValueParser::new()),
            false => arg,
        })
        .mut_subcommands(must_be_named)
}

fn is_a_name(arg: &Arg) -> bool {
    let is_text = arg.get_value_parser().type_id() == TypeId::of::<String>();
    let takes_one = arg.get_action().takes_values();
    is_text && takes_one && !MAY_BE_EMPTY.contains(&arg.get_id().as_str())
}
