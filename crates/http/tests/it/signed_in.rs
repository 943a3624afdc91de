//! Operators who sign in: what the tests of sessions, devices and browsers share.

use crate::api::{Answer, Api};
use axum::body::Body;
use http::{Method, Request};
use portunus_http::listen::Peer;
use serde_json::{Value, json};

pub(crate) const SESSIONS: &str = "/api/v1/sessions";
pub(crate) const CURRENT: &str = "/api/v1/sessions/current";
pub(crate) const DEVICES: &str = "/api/v1/devices";
pub(crate) const PASSWORD: &str = "a long canary phrase";
/// What a page of the plane sends along.
pub(crate) const OWN_PAGE: (&str, &str) = ("sec-fetch-site", "same-origin");

/// A request as its parts.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: Option<Value>,
    pub(crate) peer: &'a str,
}

impl Default for Call<'_> {
    fn default() -> Self {
        Self {
            method: Method::GET,
            path: CURRENT,
            headers: &[],
            body: None,
            peer: "203.0.113.7",
        }
    }
}

impl Api {
    pub(crate) async fn make(&self, call: Call<'_>) -> Answer {
        let mut request = Request::builder().method(call.method).uri(call.path);
        for (name, value) in call.headers {
            request = request.header(*name, *value);
        }
        let body = match call.body {
            None => Body::empty(),
            Some(json) => {
                request = request.header("content-type", "application/json");
                Body::from(json.to_string())
            }
        };
        let peer = Peer(call.peer.parse().unwrap());
        self.send(request.extension(peer).body(body).unwrap()).await
    }

    /// A new operator with a password; its token.
    pub(crate) async fn person(&self, name: &str, role: &str) -> String {
        let body = json!({"name": name, "role": role});
        let created = self.post("/api/v1/operators", body).await.is(201).json();
        let path = format!("/api/v1/operators/{name}/password");
        let body = Some(json!({"password": PASSWORD}));
        self.call(Method::PUT, &path, body).await.is(200);
        created["token"].as_str().unwrap().to_owned()
    }

    /// A try to sign in by a password.
    pub(crate) async fn try_password(&self, name: &str, password: &str, peer: &str) -> Answer {
        self.make(Call {
            method: Method::POST,
            path: SESSIONS,
            body: Some(json!({"operator": name, "password": password})),
            peer,
            ..Call::default()
        })
        .await
    }

    /// A try to sign in by a password beside a token.
    pub(crate) async fn try_beside(&self, token: &str, name: &str, password: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        self.make(Call {
            method: Method::POST,
            path: SESSIONS,
            headers: &[("authorization", &bearer)],
            body: Some(json!({"operator": name, "password": password})),
            ..Call::default()
        })
        .await
    }

    /// Signs in by a password; the cookie as a browser sends it back.
    pub(crate) async fn sign_in(&self, name: &str) -> String {
        cookie(
            &self
                .try_password(name, PASSWORD, "203.0.113.7")
                .await
                .is(201),
        )
    }

    /// A look with a cookie.
    pub(crate) async fn look_in(&self, cookie: &str, path: &str) -> Answer {
        let headers = [("cookie", cookie)];
        self.make(Call {
            path,
            headers: &headers,
            ..Call::default()
        })
        .await
    }

    /// A change with a cookie, from a page of the plane.
    pub(crate) async fn change_in(
        &self,
        cookie: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let headers = [("cookie", cookie), OWN_PAGE];
        self.make(Call {
            method,
            path,
            headers: &headers,
            body,
            ..Call::default()
        })
        .await
    }

    /// Pairs a device in a session; its token.
    pub(crate) async fn pair(&self, cookie: &str, name: &str) -> String {
        let body = Some(json!({"name": name}));
        let paired = self.change_in(cookie, Method::POST, DEVICES, body).await;
        let paired = paired.is(201).json();
        paired["token"].as_str().unwrap().to_owned()
    }

    /// Signs in with a token.
    pub(crate) async fn sign_in_with(&self, token: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        self.make(Call {
            method: Method::POST,
            path: SESSIONS,
            headers: &[("authorization", &bearer)],
            ..Call::default()
        })
        .await
    }
}

/// The cookie of an answer as a browser sends it back.
pub(crate) fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie");
    set.split(';').next().unwrap().to_owned()
}
