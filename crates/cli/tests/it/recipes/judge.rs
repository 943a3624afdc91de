//! Whether a recipe came out as its mark says.

use super::page::{Page, Recipe};
use super::shape;
use super::shell::Step;

/// What did not come out so, each with the place of the block.
pub(super) fn complaints(page: &Page, recipe: &Recipe, step: &Step) -> Vec<String> {
    let found = of(recipe, step);
    if found.is_empty() {
        return found;
    }
    let place = format!("{}:{}", page.name, recipe.line);
    let told = format!(
        "  it wrote: {}\n  and: {}",
        step.out.trim(),
        step.err.trim()
    );
    let mut found: Vec<String> = found
        .into_iter()
        .map(|complaint| format!("{place}: {complaint}"))
        .collect();
    found.push(told);
    found
}

fn of(recipe: &Recipe, step: &Step) -> Vec<String> {
    let mut found = Vec::new();
    if !step.ended {
        found.push("the shell ended before the block did".to_owned());
    }
    let expected = match recipe.exit {
        0 => Vec::new(),
        code => vec![code],
    };
    let codes: Vec<i32> = step.failed.iter().map(|(code, _)| *code).collect();
    if codes != expected {
        found.push(format!(
            "these commands failed: {:?}; expected are {expected:?}",
            step.failed
        ));
    }
    if recipe.status.is_some() && recipe.status != step.status {
        found.push(format!(
            "the last answer has the status {:?}, and not {:?}",
            step.status, recipe.status
        ));
    }
    for text in &recipe.shows {
        if !step.out.contains(text) && !step.err.contains(text) {
            found.push(format!("{text:?} is not in the output"));
        }
    }
    if let Some(shows) = &recipe.shape {
        match shape::last_json(&step.out) {
            Some(real) => found.extend(shape::differences(shows, &real)),
            None => found.push("it wrote no JSON".to_owned()),
        }
    }
    found
}
