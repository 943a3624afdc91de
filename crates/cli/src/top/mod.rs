//! The live view: what a plane does right now, on a terminal that a person looks at.
//!
//! `feed` asks the plane over its API, `fold` takes the answers into the `model`, `view` draws the model; `screen` is the
//! loop between them and the `terminal`. `once` prints the same without a terminal.

mod command;
mod decided;
mod feed;
mod fold;
mod input;
mod list;
mod listed;
mod model;
mod obey;
mod once;
mod picture;
mod posts;
mod rate;
mod rows;
mod screen;
mod skin;
pub(crate) mod story;
mod terminal;
mod view;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

pub(crate) use feed::Feed;
pub(crate) use model::{Message, Model};
pub(crate) use screen::show;

use crate::args::top::TopArgs;
use crate::commands::Plane;
use crate::failure::Failure;
use std::io::IsTerminal;
use std::time::Duration;
use tokio::sync::mpsc;

/// Shows a plane until a person leaves; prints it once where no terminal looks.
pub(crate) async fn run(args: TopArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    let interval = Duration::from_millis(args.interval.millis);
    if args.once || args.reach.json || !has_screen() {
        return once::run(plane, interval).await;
    }
    let model = Model::new(plane.url().to_string());
    let mut feed = Feed::new(plane.into_client());
    let (sender, messages) = mpsc::unbounded_channel();
    // A plane that cannot be reached at all is told like anywhere else, before the screen is taken.
    let first = feed.look().await?;
    let _ = sender.send(Message::Picture(Box::new(first)));
    let asking = tokio::spawn(feed.run(interval, sender));
    let shown = show(model, messages).await;
    asking.abort();
    shown.map(|_| ()).map_err(Failure::from)
}

/// Whether a screen can be shown: standard output is a terminal that can move its cursor.
pub(crate) fn has_screen() -> bool {
    let dumb = std::env::var("TERM").is_ok_and(|name| name == "dumb");
    std::io::stdout().is_terminal() && !dumb
}
