//! How a command fails: what is wrong, what to do next, and the exit code that programs read.

use portunus_api::access::OAuthProblem;
use portunus_api::{ErrorCode, Problem};
use std::fmt;
use std::process::ExitCode;

/// The kinds of failure that programs can tell apart by the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anything else: exit code 1.
    General,
    /// What was typed or configured cannot be meant: 2.
    Usage,
    /// No credential, or one that is not accepted or not sufficient: 3.
    Authentication,
    /// Nothing under that name: 4.
    NotFound,
    /// The state of the plane forbids it: 5.
    Conflict,
    /// Too much in a short time: 6.
    Limited,
}

impl Kind {
    /// The kind in words, for programs that show it.
    const fn title(self) -> &'static str {
        match self {
            Self::General => "The command failed",
            Self::Usage => "What was typed cannot be meant",
            Self::Authentication => "Not signed in, or not allowed",
            Self::NotFound => "Nothing has this name",
            Self::Conflict => "It cannot be so now",
            Self::Limited => "Too much in a short time",
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::General => 1,
            Self::Usage => 2,
            Self::Authentication => 3,
            Self::NotFound => 4,
            Self::Conflict => 5,
            Self::Limited => 6,
        }
    }

    /// The kind that an HTTP status stands for.
    pub(crate) const fn of_status(status: u16) -> Self {
        match status {
            400 | 413 | 415 | 422 => Self::Usage,
            401 | 403 => Self::Authentication,
            404 => Self::NotFound,
            409 => Self::Conflict,
            429 => Self::Limited,
            _ => Self::General,
        }
    }
}

/// A failed command. Holds no secret: its text goes to the terminal.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    detail: String,
    fix: Option<String>,
    /// The exit code, where it is another one than the kind's.
    code: Option<u8>,
    /// What the plane said, when it was the plane that refused.
    problem: Option<Box<Problem>>,
}

impl Failure {
    /// A failure of `kind` that says what is wrong.
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            fix: None,
            code: None,
            problem: None,
        }
    }

    /// The same with a next step.
    #[must_use]
    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into()).filter(|fix| !fix.is_empty());
        self
    }

    /// The same with an exit code of its own.
    #[must_use]
    pub(crate) const fn ending_with(mut self, code: u8) -> Self {
        self.code = Some(code);
        self
    }

    /// What the plane answered with an error status, and when it says to try again, in seconds.
    pub(crate) fn from_problem(
        status: u16,
        retry_after: Option<u64>,
        mut problem: Problem,
    ) -> Self {
        // Nobody sees the header behind a command, so the fix says its number instead of its name.
        if let Some(seconds) = retry_after {
            problem.fix = problem
                .fix
                .replace("as Retry-After says", &format!("{seconds} s"));
        }
        let detail = if problem.detail.is_empty() {
            &problem.title
        } else {
            &problem.detail
        };
        let mut failure = Self::new(Kind::of_status(status), detail).fix(&problem.fix);
        failure.problem = Some(Box::new(problem));
        failure
    }

    /// What an OAuth endpoint answered with an error status (RFC 6749 §5.2).
    pub(crate) fn from_oauth(status: u16, problem: &OAuthProblem) -> Self {
        let (kind, fix) = match problem.error.as_str() {
            "invalid_grant" => (
                Kind::Authentication,
                "exchange the token anew: portunus token exchange",
            ),
            "invalid_scope" => (
                Kind::Authentication,
                "ask for no more than `portunus whoami` shows",
            ),
            "invalid_client" => (
                Kind::Authentication,
                "look at PORTUNUS_TOKEN, or run `portunus login`",
            ),
            _ => (Kind::of_status(status), ""),
        };
        let detail = format!("{} ({})", problem.error_description, problem.error);
        Self::new(kind, detail).fix(fix)
    }

    /// The same after something else had succeeded, which the detail then says first.
    #[must_use]
    pub(crate) fn after(mut self, succeeded: &str) -> Self {
        self.detail = format!("{succeeded}; then: {}", self.detail);
        if let Some(problem) = &mut self.problem {
            problem.detail.clone_from(&self.detail);
        }
        self
    }

    /// The same where a field of the body, that the plane names, is told as what was `typed` for it.
    #[must_use]
    pub(crate) fn in_typed_words(mut self, typed: &[(&str, &str)]) -> Self {
        if !self.has_code(ErrorCode::InvalidBody) {
            return self;
        }
        let told = typed.iter().find_map(|(field, typed)| {
            let rest = self
                .detail
                .strip_prefix("the field ")?
                .strip_prefix(field)?;
            Some(format!(
                "{typed}{}",
                rest.strip_prefix(' ').map(|rest| format!(" {rest}"))?
            ))
        });
        if let Some(told) = told {
            let fix = "--help of the command says what it may be";
            if let Some(problem) = &mut self.problem {
                problem.detail.clone_from(&told);
                fix.clone_into(&mut problem.fix);
            }
            self.detail = told;
            self.fix = Some(fix.to_owned());
        }
        self
    }

    /// The kind.
    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether the plane refused with this code.
    pub(crate) fn has_code(&self, code: ErrorCode) -> bool {
        self.problem
            .as_ref()
            .is_some_and(|problem| problem.code == code.as_str())
    }

    /// One JSON object: the plane's problem document, or the same in short for what the plane never saw.
    pub(crate) fn json(&self) -> serde_json::Value {
        let document = self.problem.as_ref().map(serde_json::to_value);
        document.and_then(Result::ok).unwrap_or_else(|| {
            serde_json::json!({
                "title": self.kind.title(),
                "detail": self.detail,
                "fix": self.fix,
                "exit_code": self.code(),
            })
        })
    }

    /// What is wrong, in one sentence or a list.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// The next step.
    pub(crate) fn next_step(&self) -> Option<&str> {
        self.fix.as_deref()
    }

    /// The exit code of the process.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    fn code(&self) -> u8 {
        self.code.unwrap_or_else(|| self.kind.code())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Failure {}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Kind::General, format!("{error:#}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_have_the_documented_exit_codes() {
        let codes = [400, 401, 403, 404, 409, 429, 500].map(|s| Kind::of_status(s).code());
        assert_eq!(codes, [2, 3, 3, 4, 5, 6, 1]);
    }
}
