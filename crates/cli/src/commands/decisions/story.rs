//! The story of one request, told to a person.

use super::words;
use crate::output::paint::Paint;
use crate::output::{Tone, one_line};
use portunus_api::decisions::{Attempt, Decision, Outcome, PassedOver, Step, TokensUsed};

/// Columns of the moments on the left.
const MOMENT: usize = 8;

/// The whole story.
pub(crate) fn story(decision: &Decision, paint: Paint) -> String {
    let mut story = Story {
        decision,
        paint,
        first_byte_us: decision.first_byte_us,
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
    /// When the client got its first byte, until that is told.
    first_byte_us: Option<u64>,
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
                agent.called()
            });
        let what = match (decision.endpoint.as_str(), decision.model.as_deref()) {
            // Whose credential is refused is not told which paths there are.
            ("-", _) if decision.agent.is_none() => "something".to_owned(),
            ("-", _) => "a path that the model door does not have".to_owned(),
            (endpoint, None) => endpoint.to_owned(),
            (endpoint, Some(model)) => format!("{endpoint} of {model}"),
        };
        let when = crate::output::moment::stamp(&decision.at);
        let asked = self
            .paint
            .text(&one_line(&format!("{who} asked for {what}")), Tone::Plain);
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
            Step::Repeated { at_us, original } => {
                let words = format!(
                    "repeated {original} under its idempotency key: got the same answer, nothing was sent or charged"
                );
                let words = self.paint.text(&words, Tone::Plain);
                self.line(Some(*at_us), &words);
            }
        }
    }

    fn wait(&mut self, at_us: u64, took_us: u64, obstacles: &[PassedOver], earliest: Option<&str>) {
        let expected = earliest.map_or_else(String::new, |earliest| {
            format!(", the first was expected at {}", words::clock(earliest))
        });
        let nothing = format!("no key was free{expected}");
        // Whoever is refused at once has not waited in any sense that a person would use the word.
        let waited = match took_us {
            ..1_000 => nothing,
            _ => format!("waited {}: {nothing}", words::span_us(took_us)),
        };
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
            answered.push_str(&self.paint.text(&one_line(detail), Tone::Faint));
        }
        let at_us = attempt.at_us.saturating_add(attempt.took_us);
        // What the client gets may begin before the attempt is over.
        self.first_byte(at_us);
        self.line(Some(at_us), &answered);
    }

    /// Tells once of the first byte, if it came before this moment.
    fn first_byte(&mut self, before_us: u64) {
        if let Some(at_us) = self.first_byte_us.take_if(|at_us| *at_us < before_us) {
            self.line(Some(at_us), "first byte for the client");
        }
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
        self.first_byte(u64::MAX);
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
            ended.push_str(&self.paint.text(&one_line(reason), Tone::Plain));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Colour;
    use portunus_api::decisions::AgentThen;

    fn passed_over(label: &str, why: &str, until: Option<&str>) -> PassedOver {
        PassedOver {
            key: format!("key_{label}"),
            label: Some(label.to_owned()),
            why: why.to_owned(),
            window: until.map(|_| "5h".to_owned()),
            until: until.map(str::to_owned),
            headroom_tenths: None,
        }
    }

    fn attempt(at_us: u64, label: &str) -> Attempt {
        Attempt {
            at_us,
            took_us: 120_000,
            pool: "anthropic".to_owned(),
            key: format!("key_{label}"),
            label: label.to_owned(),
            chosen_for: "priority".to_owned(),
            passed_over: Vec::new(),
            passed_over_unnamed: 0,
            status: Some(200),
            class: "ok".to_owned(),
            detail: None,
        }
    }

    fn decision() -> Decision {
        let resting = passed_over("team-b", "resting", Some("2026-11-03T14:03:22Z"));
        let mut gone = passed_over("team-c", "disabled", None);
        gone.label = None;
        let limited = Attempt {
            passed_over: vec![resting.clone(), gone],
            passed_over_unnamed: 4,
            status: Some(429),
            class: "quota".to_owned(),
            detail: Some("slow down\u{1b}[2J\n +9.99 s  forged".to_owned()),
            ..attempt(900, "team-a")
        };
        let waited = Step::Waited {
            at_us: 121_000,
            took_us: 3_120_000,
            obstacles: vec![resting],
            earliest: Some("2026-11-03T14:00:13Z".to_owned()),
        };
        let served = Attempt {
            chosen_for: "queue".to_owned(),
            ..attempt(3_241_000, "team-a")
        };
        Decision {
            seq: Some(7),
            id: "req_x".to_owned(),
            at: "2026-11-03T14:00:10.000Z".to_owned(),
            agent: Some(AgentThen {
                id: "agt_x".to_owned(),
                name: "mayor".to_owned(),
                display_name: Some("Lord Mayor".to_owned()),
            }),
            endpoint: "messages".to_owned(),
            model: Some("claude-sonnet-4-5".to_owned()),
            steps: vec![Step::Attempted(limited), waited, Step::Attempted(served)],
            outcome: Outcome::Served,
            status: Some(200),
            reason: None,
            waited_us: 3_120_000,
            first_byte_us: Some(3_361_000),
            total_us: 4_200_000,
            usage: Some(TokensUsed {
                input: 740,
                cache_read: 800,
                cache_write: 0,
                output: 340,
                reasoning: 100,
                estimated: true,
            }),
            cost_usd: Some(0.0094),
        }
    }

    #[test]
    fn a_served_request_is_told_from_its_first_key_to_its_bill() {
        insta::assert_snapshot!(story(&decision(), Paint(Colour::Off)), @r"
        req_x: served after 4.20 s

        +0.00 ms  Lord Mayor asked for messages of claude-sonnet-4-5, 2026-11-03 14:00:10Z
        +0.90 ms  tried anthropic:team-a, its priority comes first
                    not team-b      resting until 14:03:22Z (5h window), 3m 12s left then
                    not key_team-c  switched off
                    and 4 more keys
         +120 ms  429, a quota of the key is spent: slow down\u{1b}[2J\n +9.99 s  forged
         +121 ms  waited 3.12 s: no key was free, the first was expected at 14:00:13Z
                    not team-b  resting until 14:03:22Z (5h window), 3m 12s left then
         +3.24 s  tried anthropic:team-a, it came free when it was this request's turn
         +3.36 s  200, an answer for the client
         +3.36 s  first byte for the client
         +4.20 s  the client has its answer (200)

        tokens  1,540 in (800 read from the cache), 340 out (100 reasoning); estimated, because the provider did not say
        cost    $0.009400
        ");
    }

    #[test]
    fn a_first_byte_that_came_before_the_end_of_the_attempt_is_told_before_it() {
        let quick = Decision {
            first_byte_us: Some(2_500),
            steps: vec![Step::Attempted(Attempt {
                took_us: 1_700,
                ..attempt(900, "team-a")
            })],
            ..decision()
        };
        let text = story(&quick, Paint(Colour::Off));
        let place = |words: &str| text.find(words).unwrap();
        assert!(place("first byte") < place("200, an answer"), "{text}");
        assert_eq!(text.matches("first byte").count(), 1, "{text}");
    }

    #[test]
    fn a_refused_request_is_told_with_its_reason() {
        let refused = Decision {
            agent: None,
            endpoint: "-".to_owned(),
            model: None,
            steps: vec![Step::OverBudget {
                at_us: 300,
                budget: "1,000 requests of mayor per day".to_owned(),
            }],
            outcome: Outcome::Refused,
            status: Some(429),
            reason: Some("over budget".to_owned()),
            waited_us: 0,
            first_byte_us: None,
            total_us: 400,
            usage: None,
            cost_usd: None,
            ..decision()
        };
        insta::assert_snapshot!(story(&refused, Paint(Colour::Off)), @r"
        req_x: refused after 0.40 ms

        +0.00 ms  somebody without an accepted credential asked for something, 2026-11-03 14:00:10Z
        +0.30 ms  no room in the budget: 1,000 requests of mayor per day
        +0.40 ms  the plane refused it (429): over budget
        ");
    }

    #[test]
    fn a_repetition_names_the_request_whose_answer_it_got() {
        let repeated = Decision {
            steps: vec![Step::Repeated {
                at_us: 300,
                original: "req_y".to_owned(),
            }],
            waited_us: 0,
            first_byte_us: Some(350),
            total_us: 400,
            usage: None,
            cost_usd: None,
            ..decision()
        };
        insta::assert_snapshot!(story(&repeated, Paint(Colour::Off)), @r"
        req_x: served after 0.40 ms

        +0.00 ms  Lord Mayor asked for messages of claude-sonnet-4-5, 2026-11-03 14:00:10Z
        +0.30 ms  repeated req_y under its idempotency key: got the same answer, nothing was sent or charged
        +0.35 ms  first byte for the client
        +0.40 ms  the client has its answer (200)
        ");
    }
}
