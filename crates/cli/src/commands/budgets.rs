//! `portunus budgets`.

use super::plane::Plane;
use crate::args::amount::{Count, Dollars};
use crate::args::budgets::{ActionArg, BudgetsArgs, BudgetsVerb, ListBudgets, Per, SetBudget};
use crate::client::escape;
use crate::failure::{Failure, Kind};
use crate::output::{Table, Tone, gauge, moment};
use portunus_api::List;
use portunus_api::budgets as api;
use portunus_api::budgets::{Budget, BudgetRemoved};

/// Runs one verb.
pub(super) async fn run(args: BudgetsArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    match args.verb {
        BudgetsVerb::Set(wish) => {
            let answer = plane.post("/budgets", &body(wish)?).await?;
            plane.show(&answer, |budget: Budget| set_words(&budget))
        }
        BudgetsVerb::List(ListBudgets { agent, pool }) => {
            let agent = agent.map(|name| ("agent", name));
            let query: Vec<_> = agent
                .into_iter()
                .chain(pool.map(|name| ("pool", name)))
                .collect();
            let answer = plane.get("/budgets", &query).await?;
            plane.show(&answer, |budgets: List<Budget>| list_words(&budgets.items))
        }
        BudgetsVerb::Remove { id } => {
            let answer = plane
                .delete(&format!("/budgets/{}", escape(&id)), &[])
                .await?;
            plane.show(&answer, |removed: BudgetRemoved| {
                let budget = &removed.budget;
                format!("Removed: {}, {}.\n", whom(budget), limit(budget))
            })
        }
    }
}

fn body(wish: SetBudget) -> Result<api::SetBudget, Failure> {
    let (scope, subject) = match (wish.agent, wish.pool) {
        (Some(agent), _) => (api::BudgetScope::Agent, Some(agent)),
        (None, Some(pool)) => (api::BudgetScope::Pool, Some(pool)),
        (None, None) => (api::BudgetScope::EveryAgent, None),
    };
    let counted = |measure, count: Option<Count>| count.map(|Count(limit)| (measure, limit));
    let money = |money: Dollars| (api::Measure::Money, money.nanos);
    let (measure, limit) = counted(api::Measure::Requests, wish.requests)
        .or(counted(api::Measure::Tokens, wish.tokens))
        .or(counted(api::Measure::Concurrency, wish.concurrency))
        .or(wish.money.map(money))
        .ok_or_else(|| Failure::new(Kind::Usage, "no limit is named"))?;
    let window = match wish.per {
        Some(Per::Minute) => Some(api::Window::Minute),
        Some(Per::Day) => Some(api::Window::Day),
        Some(Per::Month) => Some(api::Window::Month),
        None => wish.total.then_some(api::Window::Total),
    };
    Ok(api::SetBudget {
        scope,
        subject,
        measure,
        window,
        limit,
        action: wish.action.map(|action| match action {
            ActionArg::Warn => api::Action::Warn,
            ActionArg::Stop => api::Action::Stop,
        }),
        warn_at: wish.warn_at,
    })
}

fn set_words(budget: &Budget) -> String {
    let beyond = match budget.action {
        api::Action::Stop => "requests beyond it are refused",
        api::Action::Warn => "requests beyond it pass",
    };
    let mut text = format!(
        "{} may use {}; {beyond}, and operators are told at {}%.\n",
        capital(&whom(budget)),
        limit(budget),
        budget.warn_at,
    );
    if budget.limit == 0 && budget.action == api::Action::Stop {
        text.push_str("That lets nothing through.\n");
    } else if budget.remaining == 0 {
        let until = match &budget.resets_in_ms {
            Some(millis) => format!("for {}", moment::span(*millis)),
            None => "until it is raised".to_owned(),
        };
        let spent = amount(budget.measure, budget.spent);
        text.push_str(&format!(
            "{spent} are spent already, so it has no room {until}.\n"
        ));
    }
    text.push('\n');
    text.push_str(&table(std::slice::from_ref(budget)));
    text
}

fn list_words(budgets: &[Budget]) -> String {
    if budgets.is_empty() {
        return "There are no budgets. Set one: portunus budgets set --agent NAME --money 5 --per day\n"
            .to_owned();
    }
    table(budgets)
}

fn table(budgets: &[Budget]) -> String {
    let mut table = Table::new(&["WHOM", "LIMIT", "USED", "LEFT", "RESETS", "BEYOND IT", "ID"]);
    for budget in budgets {
        let share = share(budget);
        let fullest = budget.fullest_display_name.as_ref();
        let used = match fullest.or(budget.fullest.as_ref()) {
            Some(name) => format!("{} by {name}", gauge::bar(share)),
            None => gauge::bar(share),
        };
        let resets = match (budget.resets_in_ms, budget.window) {
            (Some(millis), _) => format!("in {}", moment::span(millis)),
            (None, Some(_)) => "never".to_owned(),
            (None, None) => "as requests end".to_owned(),
        };
        let (beyond, tone) = match budget.action {
            api::Action::Stop => ("stop", Tone::Plain),
            api::Action::Warn => ("warn", Tone::Faint),
        };
        table.row([
            (whom(budget).as_str(), Tone::Plain),
            (&limit(budget), Tone::Plain),
            (&used, tone_of(budget)),
            (&amount(budget.measure, budget.remaining), Tone::Plain),
            (&resets, Tone::Faint),
            (beyond, tone),
            (&budget.id, Tone::Faint),
        ]);
    }
    table.render()
}

/// What of the limit is spent or reserved, as a fraction; a limit of nothing is used up.
fn share(budget: &Budget) -> Option<f64> {
    if budget.limit == 0 {
        return Some(1.0);
    }
    let used = budget.spent.saturating_add(budget.reserved);
    let permille = u128::from(used) * 1_000 / u128::from(budget.limit);
    let permille = u32::try_from(permille).unwrap_or(u32::MAX);
    Some(f64::from(permille) / 1_000.0)
}

fn tone_of(budget: &Budget) -> Tone {
    match share(budget) {
        Some(share) if share >= 1.0 => Tone::Bad,
        Some(share) if share * 100.0 >= f64::from(budget.warn_at) => Tone::Warn,
        _ => Tone::Good,
    }
}

fn whom(budget: &Budget) -> String {
    let called = budget.subject_display_name.as_deref();
    match (budget.scope, called.or(budget.subject.as_deref())) {
        (api::BudgetScope::EveryAgent, _) | (_, None) => "every agent".to_owned(),
        (api::BudgetScope::Agent, Some(name)) => format!("agent {name}"),
        (api::BudgetScope::Pool, Some(name)) => format!("pool {name}"),
    }
}

fn limit(budget: &Budget) -> String {
    let most = amount(budget.measure, budget.limit);
    match budget.window {
        Some(api::Window::Minute) => format!("{most} a minute"),
        Some(api::Window::Day) => format!("{most} a day"),
        Some(api::Window::Month) => format!("{most} a month"),
        Some(api::Window::Total) => format!("{most} in total"),
        None => format!("{most} at once"),
    }
}

fn amount(measure: api::Measure, amount: u64) -> String {
    match measure {
        api::Measure::Money => Dollars { nanos: amount }.to_string(),
        api::Measure::Tokens => format!("{} tokens", Count(amount)),
        api::Measure::Requests | api::Measure::Concurrency if amount == 1 => "1 request".to_owned(),
        api::Measure::Requests | api::Measure::Concurrency => format!("{} requests", Count(amount)),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(measure: api::Measure, window: Option<api::Window>) -> Budget {
        Budget {
            id: "bud_0000000000000000000001".into(),
            scope: api::BudgetScope::Agent,
            subject: Some("mayor".into()),
            subject_display_name: None,
            measure,
            window,
            limit: 5_000_000_000,
            action: api::Action::Stop,
            warn_at: 80,
            fullest: None,
            fullest_display_name: None,
            spent: 3_000_000_000,
            reserved: 1_100_000_000,
            remaining: 900_000_000,
            resets_at: Some("2026-11-23T00:00:00.000Z".into()),
            resets_in_ms: Some(11_100_000),
            created_at: "2026-11-22T00:00:00.000Z".into(),
        }
    }

    #[test]
    fn budgets_read_at_a_glance() {
        let own = budget(api::Measure::Money, Some(api::Window::Day));
        let default = Budget {
            scope: api::BudgetScope::EveryAgent,
            subject: None,
            fullest_display_name: Some("The Clerk".into()),
            limit: 2_000_000,
            spent: 2_100_000,
            reserved: 0,
            remaining: 0,
            fullest: Some("clerk".into()),
            resets_in_ms: None,
            action: api::Action::Warn,
            ..budget(api::Measure::Tokens, Some(api::Window::Total))
        };
        let slots = Budget {
            scope: api::BudgetScope::Pool,
            subject: Some("anthropic".into()),
            limit: 8,
            spent: 0,
            reserved: 3,
            remaining: 5,
            resets_in_ms: None,
            ..budget(api::Measure::Concurrency, None)
        };
        let text = list_words(&[default, own, slots]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        let expected: [&[&str]; 4] = [
            &["WHOM", "LIMIT", "USED", "LEFT", "RESETS", "BEYOND IT", "ID"],
            &[
                "every agent",
                "2M tokens in total",
                "██████████ 105% by The Clerk",
                "0 tokens",
                "never",
                "warn",
            ],
            &[
                "agent mayor",
                "$5.00 a day",
                "████████░░  82%",
                "$0.90",
                "in 3h 5m",
                "stop",
            ],
            &[
                "pool anthropic",
                "8 requests at once",
                "███░░░░░░░  38%",
                "5 requests",
                "as requests end",
            ],
        ];
        for (line, parts) in lines.iter().zip(expected) {
            for part in parts {
                assert!(line.contains(part), "{part:?} is not in {line:?}");
            }
        }
        assert!(list_words(&[]).contains("portunus budgets set"));
    }

    #[test]
    fn what_was_set_is_said() {
        let own = budget(api::Measure::Money, Some(api::Window::Day));
        let lowered = Budget {
            limit: 1_000_000_000,
            remaining: 0,
            ..own.clone()
        };
        let nothing = Budget {
            limit: 0,
            remaining: 0,
            ..own.clone()
        };
        let said = [own, lowered, nothing].map(|budget| {
            let text = set_words(&budget);
            let (words, table) = text.split_once("\n\n").unwrap();
            assert!(table.contains("agent mayor"), "{table}");
            words.to_owned()
        });
        let told = "requests beyond it are refused, and operators are told at 80%.";
        assert_eq!(
            said,
            [
                format!("Agent mayor may use $5.00 a day; {told}"),
                format!(
                    "Agent mayor may use $1.00 a day; {told}\n$3.00 are spent already, so it has no room for 3h 5m."
                ),
                format!("Agent mayor may use $0.00 a day; {told}\nThat lets nothing through."),
            ]
        );
    }
}
