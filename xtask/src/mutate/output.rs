//! What the test program of Rust writes while it runs, read line by line.

/// How many tests it runs, over all binaries.
pub(super) fn count(output: &str) -> usize {
    output
        .lines()
        .filter_map(|line| {
            line.strip_prefix("running ")?
                .split(' ')
                .next()?
                .parse::<usize>()
                .ok()
        })
        .sum()
}

/// The first test that failed.
pub(super) fn failed(output: &str) -> Option<&str> {
    output
        .lines()
        .find_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"))
}

/// The tests that were still running after a minute, and did not end since.
pub(super) fn running(output: &str) -> Vec<String> {
    let slow = output.lines().filter_map(|line| {
        line.strip_prefix("test ")?
            .strip_suffix(" has been running for over 60 seconds")
    });
    slow.filter(|test| {
        let ended = format!("test {test} ... ");
        !output.lines().any(|line| line.starts_with(&ended))
    })
    .map(str::to_owned)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tests_that_run_are_counted() {
        assert_eq!(count("\nrunning 2 tests\n..\nrunning 1 test\n."), 3);
        assert_eq!(count("running 0 tests\n"), 0);
    }

    #[test]
    fn the_first_failure_is_named() {
        let output =
            "running 3 tests\ntest a::b ... ok\ntest a::c ... FAILED\ntest a::d ... FAILED\n";
        assert_eq!(failed(output), Some("a::c"));
        assert_eq!(failed("test a::c ... ok\ntest a::b ... FAIL"), None);
    }

    #[test]
    fn what_never_ends_is_named() {
        let output = "test a has been running for over 60 seconds\n\
                      test b has been running for over 60 seconds\n\
                      test b ... ok\n";
        assert_eq!(running(output), ["a"]);
    }
}
