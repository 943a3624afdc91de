//! The story of one request, told to a person.

use super::words;
use crate::output::Tone;
use crate::output::paint::Paint;
use portunus_api::decisions::{Attempt, Decision, Outcome, PassedOver, Step, TokensUsed};

/// Columns of the moments on the left.
const MOMENT: usize = 9;

/// The whole story.
pub(crate) fn story(decision: &Decision, paint: Paint) -> String {
    let mut story = Story {
        decision,
        paint,
        text: String::new(),
    };
    story.head();
    for step in &decision.steps {
        story.step(step);
    }
    story.end();
    story.bill();
    story.text
}

struct Story<'a> {
    decision: &'a Decision,
    paint: Paint,
    text: String,
}

impl Story<'_> {
    /// Who asked for what, when, and in a word what became of it.
    fn head(&mut self) {
        let decision = self.decision;
        let (outcome, tone) = words::outcome(decision.outcome);
        let outcome = self.paint.text(outcome, tone);
        let took = words::span_us(decision.total_us);
        let who = decision
            .agent
            .as_ref()
            .map_or("somebody without an accepted credential", |agent| {
                agent.name.as_str()
            });
        let what = match (decision.endpoint.as_str(), decision.model.as_deref()) {
            ("-", _) => "a path that the model door does not have".to_owned(),
            (endpoint, None) => endpoint.to_owned(),
            (endpoint, Some(model)) => format!("{endpoint} of {model}"),
        };
        let when = crate::output::moment::stamp(&decision.at);
        let asked = self
            .paint
            .text(&format!("{who} asked for {what}"), Tone::Plain);
        self.text
            .push_str(&format!("{}: {outcome} after {took}\n\n", decision.id));
        self.line(Some(0), &format!("{asked}, {when}"));
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::OverBudget { at_us, budget } => {
                let words = self
                    .paint
                    .text(&format!("no room in the budget: {budget}"), Tone::Bad);
                self.line(Some(*at_us), &words);
            }
            Step::Waited {
                at_us,
                took_us,
                obstacles,
                earliest,
            } => self.wait(*at_us, *took_us, obstacles, earliest.as_deref()),
            Step::Attempted(attempt) => self.attempt(attempt),
        }
    }

    fn wait(&mut self, at_us: u64, took_us: u64, obstacles: &[PassedOver], earliest: Option<&str>) {
        let expected = earliest.map_or_else(String::new, |earliest| {
            format!(", the first was expected at {}", words::clock(earliest))
        });
        let waited = format!(
            "waited {}: no key was free{expected}",
            words::span_us(took_us)
        );
        let waited = self.paint.text(&waited, Tone::Warn);
        self.line(Some(at_us), &waited);
        self.keys(at_us, obstacles, 0);
    }

    fn attempt(&mut self, attempt: &Attempt) {
        let chosen = words::chosen_for(&attempt.chosen_for);
        let tried = format!("tried {}:{}, {chosen}", attempt.pool, attempt.label);
        let tried = self.paint.text(&tried, Tone::Plain);
        self.line(Some(attempt.at_us), &tried);
        self.keys(
            attempt.at_us,
            &attempt.passed_over,
            attempt.passed_over_unnamed,
        );
        let (class, tone) = words::class(&attempt.class);
        let status = attempt.status.map(|status| format!("{status}, "));
        let answered = format!("{}{class}", status.unwrap_or_default());
        let mut answered = self.paint.text(&answered, tone);
        if let Some(detail) = attempt
            .detail
            .as_deref()
            .filter(|detail| !detail.is_empty())
        {
            answered.push_str(": ");
            answered.push_str(&self.paint.text(detail, Tone::Faint));
        }
        self.line(
            Some(attempt.at_us.saturating_add(attempt.took_us)),
            &answered,
        );
    }

    /// One line for each key that did not get the request.
    fn keys(&mut self, at_us: u64, passed: &[PassedOver], unnamed: u32) {
        let then = words::later(&self.decision.at, at_us);
        let width = passed
            .iter()
            .map(|passed| words::key(passed).chars().count())
            .max();
        for passed in passed {
            let key = format!("{:width$}", words::key(passed), width = width.unwrap_or(0));
            let why = format!("  not {key}  {}", words::why_not(passed, &then));
            let why = self.paint.text(&why, Tone::Faint);
            self.line(None, &why);
        }
        if unnamed > 0 {
            let more = self
                .paint
                .text(&format!("  and {unnamed} more keys"), Tone::Faint);
            self.line(None, &more);
        }
    }

    /// First byte and end.
    fn end(&mut self) {
        let decision = self.decision;
        if let Some(first_byte_us) = decision.first_byte_us {
            self.line(Some(first_byte_us), "first byte for the client");
        }
        let (_, tone) = words::outcome(decision.outcome);
        let ended = match decision.outcome {
            Outcome::Served => "the client has its answer",
            Outcome::ClientFault => "the client has the provider's refusal",
            Outcome::Refused => "the plane refused it",
            Outcome::BrokenOff => "the answer broke off",
            Outcome::ClientLeft => "the client left",
        };
        let status = decision.status.map(|status| format!(" ({status})"));
        let ended = format!("{ended}{}", status.unwrap_or_default());
        let mut ended = self.paint.text(&ended, tone);
        if let Some(reason) = &decision.reason {
            ended.push_str(": ");
            ended.push_str(&self.paint.text(reason, Tone::Plain));
        }
        self.line(Some(decision.total_us), &ended);
    }

    /// Tokens and money.
    fn bill(&mut self) {
        let decision = self.decision;
        let Some(used) = &decision.usage else {
            return;
        };
        let cost = decision.cost_usd.map_or_else(
            || "no price is known for this model".to_owned(),
            words::dollars,
        );
        self.text
            .push_str(&format!("\ntokens  {}\ncost    {cost}\n", tokens(used)));
    }

    fn line(&mut self, at_us: Option<u64>, words: &str) {
        let moment = at_us.map_or_else(String::new, |at_us| format!("+{}", words::span_us(at_us)));
        let moment = format!("{moment:>MOMENT$}");
        let moment = self.paint.text(&moment, Tone::Faint);
        self.text.push_str(&format!("{moment}  {words}\n"));
    }
}

fn tokens(used: &TokensUsed) -> String {
    let input = used
        .input
        .saturating_add(used.cache_read)
        .saturating_add(used.cache_write);
    let mut text = format!("{} in", words::number(input));
    let parts = [
        (used.cache_read, "read from the cache"),
        (used.cache_write, "written to it"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", words::number(count)))
        .collect();
    if !parts.is_empty() {
        text.push_str(&format!(" ({})", parts.join(", ")));
    }
    text.push_str(&format!(", {} out", words::number(used.output)));
    if used.reasoning > 0 {
        text.push_str(&format!(" ({} reasoning)", words::number(used.reasoning)));
    }
    if used.estimated {
        text.push_str("; estimated, because the provider did not say");
    }
    text
}
