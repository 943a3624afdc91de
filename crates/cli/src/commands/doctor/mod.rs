//! `portunus doctor`: looks at everything that can stand in a plane's way, and says how to mend what does.
//!
//! `local` looks at this machine, `remote` at the plane and what it calls. Nothing is changed.

mod local;
mod remote;

use crate::args::doctor::DoctorArgs;
use crate::failure::{Failure, Kind};
use crate::output::paint::Paint;
use crate::output::{self, Colour, Tone};
use serde::Serialize;

/// What one look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// As it should be.
    Ok,
    /// Works, and will not for ever.
    Warn,
    /// Has to be mended.
    Fail,
    /// Could not be looked at.
    Skipped,
}

/// One look.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// What was looked at.
    check: String,
    /// What came of it.
    verdict: Verdict,
    /// In words.
    detail: String,
    /// The next step, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

impl Finding {
    fn new(check: &str, verdict: Verdict, detail: impl Into<String>) -> Self {
        Self {
            check: check.to_owned(),
            verdict,
            detail: detail.into(),
            fix: None,
        }
    }

    fn ok(check: &str, detail: impl Into<String>) -> Self {
        Self::new(check, Verdict::Ok, detail)
    }

    fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// What a failure says of a check.
    fn of(check: &str, verdict: Verdict, failure: &Failure) -> Self {
        let finding = Self::new(check, verdict, failure.detail());
        match failure.next_step() {
            Some(fix) => finding.fix(fix),
            None => finding,
        }
    }
}

/// All looks, for programs.
#[derive(Debug, Serialize)]
struct Report {
    healthy: bool,
    findings: Vec<Finding>,
}

/// Looks, tells, and fails when something has to be mended.
pub(super) async fn run(args: DoctorArgs) -> Result<(), Failure> {
    let mut findings = local::look(&args).await;
    findings.extend(remote::look(&args.reach).await);
    let failed = findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Fail)
        .count();
    let report = Report {
        healthy: failed == 0,
        findings,
    };
    if args.reach.json {
        let json = serde_json::to_vec(&report).map_err(anyhow::Error::new)?;
        output::print_json(&json)?;
    } else {
        let colour = Colour::of(&std::io::stdout());
        output::print(&in_words(&report.findings, Paint(colour)))?;
    }
    match failed {
        0 => Ok(()),
        1 => Err(Failure::new(Kind::General, "one thing has to be mended")),
        many => Err(Failure::new(
            Kind::General,
            format!("{many} things have to be mended"),
        )),
    }
}

fn in_words(findings: &[Finding], paint: Paint) -> String {
    let mut text = String::new();
    let checks = findings.iter().map(|finding| finding.check.chars().count());
    let width = checks.max().unwrap_or(0) + 2;
    for finding in findings {
        let (word, tone) = match finding.verdict {
            Verdict::Ok => ("ok     ", Tone::Good),
            Verdict::Warn => ("warning", Tone::Warn),
            Verdict::Fail => ("FAILED ", Tone::Bad),
            Verdict::Skipped => ("skipped", Tone::Faint),
        };
        let head = format!("{:<width$}", finding.check);
        let head = paint.text(&head, Tone::Plain);
        let detail = paint.text(&finding.detail, Tone::Plain);
        text.push_str(&format!("{}  {head}{detail}\n", paint.text(word, tone)));
        if let Some(fix) = &finding.fix {
            let indent = width + 11;
            text.push_str(&format!("{:indent$}{}\n", "", paint.text(fix, Tone::Faint)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_look_is_a_line_and_its_remedy_another() {
        let findings = [
            Finding::ok("disk", "12 GiB free"),
            Finding::ok("pool anthropic3", "2 ready"),
            Finding::new("keys", Verdict::Fail, "pool anthropic has no enabled key")
                .fix("portunus keys add --pool anthropic --label NAME"),
        ];
        insta::assert_snapshot!(in_words(&findings, Paint(Colour::Off)), @"
        ok       disk             12 GiB free
        ok       pool anthropic3  2 ready
        FAILED   keys             pool anthropic has no enabled key
                                    portunus keys add --pool anthropic --label NAME
        ");
    }
}
