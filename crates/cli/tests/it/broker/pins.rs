//! Pinned certificates: the plane behind the pinned one is spoken to in every way that the broker has, and nobody else hears
//! a word.

use super::messages::{send, wait_until_read};
use super::stage::{Brokered, run};
use crate::pins::{front, identity, pin};
use crate::plane::{Plane, finish};
use portunus_testkit::FakeProvider;

const QUESTION: &str =
    r#"{"model":"claude-haiku-4-5","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}"#;

#[test]
fn p11_models_messages_and_renewal_go_to_whoever_has_the_pinned_certificate_and_to_nobody_after() {
    let provider = FakeProvider::start().unwrap();
    let plane = Plane::start();
    plane.add_key("anthropic", "a", "sk-ant-a", &provider.base_url());
    let (mayor, clerk) = (plane.create_agent("mayor"), plane.create_agent("clerk"));
    let (plain, next) = (identity(), identity());
    let (front, url) = front(&plane, &plain);
    let (now, then) = (pin(&plain), pin(&next));
    let words = ["--pin", &now, "--pin", &then, "--max-wait", "2s"];
    let words = [&words[..], &["--on-message", "cat >> got"]].concat();
    let brokered = Brokered::start_at(&plane, &url, "mayor", &mayor, &words);
    let ask = || brokered.ask("POST", "/v1/messages", Some(QUESTION));
    assert_eq!(ask().status, 200);
    wait_until_read(&plane, &clerk, &send(&plane, &clerk, "one"));
    let said = String::from_utf8_lossy(&front.heard()).into_owned();
    assert!(said.contains("GET /api/v1/push HTTP/1.1"), "{said}");
    assert!(
        !said.contains("GET /api/v1/inbox"),
        "nobody asks for what comes by itself: {said}"
    );
    // The certificate is replaced as was announced, and everything goes on.
    front.show(&next);
    assert_eq!(ask().status, 200);
    wait_until_read(&plane, &clerk, &send(&plane, &clerk, "two"));
    // Then somebody else stands there.
    front.show(&identity());
    let refused = ask();
    assert_eq!(refused.status, 503, "{refused:?}");
    let log = std::fs::read_to_string(brokered.home.join("broker.log")).unwrap();
    let warned = "WARN https://127.0.0.1";
    assert!(log.contains(warned), "{log}");
    assert!(log.contains("is not who is meant"), "{log}");
    assert!(!log.contains("NotPinned"), "{log}");
    assert!(front.heard().is_empty(), "a stranger heard something");
    // And the plane is back.
    front.show(&plain);
    assert_eq!(ask().status, 200);
}

#[test]
fn p11_a_stranger_at_the_start_is_told_and_hears_nothing() {
    let plane = Plane::start();
    let mayor = plane.create_agent("mayor");
    let (meant, stranger) = (identity(), identity());
    let (front, url) = front(&plane, &stranger);
    let began = plane.path("began");
    let touch = ["touch", began.to_str().unwrap()];
    let said = |words: &[&str]| {
        let mut command = run(&plane.path(""), &url, "mayor", &mayor);
        finish(command.args(words).arg("--").args(touch), "")
    };
    let refused = said(&["--pin", &pin(&meant)]);
    assert_eq!(refused.code, 3, "{refused:?}");
    let tells = format!("it shows the certificate {}", pin(&stranger));
    assert!(refused.err.contains(&tells), "{refused:?}");
    assert!(refused.err.contains("--pin"), "{refused:?}");
    assert!(front.heard().is_empty());
    let unreadable = said(&["--pin", "sha256:ab"]);
    assert_eq!(unreadable.code, 2, "{unreadable:?}");
    assert!(
        unreadable.err.contains("64 hexadecimal digits"),
        "{unreadable:?}"
    );
    let plain = said(&["--url", &plane.url, "--pin", &pin(&meant)]);
    assert_eq!(plain.code, 2, "{plain:?}");
    assert!(
        plain.err.contains("has a pinned certificate and no TLS"),
        "{plain:?}"
    );
    assert!(!began.exists());
}

#[test]
fn p11_whoever_is_not_trusted_and_nobody_else_is_there_ends_the_start() {
    let plane = Plane::start();
    let mayor = plane.create_agent("mayor");
    let unknown = identity();
    let (front, url) = front(&plane, &unknown);
    let began = plane.path("began");
    let mut command = run(&plane.path(""), &url, "mayor", &mayor);
    let refused = finish(command.args(["--", "touch"]).arg(&began), "");
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(
        refused.err.contains(&format!("{url} is not trusted")),
        "{refused:?}"
    );
    let fix = format!("pin it: --pin {}", pin(&unknown));
    assert!(refused.err.contains(&fix), "{refused:?}");
    assert!(refused.err.contains("SSL_CERT_FILE"), "{refused:?}");
    assert!(front.heard().is_empty());
    assert!(!began.exists());
}

#[test]
fn a_stranger_at_one_of_several_addresses_is_told_once_wherever_it_stands() {
    let plane = Plane::start();
    let mayor = plane.create_agent("mayor");
    let (meant, other) = (identity(), identity());
    let (_good, good) = front(&plane, &meant);
    let (_bad, bad) = front(&plane, &other);
    for order in [[&good, &bad], [&bad, &good]] {
        let log = plane.path("strangers.log");
        let _ = std::fs::remove_file(&log);
        let mut command = run(&plane.path(""), order[0], "mayor", &mayor);
        command.args(["--url", order[1], "--pin", &pin(&meant), "--log"]);
        let said = finish(command.arg(&log).args(["--", "sleep", "1"]), "").well();
        let told = format!("{bad} is not who is meant");
        assert!(said.err.contains(&told), "{said:?}");
        let log = std::fs::read_to_string(&log).unwrap();
        let warned = log
            .lines()
            .filter(|line| line.contains("WARN") && line.contains(&told));
        assert_eq!(warned.count(), 1, "{log}");
    }
}

#[test]
fn the_wrong_scheme_is_told_at_the_start_with_what_to_write() {
    let plane = Plane::start();
    let mayor = plane.create_agent("mayor");
    let (_front, secure) = front(&plane, &identity());
    for (url, fix) in [
        (secure.replace("https", "http"), "write https://"),
        (plane.url.replace("http", "https"), "write http://"),
    ] {
        let log = plane.path("scheme.log");
        let mut command = run(&plane.path(""), &url, "mayor", &mayor);
        command.arg("--log").arg(&log);
        let said = finish(command.args(["--", "true"]), "").well();
        assert!(
            said.err.contains(&url) && said.err.contains(fix),
            "{said:?}"
        );
        let log = std::fs::read_to_string(&log).unwrap();
        assert!(log.contains(fix), "{log}");
    }
}
