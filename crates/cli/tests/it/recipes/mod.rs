//! The recipes of the manual, run as a reader would run them: every shell block of `docs/*.md` and of `README.md`.
//!
//! How a block is marked is said in `docs/recipes.md`, and `cargo xtask tidy` refuses a block without a mark. Each page
//! gets a plane of its own, with a provider that answers, and a shell that lives as long as the page, so that what one
//! block sets the next one has.

#![expect(
    clippy::print_stdout,
    reason = "what cannot run here is said, and counted by `cargo xtask test`"
)]

mod judge;
mod page;
mod shape;
mod shell;

use crate::plane::Plane;
use page::Page;
use portunus_testkit::FakeProvider;
use shell::Shell;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs the pages whose names contain this, such as `budgets`.
const ONLY: &str = "RECIPES";

#[test]
fn every_recipe_of_the_manual_does_what_it_says() {
    if !programs_are_there() {
        return;
    }
    let only = std::env::var(ONLY).unwrap_or_default();
    let pages = pages();
    let pages = pages
        .iter()
        .filter(|page| page.name.contains(&only) && !page.recipes.is_empty());
    let complaints: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = pages.map(|page| scope.spawn(|| follow(page))).collect();
        let joined = running.into_iter().map(|thread| thread.join().unwrap());
        joined.flatten().collect()
    });
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn the_manual_has_recipes() {
    let pages = pages();
    let recipes: usize = pages.iter().map(|page| page.recipes.len()).sum();
    assert!(recipes > 15, "{recipes} recipes are run");
    let broken: Vec<_> = pages.iter().flat_map(|page| &page.unreadable).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Does what a page says, from top to bottom, and tells what did not come out so.
fn follow(page: &Page) -> Vec<String> {
    let provider = FakeProvider::start().unwrap();
    let plane = Plane::start();
    let shell = Shell::open(&plane, &provider);
    let steps = shell.run(page);
    let judged = page.recipes.iter().zip(steps);
    judged
        .flat_map(|(recipe, step)| judge::complaints(page, recipe, &step))
        .collect()
}

fn pages() -> Vec<Page> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(root.join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .collect();
    paths.push(root.join("README.md"));
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            Page::read(&name, &std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// What readers have and a bare machine may not.
fn programs_are_there() -> bool {
    let required = std::env::var("PORTUNUS_REQUIRE_ALL").is_ok_and(|value| value == "1");
    for program in ["bash", "curl", "jq"] {
        let answers = Command::new(program).arg("--version").output();
        if !answers.is_ok_and(|output| output.status.success()) {
            assert!(!required, "recipes: {program} not found");
            println!("SKIPPED recipes: {program} not found");
            return false;
        }
    }
    true
}
