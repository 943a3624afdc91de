//! P5, the whole table: whatever ends a parent ends what came of it within a second, on open streams too, and nothing
//! else. A restart changes nothing about it. The door's half, with real streams, is
//! `crates/cli/tests/it/p5_cascade.rs`.

mod household;
mod namesake;

use crate::access_tokens::token;
use crate::api::Api;
use crate::signed_in::PASSWORD;
use household::{Credential, Household, agents_household, operators_household};
use http::Method;
use serde_json::{Value, json};

/// What an end is, and what it ends of the household; everything else of it goes on.
struct Row {
    what: &'static str,
    end: End,
    ends: &'static [&'static str],
}

/// How something is ended.
enum End {
    /// The first operator sends this; `{NAME}` in the path is the kid of that credential, or the id of that device.
    Asked(Method, &'static str, Value),
    /// The text of this credential is revoked, as RFC 7009 has it.
    Presented(&'static str),
    /// The holder of this session ends it.
    SignedOut(&'static str),
    /// This access token is renewed, its successor used, and then it is renewed again.
    Reused(&'static str),
}

fn asked(method: Method, path: &'static str) -> End {
    End::Asked(method, path, Value::Null)
}

fn posted(path: &'static str, body: Value) -> End {
    End::Asked(Method::POST, path, body)
}

const AT_ONCE: &str = "overlap_ms";

fn of_agents() -> Vec<Row> {
    let all: &[_] = &[
        "of-oldest",
        "old",
        "of-old",
        "token",
        "of-token",
        "narrowed",
        "narrower",
    ];
    vec![
        Row {
            what: "its token is revoked",
            end: asked(Method::POST, "/api/v1/tokens/{token}/revoke"),
            ends: &["token", "of-token", "narrowed", "narrower"],
        },
        Row {
            what: "its retiring token is revoked",
            end: asked(Method::POST, "/api/v1/tokens/{old}/revoke"),
            ends: &["old", "of-old"],
        },
        Row {
            what: "its token revokes itself",
            end: End::Presented("token"),
            ends: &["token", "of-token", "narrowed", "narrower"],
        },
        Row {
            what: "its token is rotated, and at most one retires",
            end: posted("/api/v1/agents/mayor/tokens/rotate", json!({})),
            ends: &["old"],
        },
        Row {
            what: "its token is rotated without an overlap",
            end: posted("/api/v1/agents/mayor/tokens/rotate", json!({ AT_ONCE: 0 })),
            ends: all,
        },
        Row {
            what: "it is deleted",
            end: asked(Method::DELETE, "/api/v1/agents/mayor"),
            ends: all,
        },
        Row {
            what: "it is archived",
            end: posted("/api/v1/agents/mayor/archive", json!({})),
            ends: all,
        },
        Row {
            what: "its generation is raised",
            end: posted("/api/v1/agents/mayor/access/revoke", json!({})),
            ends: &["of-oldest", "of-old", "of-token", "narrowed", "narrower"],
        },
        Row {
            what: "a family is revoked",
            end: End::Presented("of-token"),
            ends: &["of-token", "narrowed", "narrower"],
        },
        Row {
            what: "a narrowed family is revoked",
            end: End::Presented("narrowed"),
            ends: &["narrowed", "narrower"],
        },
        Row {
            what: "an access token is used by two",
            end: End::Reused("of-token"),
            ends: &["of-token", "narrowed", "narrower"],
        },
    ]
}

fn of_operators() -> Vec<Row> {
    vec![
        Row {
            what: "its token is revoked",
            end: asked(Method::POST, "/api/v1/tokens/{token}/revoke"),
            ends: &["token", "of-token", "signed-in-by-token"],
        },
        Row {
            what: "its token is rotated, and at most one retires",
            end: posted("/api/v1/operators/ann/tokens/rotate", json!({})),
            ends: &["old"],
        },
        Row {
            what: "its token is rotated without an overlap",
            end: posted("/api/v1/operators/ann/tokens/rotate", json!({ AT_ONCE: 0 })),
            ends: &[
                "of-oldest",
                "signed-in-by-oldest",
                "old",
                "token",
                "of-token",
                "signed-in-by-token",
            ],
        },
        Row {
            what: "it is removed",
            end: asked(Method::DELETE, "/api/v1/operators/ann"),
            ends: &[
                "of-oldest",
                "signed-in-by-oldest",
                "old",
                "token",
                "of-token",
                "signed-in-by-token",
                "signed-in",
                "laptop",
                "signed-in-by-laptop",
            ],
        },
        Row {
            what: "a session is ended by an operator",
            end: asked(Method::DELETE, "/api/v1/sessions/{signed-in-by-token}"),
            ends: &["signed-in-by-token"],
        },
        Row {
            what: "whoever is signed in signs out",
            end: End::SignedOut("signed-in"),
            ends: &["signed-in"],
        },
        Row {
            what: "a device is unpaired",
            end: asked(Method::DELETE, "/api/v1/devices/{laptop}"),
            ends: &["laptop", "signed-in-by-laptop"],
        },
        Row {
            what: "a device revokes itself",
            end: End::Presented("laptop"),
            ends: &["laptop", "signed-in-by-laptop"],
        },
        Row {
            what: "another password is set",
            end: End::Asked(
                Method::PUT,
                "/api/v1/operators/ann/password",
                json!({"password": PASSWORD}),
            ),
            ends: &[
                "signed-in-by-oldest",
                "signed-in-by-token",
                "signed-in",
                "signed-in-by-laptop",
            ],
        },
        Row {
            what: "it may do something else from now on",
            end: End::Asked(
                Method::PATCH,
                "/api/v1/operators/ann",
                json!({"role": "viewer"}),
            ),
            ends: &["of-oldest", "of-token"],
        },
    ]
}

async fn bring_about(api: &Api, household: &Household, end: End) {
    match end {
        End::Asked(method, path, body) => {
            let path = household.filled_in(path);
            let body = Some(body).filter(|body| !body.is_null());
            let answer = api.call(method, &path, body).await;
            assert!(answer.status.is_success(), "{path}: {}", answer.text);
        }
        End::Presented(name) => {
            let text = &household.named(name).text;
            let body = json!({ "token": text });
            api.oauth("/api/v1/token/revoke", text, body).await.is(200);
        }
        End::SignedOut(name) => {
            let cookie = household.named(name).cookie();
            let path = "/api/v1/sessions/current";
            let out = api.change_in(&cookie, Method::DELETE, path, None).await;
            out.is(200);
        }
        End::Reused(name) => {
            let text = &household.named(name).text;
            let successor = token(&api.renew(text, None).await.is(200));
            api.whoami(&successor).await.is(200);
            api.renew(text, None).await.is(400);
            api.whoami(&successor).await.is(401);
        }
    }
}

/// Every cell of a row: what has ended is refused everywhere and was let go of, what goes on goes on.
async fn judge(api: &Api, household: Household, row: Row) {
    for credential in &household.all {
        assert!(
            !credential.has_ended(),
            "{} before {}",
            credential.name,
            row.what
        );
    }
    bring_about(api, &household, row.end).await;
    for name in row.ends {
        household.named(name);
    }
    for credential in &household.all {
        let cell = format!("{}: {}", row.what, credential.name);
        let ends = row.ends.contains(&credential.name);
        if ends {
            credential.lets_go(&cell).await;
        } else {
            assert!(!credential.has_ended(), "{cell}");
            assert_ne!(credential.is_exported().await, Some(false), "{cell}");
        }
        accepts(api, credential, !ends, &cell).await;
    }
    api.plane.flush().await.unwrap();
    let restarted = api.beside(Vec::new()).await;
    for credential in &household.all {
        let cell = format!("{}, then a restart: {}", row.what, credential.name);
        let ends = row.ends.contains(&credential.name);
        accepts(&restarted, credential, !ends, &cell).await;
    }
}

/// Whether the plane still takes a credential, in every way that there is for one of its kind.
async fn accepts(api: &Api, credential: &Credential, wanted: bool, cell: &str) {
    for (way, answer) in credential.in_every_way(api).await {
        let refused = match way {
            "introspection" => answer.json()["active"] == false,
            // As RFC 6749 has it.
            "renewal" => answer.status == 400,
            _ => answer.status == 401,
        };
        let accepted = answer.status.is_success() && !refused;
        assert!(accepted || refused, "{cell}, {way}: {}", answer.text);
        assert_eq!(accepted, wanted, "{cell}, {way}: {}", answer.text);
    }
}

#[tokio::test]
async fn what_ends_an_agents_credential_ends_what_came_of_it() {
    for row in of_agents() {
        let api = Api::new().await;
        let household = agents_household(&api).await;
        judge(&api, household, row).await;
    }
}

#[tokio::test]
async fn what_ends_an_operators_credential_ends_what_came_of_it() {
    for row in of_operators() {
        let api = Api::new().await;
        let household = operators_household(&api).await;
        judge(&api, household, row).await;
    }
}
