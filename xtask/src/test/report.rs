//! Counts tests from what the runners write: nextest's JUnit file, libtest's lines.

/// What ran, what failed, and what could not run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) run: usize,
    pub(super) failed: usize,
    /// One line per skipped test: its name and what it lacks, which can be installed.
    pub(super) skipped: Vec<String>,
    /// The same for what the machine does not allow, whatever is installed.
    pub(super) not_allowed: Vec<String>,
    /// The tests that failed and then passed, with their binaries.
    pub(super) flaky: Vec<String>,
}

/// Why a test did not run, in its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Skip<'a> {
    /// `SKIPPED: ...`
    Lacks(&'a str),
    /// `SKIPPED HERE: ...`
    NotAllowed(&'a str),
}

impl Report {
    /// Those that passed at once.
    pub(super) fn passed(&self) -> usize {
        self.run
            .saturating_sub(self.failed)
            .saturating_sub(self.skipped.len() + self.not_allowed.len())
            .saturating_sub(self.flaky.len())
    }

    /// The line that sums everything up. It names the tests that passed only when they were repeated.
    pub(super) fn summary(&self) -> String {
        let skipped = self.skipped.len() + self.not_allowed.len();
        let (passed, failed) = (self.passed(), self.failed);
        let mut line = format!("tests: {passed} passed, {failed} failed, {skipped} skipped");
        if !self.flaky.is_empty() {
            let names = self.flaky.join(", ");
            line.push_str(&format!(
                ", {} passed only when repeated: {names}",
                self.flaky.len()
            ));
        }
        line
    }

    pub(super) fn add(&mut self, other: Self) {
        self.run += other.run;
        self.failed += other.failed;
        self.skipped.extend(other.skipped);
        self.not_allowed.extend(other.not_allowed);
        self.flaky.extend(other.flaky);
    }

    fn skip(&mut self, test: &str, skip: Skip<'_>) {
        match skip {
            Skip::Lacks(reason) => self.skipped.push(format!("{test}: {reason}")),
            Skip::NotAllowed(reason) => self.not_allowed.push(format!("{test}: {reason}")),
        }
    }

    /// Reads nextest's JUnit file; a test that is skipped twice in its own words counts once.
    pub(super) fn of_junit(text: &str) -> Self {
        let mut report = Self::default();
        for case in text.split("<testcase ").skip(1) {
            let name = attribute(case, "name=\"").unwrap_or("?");
            report.run += 1;
            // What tests write is escaped, so these are elements. One that failed each time has <failure> for the last
            // time and <rerunFailure> for those before; one that passed in the end has only <flakyFailure>.
            if case.contains("<failure") || case.contains("<error") {
                report.failed += 1;
            } else if case.contains("<flakyFailure") || case.contains("<flakyError") {
                let binary = attribute(case, "classname=\"").unwrap_or("?");
                report.flaky.push(format!("{binary} {name}"));
            } else if let Some(skip) = case.lines().find_map(skip) {
                report.skip(name, skip);
            }
        }
        report
    }
}

/// The text after `opening`, which ends with the quote that begins it.
fn attribute<'a>(element: &'a str, opening: &str) -> Option<&'a str> {
    element.split(opening).nth(1)?.split('"').next()
}

/// Whether a line belongs on the terminal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Show {
    Yes,
    No,
}

/// Reads libtest's lines one by one.
#[derive(Debug, Default)]
pub(super) struct Libtest {
    /// Inside the block that repeats what passing tests wrote.
    in_successes: bool,
    test: String,
    /// Whether this test said already that it was skipped.
    is_skipped: bool,
}

impl Libtest {
    pub(super) fn read(&mut self, line: &str, report: &mut Report) -> Show {
        if line == "successes:" {
            self.in_successes = true;
        } else if line == "failures:" || line.starts_with("test result:") {
            self.in_successes = false;
        }
        if let Some(counts) = line.strip_prefix("test result:") {
            let (passed, failed) = (count(counts, "passed"), count(counts, "failed"));
            report.run += passed + failed;
            report.failed += failed;
        }
        if !self.in_successes {
            return Show::Yes;
        }
        if let Some(name) = line
            .strip_prefix("---- ")
            .and_then(|l| l.strip_suffix(" stdout ----"))
        {
            name.clone_into(&mut self.test);
            self.is_skipped = false;
        } else if let Some(skip) = skip(line).filter(|_| !self.is_skipped) {
            report.skip(&self.test, skip);
            self.is_skipped = true;
        }
        Show::No
    }
}

/// What follows `SKIPPED` at the start of a line, or right after an XML tag.
fn skip(line: &str) -> Option<Skip<'_>> {
    let (before, reason) = line.split_once("SKIPPED")?;
    if !before.trim().is_empty() && !before.ends_with('>') {
        return None;
    }
    Some(match reason.strip_prefix(" HERE:") {
        Some(reason) => Skip::NotAllowed(until_tag(reason)),
        None => Skip::Lacks(until_tag(reason.trim_start_matches(':'))),
    })
}

fn until_tag(text: &str) -> &str {
    text.split('<').next().unwrap_or_default().trim()
}

/// The number before `word` in `ok. 3 passed; 1 failed; ...`.
fn count(text: &str, word: &str) -> usize {
    text.split([';', '.'])
        .find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_junit_file_is_counted() {
        let text = "<testsuite><testcase name=\"a\" classname=\"x\"><system-out>running 1 test\n\
            SKIPPED: needs python3\nSKIPPED: again</system-out></testcase>\n\
            <testcase name=\"b\"><system-err>SKIPPED: needs node</system-err></testcase>\n\
            <testcase name=\"c\"><failure type=\"t\"/></testcase><testcase name=\"d\"/>\n\
            <testcase name=\"e\"><system-out>SKIPPED HERE: only root may</system-out></testcase></testsuite>";
        let report = Report::of_junit(text);
        assert_eq!((report.run, report.failed, report.passed()), (5, 1, 1));
        assert_eq!(report.skipped, ["a: needs python3", "b: needs node"]);
        assert_eq!(report.not_allowed, ["e: only root may"]);
    }

    #[test]
    fn a_test_that_passed_only_when_repeated_is_named_and_one_that_failed_twice_failed() {
        let failure = "type=\"test failure with exit code 101\" message=\"boom\"";
        let text = format!(
            "<testsuite><testcase name=\"a::b\" classname=\"portunus::it\" time=\"1\">\n\
             <flakyFailure {failure}>boom<system-out>SKIPPED: &lt;failure&gt;</system-out></flakyFailure>\n\
             <system-out>ok</system-out></testcase>\n\
             <testcase name=\"c\" classname=\"x\"><failure {failure}/><rerunFailure {failure}/></testcase>\n\
             <testcase name=\"d\" classname=\"x\"/></testsuite>"
        );
        let mut report = Report::of_junit(&text);
        assert_eq!((report.run, report.failed, report.passed()), (3, 1, 1));
        assert_eq!(report.flaky, ["portunus::it a::b"]);
        assert_eq!(report.skipped, [""; 0]);
        let line =
            "tests: 1 passed, 1 failed, 0 skipped, 1 passed only when repeated: portunus::it a::b";
        assert_eq!(report.summary(), line);
        report.add(Report::of_junit("<testcase name=\"e\"/>"));
        assert_eq!((report.flaky.len(), report.passed()), (1, 2));
        let quiet = Report::of_junit("<testcase name=\"e\"/>");
        assert_eq!(quiet.summary(), "tests: 1 passed, 0 failed, 0 skipped");
    }

    #[test]
    fn the_lines_of_cargo_test_are_counted_and_passing_output_is_kept_back() {
        let text = "running 2 tests\ntest a ... ok\n\nsuccesses:\n\n---- a stdout ----\nSKIPPED: needs node\n\n\
            successes:\n    a\n\nfailures:\n\n---- b stdout ----\nboom\n\n\
            test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s";
        let (mut reader, mut report) = (Libtest::default(), Report::default());
        let shown: Vec<_> = text
            .lines()
            .filter(|l| reader.read(l, &mut report) == Show::Yes)
            .collect();
        assert_eq!((report.run, report.failed, report.passed()), (2, 1, 0));
        assert_eq!(report.skipped, ["a: needs node"]);
        assert!(shown.contains(&"boom") && !shown.contains(&"SKIPPED: needs node"));
    }
}
