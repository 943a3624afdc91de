//! `kill -9`: what was acknowledged is there after the restart, and limits are still believed (P8).

use crate::plane::{Plane, comes_true, request};
use portunus_core::time::Clock;
use portunus_testkit::{FakeProvider, Limit, LimitStyle, WallClock};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[test]
fn acknowledged_changes_survive_a_crash_in_the_middle_of_others() {
    let mut plane = Plane::start();
    let path = plane.path("acknowledged");
    let answered = AtomicUsize::new(0);
    let created: Vec<(String, String)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|worker| {
                let (plane, answered) = (&plane, &answered);
                scope.spawn(move || create_until_it_fails(plane, worker, answered))
            })
            .collect();
        comes_true(|| answered.load(Ordering::Relaxed) >= 20);
        plane.signal("KILL");
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    });
    std::fs::write(path, format!("{}", created.len())).unwrap();
    plane.crash();
    plane.restart();
    assert!(created.len() >= 20, "{} were created", created.len());
    for (name, token) in &created {
        assert!(plane.accepts(token), "{name} was acknowledged and is gone");
    }
    let records = plane.run("audit list --limit 100000 --json").well().json();
    let numbers: Vec<u64> = records["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["seq"].as_u64().unwrap())
        .collect();
    let newest = u64::try_from(numbers.len()).unwrap();
    assert_eq!(
        numbers,
        (1..=newest).rev().collect::<Vec<_>>(),
        "the record has no gaps"
    );
}

fn create_until_it_fails(
    plane: &Plane,
    worker: usize,
    answered: &AtomicUsize,
) -> Vec<(String, String)> {
    let mut created = Vec::new();
    for number in 0.. {
        let name = format!("a-{worker}-{number}");
        let body = serde_json::json!({ "name": name }).to_string();
        let credential = format!("Bearer {}", plane.operator);
        let answer = std::panic::catch_unwind(|| {
            let headers = [("authorization", credential.as_str())];
            request(&plane.url, "POST", "/api/v1/agents", &headers, Some(&body))
        });
        match answer {
            Ok(answer) if answer.status == 201 && answer.body.ends_with('}') => {
                let token = answer.json()["token"].as_str().unwrap().to_owned();
                created.push((name, token));
                answered.fetch_add(1, Ordering::Relaxed);
            }
            _ => break,
        }
    }
    created
}

#[test]
fn p8_a_limit_is_believed_across_a_crash() {
    let provider = FakeProvider::start().unwrap();
    let mut plane = Plane::start();
    plane.add_key("anthropic", "a", "sk-a", &provider.base_url());
    plane.run("pools set anthropic --max-wait 0").well();
    let limit = Limit::new(1, Duration::from_secs(120), LimitStyle::AnthropicApiKey);
    provider.key("sk-a").limit(limit.spent_at(WallClock.now()));
    let token = plane.create_agent("mayor");
    let call = |plane: &Plane| {
        let headers = [
            ("x-api-key", token.as_str()),
            ("anthropic-version", "2023-06-01"),
        ];
        let body = r#"{"model":"claude-sonnet-4-5","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}"#;
        request(&plane.url, "POST", "/v1/messages", &headers, Some(body)).status
    };
    assert_eq!(call(&plane), 429);
    // What the pool learned is written behind, within 100 ms.
    std::thread::sleep(Duration::from_millis(300));
    let before = provider.seen().len();
    plane.crash_and_restart();
    assert_eq!(call(&plane), 429);
    assert_eq!(
        provider.seen().len(),
        before,
        "the resting key was asked again"
    );
    let status = plane.run("keys status").well().out;
    assert!(status.contains("rests, back in"), "{status}");
}
