//! A plane with one of everything that can be changed, and who may change it.

use super::{BASE, By, Try};
use crate::plane::{Answer, Plane, request};
use aws_lc_rs::pbkdf2;
use serde_json::{Value, json};
use std::num::NonZeroU32;

/// Where somebody guesses tokens.
pub(super) const GUESSER: &str = "203.0.113.9";

/// The configuration, with a log as chatty as `level` says.
pub(super) fn configured(level: &str) -> String {
    format!("trusted_proxies = [\"127.0.0.1\"]\n[log]\nlevel = \"{level}\"\n")
}

/// A plane with one of everything, and who asks it.
pub(super) struct Stage {
    pub(super) plane: Plane,
    /// The token of the agent `clerk`, and an access token of it.
    clerk: String,
    pub(super) access: String,
    /// A session of the first operator.
    pub(super) cookie: String,
    /// A message that the clerk has taken.
    pub(super) taken: String,
    /// What the clerk notified of.
    pub(super) noticed: String,
}

impl Stage {
    pub(super) fn furnished() -> Self {
        let plane = Plane::start_configured(&configured("info"));
        for name in ["mayor", "retired", "resting"] {
            plane.create_agent(name);
        }
        let clerk = plane.create_agent("clerk");
        plane.run("agents archive retired").well();
        plane.run("agents pause resting").well();
        plane.run("operators create second").well();
        let phrase = "a phrase of many words";
        plane
            .run_with("operators set-password second", phrase)
            .well();
        plane.run("operators pair laptop").well();
        let board = Some(json!({"name": "notes"}));
        let made = plane.ask(&plane.operator, "POST", "/api/v1/boards", board.as_ref());
        assert_eq!(made.status, 201, "{made:?}");
        // Few changes of keys: an operator has ten a minute.
        let add = "keys add --pool anthropic --base-url http://127.0.0.1:9 --from -";
        plane
            .run_with(add, "a sk-ant-a\nb sk-ant-b\nd sk-ant-d\n")
            .well();
        plane.run("keys disable anthropic:b").well();
        plane
            .run("budgets set --agent mayor --requests 5 --total")
            .well();
        let stranger = json!({"kind": "agent", "name": "stranger", "token_pbkdf2": slow("legacy")});
        let import = json!({ "lines": [stranger] });
        let imported = plane.ask(&plane.operator, "POST", "/api/v1/import", Some(&import));
        assert_eq!(imported.status, 200, "{imported:?}");
        let sent = json!({"text": "for you"});
        plane.ask(
            &plane.operator,
            "POST",
            "/api/v1/agents/clerk/messages",
            Some(&sent),
        );
        let taken = plane.ask(&clerk, "GET", "/api/v1/inbox", None).json();
        let notice = json!({"title": "look"});
        let noticed = plane.ask(&clerk, "POST", "/api/v1/notifications", Some(&notice));
        let noticed = noticed.json();
        for _ in 0..10 {
            let wrong = [
                ("authorization", "Bearer ptna_wrong"),
                ("x-forwarded-for", GUESSER),
            ];
            let refused = request(&plane.url, "GET", "/api/v1/whoami", &wrong, None);
            assert_eq!(refused.status, 401);
        }
        let form = json!({"grant_type": "client_credentials"});
        let access = plane
            .ask(&clerk, "POST", "/api/v1/token", Some(&form))
            .json();
        let begun = plane.ask(&plane.operator, "POST", "/api/v1/sessions", None);
        let mut lines = begun.head.lines();
        let set = lines.find_map(|line| line.strip_prefix("set-cookie: "));
        // What is still written behind is in the log before it breaks.
        plane.run("alarms list").well();
        std::thread::sleep(std::time::Duration::from_millis(300));
        Self {
            clerk,
            access: text(&access["access_token"]),
            cookie: set.unwrap().split(';').next().unwrap().to_owned(),
            taken: text(&taken["items"][0]["message"]["id"]),
            noticed: text(&noticed["id"]),
            plane,
        }
    }

    pub(super) fn ask(&self, one: &Try) -> Answer {
        let (method, _) = one.route.split_once(' ').unwrap();
        let path = format!("{BASE}{}", one.path);
        let body = Some(&one.body).filter(|body| !body.is_null());
        match one.by {
            By::Operator => self.plane.ask(&self.plane.operator, method, &path, body),
            By::Agent => self.plane.ask(&self.clerk, method, &path, body),
            By::Session => {
                let headers = [
                    ("cookie", self.cookie.as_str()),
                    ("sec-fetch-site", "same-origin"),
                ];
                let body = body.map(Value::to_string);
                request(&self.plane.url, method, &path, &headers, body.as_deref())
            }
        }
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// `pbkdf2_sha256$...` of a token.
fn slow(token: &str) -> String {
    let rounds = NonZeroU32::new(1_000).unwrap();
    let mut digest = [0; 32];
    let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
    pbkdf2::derive(algorithm, rounds, b"salt", token.as_bytes(), &mut digest);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("pbkdf2_sha256$1000$salt${hex}")
}
