//! A database that can be read and takes no changes: whoever looks is told, agents are served, and its end is noticed.

use crate::plane::{Plane, comes_true, request};
use portunus_testkit::FakeProvider;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use std::path::Path;
use tokio::runtime::Runtime;

/// Another process that keeps the database to itself for writing, until it is dropped.
struct Lock {
    runtime: Runtime,
    db: SqliteConnection,
}

impl Lock {
    fn of(database: &Path) -> Self {
        let runtime = Runtime::new().unwrap();
        let options = SqliteConnectOptions::new().filename(database);
        let db = runtime.block_on(async {
            let mut db = SqliteConnection::connect_with(&options).await.unwrap();
            let lock = sqlx::raw_sql("BEGIN IMMEDIATE");
            lock.execute(&mut db).await.unwrap();
            db
        });
        Self { runtime, db }
    }

    fn release(self) {
        self.runtime.block_on(self.db.close()).unwrap();
    }
}

#[test]
fn a_database_that_is_locked_is_told_of_until_it_takes_changes_again() {
    let provider = FakeProvider::start().unwrap();
    let plane = Plane::start();
    plane.add_key("anthropic", "a", "sk-ant-a", &provider.base_url());
    let mayor = plane.create_agent("mayor");
    let ready = || request(&plane.url, "GET", "/readyz", &[], None).status;
    let store = || plane.run("status --json").well().json()["store"].clone();
    assert_eq!((ready(), store()), (200, json!("available")));
    let lock = Lock::of(&plane.path("data/portunus.db"));
    let clerk = json!({"name": "clerk"});
    let refused = plane.ask(&plane.operator, "POST", "/api/v1/agents", Some(&clerk));
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.json()["code"], "store_unavailable");
    // As its fix says: whoever asks again when the plane is ready does not ask in vain.
    assert_eq!((ready(), store()), (503, json!("unavailable")));
    assert!(comes_true(|| plane.log().contains("store.unavailable")));
    let hello = json!({"model": "claude-haiku-4-5", "max_tokens": 16, "messages": [{"role": "user", "content": "hi"}]});
    let answer = plane.ask(&mayor, "POST", "/v1/messages", Some(&hello));
    assert_eq!(answer.status, 200, "{answer:?}");
    lock.release();
    // Nobody changes anything but the plane itself.
    assert!(comes_true(|| ready() == 200));
    assert_eq!(store(), json!("available"));
    plane.create_agent("clerk");
    let of_it = |alarm: &serde_json::Value| {
        alarm["kind"] == "store.unavailable" && alarm["over_at"].is_string()
    };
    assert!(comes_true(|| {
        let alarms = plane.run("alarms list --json").well().json();
        alarms["items"].as_array().unwrap().iter().any(of_it)
    }));
}
