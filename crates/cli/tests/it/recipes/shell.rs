//! Runs the recipes of a page in one shell, as somebody who is signed in at a plane of their own.

use super::page::{Page, Recipe};
use crate::plane::{BINARY, Plane, program};
use portunus_testkit::FakeProvider;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A page that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Before all recipes: words stand for others, what is watched ends after a moment, and `curl` keeps the head of its answer.
const PROLOGUE: &str = r#"
set -uo pipefail
declare -A with
portunus() {
  local word words=() code=0
  for word; do
    # What stands for a word is looked up when the word is used, since an earlier line may have made it.
    eval "words+=(${with["x$word"]:-\"\$word\"})"
  done
  case " $* " in
    *" --watch "*) timeout 2 script --quiet --return --command "portunus ${words[*]}" /dev/null || code=$? ;;&
    *" --follow "*) timeout 2 portunus "${words[@]}" || code=$? ;;&
    *" --watch "* | *" --follow "*)
      [ "$code" = 124 ] || return "$code" ;;
    *) command portunus "${words[@]}" ;;
  esac
}
curl() { command curl --silent --show-error --dump-header "$step.head" "$@"; }
"#;

/// A shell in the home of a plane.
pub(super) struct Shell {
    home: PathBuf,
    address: String,
    provider: String,
}

/// What became of one recipe.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) out: String,
    pub(super) err: String,
    /// Codes and texts of commands that did not succeed.
    pub(super) failed: Vec<(i32, String)>,
    /// Of the last answer that `curl` got.
    pub(super) status: Option<u16>,
    /// Whether the block was run to its end.
    pub(super) ended: bool,
}

impl Shell {
    /// A reader who has signed in.
    pub(super) fn open(plane: &Plane, provider: &FakeProvider) -> Self {
        plane.run_with("login", &plane.operator).well();
        Self {
            home: plane.path(""),
            address: plane.url.trim_start_matches("http://").to_owned(),
            provider: provider.base_url(),
        }
    }

    /// Runs every recipe, one after the other.
    pub(super) fn run(&self, page: &Page) -> Vec<Step> {
        let mut script = PROLOGUE.to_owned();
        for (number, recipe) in page.recipes.iter().enumerate() {
            self.add(&mut script, &self.place(number), recipe);
        }
        let file = self.home.join("recipes.sh");
        std::fs::write(&file, script).unwrap();
        self.wait_for(&file);
        let count = page.recipes.len();
        (0..count).map(|number| step(&self.place(number))).collect()
    }

    fn place(&self, number: usize) -> String {
        self.home
            .join(format!("recipe-{number}"))
            .display()
            .to_string()
    }

    fn add(&self, script: &mut String, place: &str, recipe: &Recipe) {
        let (before, text, after) = (
            self.here(&recipe.before),
            self.here(&recipe.text),
            self.here(&recipe.after),
        );
        // A command that fails is written down, and the shell goes on.
        let noted = r#"trap 'printf "%s %s\n" "$?" "$BASH_COMMAND" >>"$step.failed"' ERR"#;
        write!(
            script,
            "step={place}; {noted}\nexec >$step.before 2>&1\n{before}\n\
             exec >$step.out 2>$step.err\n{text}\n\
             exec >$step.after 2>&1\n{after}\n: >$step.ended\n"
        )
        .unwrap();
    }

    /// The page speaks of the usual address and folders; here they are the plane's and below its home.
    fn here(&self, text: &str) -> String {
        let home = self.home.display().to_string();
        text.replace("127.0.0.1:7070", &self.address)
            .replace("/var/lib/portunus", &format!("{home}/data"))
            .replace("~/.config", &format!("{home}/config"))
            .replace("/backups", &format!("{home}/backups"))
    }

    fn wait_for(&self, file: &Path) {
        let path = std::env::var("PATH").unwrap();
        let ours = Path::new(BINARY).parent().unwrap().display();
        let mut bash = program("bash", &self.home);
        bash.arg(file)
            .env("PATH", format!("{ours}:{path}"))
            .env("PORTUNUS_URL", format!("http://{}", self.address))
            .env("PROVIDER", &self.provider)
            .stdin(Stdio::null());
        let mut child = bash.spawn().unwrap();
        let began = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if began.elapsed() > PATIENCE {
                child.kill().unwrap();
                child.wait().unwrap();
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn step(place: &str) -> Step {
    let read = |end: &str| std::fs::read_to_string(format!("{place}.{end}")).unwrap_or_default();
    let failed = read("failed");
    let failed = failed.lines().filter_map(|line| {
        let (code, command) = line.split_once(' ')?;
        Some((code.parse().ok()?, command.to_owned()))
    });
    let head = read("head");
    let mut statuses = head.lines().filter(|line| line.starts_with("HTTP/"));
    let status = statuses.next_back().and_then(|line| line.split(' ').nth(1));
    let quiet = [read("before"), read("after")].concat();
    Step {
        out: read("out"),
        err: read("err") + &quiet,
        failed: failed.collect(),
        status: status.and_then(|word| word.parse().ok()),
        ended: Path::new(&format!("{place}.ended")).exists(),
    }
}
