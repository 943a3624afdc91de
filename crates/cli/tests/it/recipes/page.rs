//! Reads a page: which of its blocks are recipes, and what they should lead to.

use serde_json::Value;

/// A page of the manual.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) name: String,
    pub(super) recipes: Vec<Recipe>,
    /// Marks that mean nothing, with their lines.
    pub(super) unreadable: Vec<String>,
}

/// A block that is run.
#[derive(Debug, Default)]
pub(super) struct Recipe {
    /// Where the block begins, from 1.
    pub(super) line: usize,
    /// What a reader sees.
    pub(super) text: String,
    /// What is done before, unseen; here too which words of commands stand for others.
    pub(super) before: String,
    /// What must hold after it, as commands that succeed then.
    pub(super) after: String,
    /// How its last command ends; all others succeed.
    pub(super) exit: i32,
    /// The status of its last answer.
    pub(super) status: Option<u16>,
    /// What its output contains, on either channel.
    pub(super) shows: Vec<String>,
    /// The shape of the last JSON that it writes.
    pub(super) shape: Option<Value>,
}

/// A block with the comment above it.
struct Block<'a> {
    line: usize,
    mark: &'a str,
    text: String,
}

impl Page {
    pub(super) fn read(name: &str, text: &str) -> Self {
        let mut page = Self {
            name: name.to_owned(),
            recipes: Vec::new(),
            unreadable: Vec::new(),
        };
        for block in blocks(text) {
            if let Err(why) = page.take(&block) {
                let line = block.line;
                page.unreadable.push(format!("{name}:{line}: {why}"));
            }
        }
        page
    }

    fn take(&mut self, block: &Block<'_>) -> Result<(), String> {
        if let Some(wanted) = block.mark.strip_prefix("recipe") {
            let mut recipe = Recipe {
                line: block.line,
                text: block.text.clone(),
                ..Recipe::default()
            };
            for line in wanted.lines().filter(|line| !line.trim().is_empty()) {
                recipe.want(line.trim())?;
            }
            self.recipes.push(recipe);
        } else if block.mark == "answer" {
            let last = self
                .recipes
                .last_mut()
                .ok_or("there is no recipe before it")?;
            let shape = serde_json::from_str(&block.text).map_err(|error| error.to_string())?;
            last.shape = Some(shape);
        }
        Ok(())
    }
}

impl Recipe {
    /// One line of a mark, such as `status: 201`.
    fn want(&mut self, line: &str) -> Result<(), String> {
        let (word, value) = line.split_once(": ").ok_or("a line is no `word: value`")?;
        match word {
            "before" => self.before.push_str(&format!("{value}\n")),
            "with" => {
                let (word, other) = value.split_once('=').ok_or("with wants WORD=VALUE")?;
                let other = other.replace('\'', "'\\''");
                self.before.push_str(&format!("with[x{word}]='{other}'\n"));
            }
            "after" => self.after.push_str(&format!("{value}\n")),
            "exit" => self.exit = value.parse().map_err(|_| "exit wants a number")?,
            "status" => self.status = Some(value.parse().map_err(|_| "status wants a number")?),
            "shows" => self.shows.push(value.to_owned()),
            "shape" => {
                self.shape = Some(serde_json::from_str(value).map_err(|error| error.to_string())?);
            }
            _ => return Err(format!("`{word}` means nothing in a mark")),
        }
        Ok(())
    }
}

/// The fenced blocks of a page. A mark is a comment that ends on the line above its block.
fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut mark = "";
    let (mut at, mut rest) = (0, text);
    while let Some(line) = rest.lines().next() {
        let taken;
        if line.starts_with("<!--") {
            let end = rest.find("-->").map_or(rest.len(), |end| end + 3);
            let comment = &rest[..end];
            mark = comment
                .trim_start_matches("<!--")
                .trim_end_matches("-->")
                .trim();
            taken = whole_lines(rest, end);
        } else if line.starts_with("```") {
            let inside = whole_lines(rest, line.len());
            let length = rest[inside..].find("\n```").map_or(0, |end| end + 1);
            let end = inside + length;
            found.push(Block {
                line: at + 1,
                mark: std::mem::take(&mut mark),
                text: rest[inside..end].to_owned(),
            });
            taken = whole_lines(rest, end + 3);
        } else {
            mark = "";
            taken = whole_lines(rest, line.len());
        }
        at += rest[..taken].lines().count();
        rest = &rest[taken..];
    }
    found
}

/// How far the line reaches that byte `end` is on, its line break included.
fn whole_lines(text: &str, end: usize) -> usize {
    let end = end.min(text.len());
    text[end..]
        .find('\n')
        .map_or(text.len(), |more| end + more + 1)
}

#[test]
fn marks_belong_to_the_block_below_them() {
    let text = "# A\n<!-- recipe\nbefore: A=1\nstatus: 201\n-->\n```sh\necho $A\necho b\n```\n\
                text\n<!-- answer -->\n```json\n{\"a\": 1}\n```\n<!-- not run: why -->\n```sh\nrm\n```\n\
                <!-- recipe -->\n\n```sh\nunmarked\n```\n";
    let page = Page::read("a.md", text);
    assert!(page.unreadable.is_empty(), "{page:?}");
    let [recipe] = page.recipes.as_slice() else {
        panic!("{page:?}");
    };
    assert_eq!((recipe.line, recipe.status), (6, Some(201)));
    assert_eq!(recipe.text, "echo $A\necho b\n");
    assert_eq!(recipe.before, "A=1\n");
    assert_eq!(recipe.shape, Some(serde_json::json!({"a": 1})));
}

#[test]
fn a_mark_that_means_nothing_is_told() {
    let text = "<!-- recipe\nstatsu: 201\n-->\n```sh\nx\n```\n";
    let page = Page::read("a.md", text);
    assert!(
        page.unreadable[0].starts_with("a.md:4: `statsu`"),
        "{page:?}"
    );
}
