//! One rule, one test.

use super::scene::{Scene, amounts, budget, moment};
use portunus_core::budget::{
    Action, Amounts, Budget, Crossed, Quantity, Saved, WarnAt, Why, Window,
};
use portunus_core::time::Timestamp;

const NOON: &str = "2026-11-22T12:00:00Z";
const A_DAY: Quantity = Quantity::Requests(Window::Day);
const TOKENS: Quantity = Quantity::Tokens(Window::Day);

#[test]
fn a_settlement_charges_what_was_used_and_gives_back_the_rest() {
    let mut scene = Scene::at(NOON, &[budget(TOKENS, 100)]);
    let hold = scene.reserve(amounts(60, 0)).unwrap();
    assert_eq!(scene.reserve(amounts(60, 0)).unwrap_err().why, Why::Held);
    scene.settle(hold, amounts(10, 0));
    assert_eq!(scene.used(TOKENS), (10, 0));
    let hold = scene.reserve(amounts(90, 0)).unwrap();
    // A settlement may pass the limit, by the error of the estimate.
    scene.settle(hold, amounts(150, 0));
    assert_eq!(scene.used(TOKENS), (160, 0));
    let refused = scene.reserve(amounts(1, 0)).unwrap_err();
    assert_eq!((refused.why, refused.spent), (Why::Spent, 160));
}

#[test]
fn what_is_released_was_never_counted() {
    let mut scene = Scene::at(NOON, &[budget(A_DAY, 1), budget(TOKENS, 10)]);
    let hold = scene.reserve(amounts(10, 0)).unwrap();
    scene.account.release(hold);
    assert_eq!(scene.used(A_DAY), (0, 0));
    assert_eq!(scene.used(TOKENS), (0, 0));
    assert!(scene.reserve(amounts(10, 0)).is_ok());
}

#[test]
fn all_budgets_are_reserved_or_none() {
    let mut scene = Scene::at(NOON, &[budget(A_DAY, 10), budget(TOKENS, 10)]);
    assert!(scene.reserve(amounts(11, 0)).is_err());
    assert_eq!(scene.used(A_DAY), (0, 0));
}

#[test]
fn windows_begin_anew_with_the_minute_the_day_and_the_month() {
    for (window, last, next, resets) in [
        (
            Window::Minute,
            "2026-11-22T12:00:59.999Z",
            "2026-11-22T12:01:00Z",
            "2026-11-22T12:01:00Z",
        ),
        (
            Window::Day,
            "2026-11-22T23:59:59.999Z",
            "2026-11-23T00:00:00Z",
            "2026-11-23T00:00:00Z",
        ),
        (
            Window::Month,
            "2028-02-29T23:59:59.999Z",
            "2028-03-01T00:00:00Z",
            "2028-03-01T00:00:00Z",
        ),
        (
            Window::Month,
            "2027-02-28T23:59:59.999Z",
            "2027-03-01T00:00:00Z",
            "2027-03-01T00:00:00Z",
        ),
    ] {
        let quantity = Quantity::Requests(window);
        let mut scene = Scene::at(last, &[budget(quantity, 1)]);
        let hold = scene.reserve(amounts(1, 1)).unwrap();
        scene.settle(hold, amounts(1, 1));
        let refused = scene.reserve(amounts(1, 1)).unwrap_err();
        assert_eq!(
            (refused.why, refused.resets_at),
            (Why::Spent, Some(moment(resets)))
        );
        scene.set_clock(next);
        assert!(scene.reserve(amounts(1, 1)).is_ok(), "{window:?}");
    }
}

#[test]
fn what_is_counted_in_total_never_begins_anew() {
    let total = Quantity::Requests(Window::Total);
    let mut scene = Scene::at(NOON, &[budget(total, 1)]);
    let hold = scene.reserve(amounts(1, 1)).unwrap();
    scene.set_clock("2126-11-22T12:00:00Z");
    scene.settle(hold, amounts(1, 1));
    let refused = scene.reserve(amounts(1, 1)).unwrap_err();
    assert_eq!((refused.why, refused.resets_at), (Why::Spent, None));
}

#[test]
fn a_request_belongs_to_the_window_of_its_admission_and_its_excess_to_the_present() {
    let mut scene = Scene::at(
        "2026-11-22T23:59:00Z",
        &[budget(A_DAY, 5), budget(TOKENS, 100)],
    );
    let modest = scene.reserve(amounts(40, 0)).unwrap();
    let greedy = scene.reserve(amounts(40, 0)).unwrap();
    scene.set_clock("2026-11-23T00:01:00Z");
    assert_eq!(scene.used(TOKENS), (0, 0));
    scene.settle(modest, amounts(30, 0));
    scene.settle(greedy, amounts(45, 0));
    assert_eq!(scene.used(TOKENS), (5, 0));
    assert_eq!(scene.used(A_DAY), (0, 0));
}

#[test]
fn a_clock_that_goes_back_gives_nobody_a_second_window() {
    let mut scene = Scene::at("2026-11-22T23:59:59Z", &[budget(A_DAY, 1)]);
    scene.set_clock("2026-11-23T00:00:01Z");
    let hold = scene.reserve(amounts(1, 0)).unwrap();
    scene.settle(hold, amounts(1, 0));
    scene.set_clock("2026-11-22T23:59:58Z");
    assert_eq!(scene.reserve(amounts(1, 0)).unwrap_err().why, Why::Spent);
    scene.set_clock("2026-11-23T00:00:02Z");
    assert_eq!(scene.reserve(amounts(1, 0)).unwrap_err().why, Why::Spent);
}

#[test]
fn a_lowered_budget_stops_new_requests_and_lets_running_ones_end() {
    let mut scene = Scene::at(NOON, &[budget(TOKENS, 100)]);
    let done = scene.reserve(amounts(50, 0)).unwrap();
    scene.settle(done, amounts(50, 0));
    let running = scene.reserve(amounts(40, 0)).unwrap();
    scene.account.bind(budget(TOKENS, 20), scene.now);
    let refused = scene.reserve(amounts(1, 0)).unwrap_err();
    assert_eq!(
        (refused.why, refused.spent, refused.reserved),
        (Why::Spent, 50, 40)
    );
    assert_eq!(scene.level(TOKENS).remaining(), 0);
    scene.settle(running, amounts(40, 0));
    assert_eq!(scene.used(TOKENS), (90, 0));
    scene.account.bind(budget(TOKENS, 100), scene.now);
    assert!(scene.reserve(amounts(10, 0)).is_ok());
}

#[test]
fn a_request_that_never_fits_is_told_so() {
    let mut scene = Scene::at(NOON, &[budget(TOKENS, 100)]);
    let refused = scene.reserve(amounts(101, 0)).unwrap_err();
    assert_eq!((refused.why, refused.needed), (Why::NeverFits, Some(101)));
    let mut scene = Scene::at(NOON, &[budget(A_DAY, 0)]);
    assert_eq!(
        scene.reserve(amounts(1, 0)).unwrap_err().why,
        Why::NeverFits
    );
}

#[test]
fn money_without_a_price_is_stopped_and_not_by_a_budget_that_only_warns() {
    let money = Quantity::Money(Window::Day);
    let unpriced = Amounts {
        tokens: 1,
        money: None,
    };
    let mut scene = Scene::at(NOON, &[budget(money, 100)]);
    assert_eq!(scene.reserve(unpriced).unwrap_err().why, Why::Unpriced);
    let lenient = Budget {
        action: Action::Warn,
        ..budget(money, 100)
    };
    let mut scene = Scene::at(NOON, &[lenient]);
    let hold = scene.reserve(unpriced).unwrap();
    scene.settle(hold, unpriced);
    assert_eq!(scene.used(money), (0, 0));
}

#[test]
fn money_that_nobody_knows_in_the_end_is_charged_as_it_was_reserved() {
    let money = Quantity::Money(Window::Day);
    let mut scene = Scene::at(NOON, &[budget(money, 100)]);
    let hold = scene.reserve(amounts(1, 70)).unwrap();
    let unknown = Amounts {
        tokens: 1,
        money: None,
    };
    scene.settle(hold, unknown);
    assert_eq!(scene.used(money), (70, 0));
}

#[test]
fn slots_are_counted_while_requests_run() {
    let at_once = Quantity::Concurrency;
    let mut scene = Scene::at(NOON, &[budget(at_once, 2)]);
    let first = scene.reserve(amounts(1, 1)).unwrap();
    let second = scene.reserve(amounts(1, 1)).unwrap();
    let refused = scene.reserve(amounts(1, 1)).unwrap_err();
    assert_eq!((refused.why, refused.resets_at), (Why::Held, None));
    scene.set_clock("2026-11-29T12:00:00Z");
    scene.settle(first, amounts(9, 9));
    scene.account.release(second);
    assert_eq!(scene.used(at_once), (0, 0));
}

#[test]
fn what_was_reserved_before_a_budget_was_set_anew_frees_nothing_of_it() {
    let at_once = Quantity::Concurrency;
    let mut scene = Scene::at(NOON, &[budget(at_once, 2)]);
    let old = scene.reserve(amounts(1, 1)).unwrap();
    scene.account.unbind(at_once);
    scene.account.bind(budget(at_once, 1), scene.now);
    let new = scene.reserve(amounts(1, 1)).unwrap();
    scene.account.release(old);
    assert_eq!(scene.used(at_once), (0, 1));
    assert!(scene.reserve(amounts(1, 1)).is_err());
    scene.account.release(new);
    assert_eq!(scene.used(at_once), (0, 0));
}

#[test]
fn of_several_shortages_the_longest_is_told() {
    let minute = Quantity::Requests(Window::Minute);
    let mut scene = Scene::at(
        NOON,
        &[
            budget(minute, 1),
            budget(A_DAY, 1),
            budget(Quantity::Concurrency, 1),
        ],
    );
    let hold = scene.reserve(amounts(1, 1)).unwrap();
    scene.settle(hold, amounts(1, 1));
    assert_eq!(
        scene.reserve(amounts(1, 1)).unwrap_err().budget.quantity,
        A_DAY
    );
}

#[test]
fn a_warning_and_the_limit_are_news_once_in_a_window() {
    let careful = Budget {
        action: Action::Warn,
        warn_at: WarnAt::from_percent(50).unwrap(),
        ..budget(A_DAY, 4)
    };
    let mut scene = Scene::at(NOON, &[careful]);
    let told = |scene: &mut Scene| {
        let hold = scene.reserve(amounts(1, 0)).unwrap();
        scene.settle(hold, amounts(1, 0));
        let news = scene.account.crossings();
        news.into_iter()
            .map(|news| (news.crossed, news.used))
            .collect::<Vec<_>>()
    };
    let warned = |scene: &mut Scene| (0..6).flat_map(|_| told(scene)).collect::<Vec<_>>();
    let expected = [(Crossed::Warning, 2), (Crossed::Limit, 4)];
    assert_eq!(warned(&mut scene), expected);
    scene.set_clock("2026-11-23T12:00:00Z");
    assert_eq!(warned(&mut scene), expected);
    // A raised limit makes both news again.
    scene.account.bind(
        Budget {
            limit: 14,
            ..careful
        },
        scene.now,
    );
    assert_eq!(warned(&mut scene), [(Crossed::Warning, 7)]);
}

#[test]
fn a_refusal_is_news_once_in_a_window() {
    let mut scene = Scene::at(NOON, &[budget(Quantity::Concurrency, 1)]);
    let hold = scene.account.take(amounts(1, 0));
    assert_eq!(scene.account.crossings().len(), 1);
    let mut refuse = |now: &str| {
        scene.set_clock(now);
        scene.account.check(&amounts(1, 0), scene.now).unwrap_err();
        let news = scene.account.crossings();
        news.first().map(|news| news.crossed)
    };
    assert_eq!(refuse(NOON), Some(Crossed::Limit));
    assert_eq!(refuse("2026-11-22T13:00:00Z"), None);
    assert_eq!(refuse("2026-11-23T13:00:00Z"), Some(Crossed::Limit));
    scene.account.release(hold);
}

#[test]
fn what_was_spent_survives_a_restart_within_its_window() {
    let total = Quantity::Tokens(Window::Total);
    let budgets = [budget(TOKENS, 100), budget(total, 1_000)];
    let mut scene = Scene::at("2026-11-22T23:59:59Z", &budgets);
    let hold = scene.reserve(amounts(70, 0)).unwrap();
    scene.settle(hold, amounts(70, 0));
    let saved = scene.account.take_unsaved();
    assert_eq!(saved.len(), 2);
    assert_eq!(scene.account.take_unsaved(), []);
    let restart = |now: &str| {
        let mut scene = Scene::at(now, &budgets);
        for saved in &saved {
            scene.account.restore(*saved, scene.now);
        }
        (
            scene.used(TOKENS).0,
            scene.used(total).0,
            scene.account.crossings().len(),
        )
    };
    assert_eq!(restart("2026-11-22T23:59:59.900Z"), (70, 70, 0));
    assert_eq!(restart("2026-11-23T00:00:00Z"), (0, 70, 0));
    // A clock that was set back meanwhile does not open the window a second time.
    assert_eq!(restart("2026-11-21T23:59:00Z"), (70, 70, 0));
    assert!(
        saved
            .iter()
            .any(|saved| saved.is_over(moment("2026-11-23T00:00:00Z")))
    );
    let odd = Saved {
        quantity: Quantity::Concurrency,
        starts: Timestamp::EPOCH,
        spent: 5,
    };
    assert!(odd.is_over(scene.now));
}

#[test]
fn the_words_say_what_to_do() {
    let mut scene = Scene::at(NOON, &[budget(A_DAY, 2)]);
    for _ in 0..2 {
        let hold = scene.reserve(amounts(1, 0)).unwrap();
        scene.settle(hold, amounts(1, 0));
    }
    assert_eq!(
        scene.reserve(amounts(1, 0)).unwrap_err().told("mayor"),
        "This agent's budget of 2 requests a day is spent (2 of 2). It resets at 2026-11-23T00:00:00Z; an operator \
         can raise it: portunus budgets set --agent mayor --requests LIMIT --per day"
    );
}
