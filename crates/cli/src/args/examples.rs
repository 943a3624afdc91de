//! Examples in help, each on a line of its own however wide it is: a command that the parser wrapped cannot be copied.

use clap::Command;

/// The parser's own order, up to what it would wrap.
const HELP: &str = "{before-help}{about-with-newline}\n{usage-heading} {usage}\n\n{all-args}\n\n";

/// Sentences between examples take so many columns.
const COLUMNS: usize = 80;

/// The same commands; none below this one has its examples wrapped, because a template is written out as it is.
pub(super) fn unwrapped(command: Command) -> Command {
    command.mut_subcommands(|below| {
        let below = unwrapped(below);
        match below.get_after_help().map(ToString::to_string) {
            Some(more) => {
                let lines: Vec<String> = more.lines().map(line).collect();
                below.help_template(format!("{HELP}{}", lines.join("\n")))
            }
            None => below,
        }
    })
}

/// An example as it is. Sentences, which are not set in, are broken between words.
fn line(line: &str) -> String {
    let mut room = COLUMNS;
    let mut broken = String::new();
    for word in line.split_inclusive(' ') {
        if !line.starts_with(' ') && word.trim_end().len() > room {
            broken.truncate(broken.trim_end().len());
            broken.push('\n');
            room = COLUMNS;
        }
        broken.push_str(word);
        room = room.saturating_sub(word.len());
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::CommandFactory;

    /// Every command's help has every line of its examples.
    fn walk(command: &mut Command) {
        let help = command.render_long_help().to_string();
        let examples = command.get_after_help().map(ToString::to_string);
        for line in examples.unwrap_or_default().lines() {
            let whole = help.lines().any(|shown| shown == line.trim_end());
            let sentence = !line.starts_with(' ') && line.len() > COLUMNS;
            assert!(whole != sentence, "{} breaks {line}", command.get_name());
        }
        command.get_subcommands_mut().for_each(walk);
    }

    #[test]
    fn no_example_is_broken_in_a_narrow_terminal() {
        let command = Cli::command().term_width(60);
        unwrapped(command)
            .get_subcommands_mut()
            .for_each(|command| walk(&mut command.clone().term_width(60)));
    }
}
