//! Everything that can come of one principal's credentials, each with a stream that is open on it, and of a bystander's.

use crate::access_tokens::token;
use crate::api::{Answer, Api};
use crate::signed_in::{CURRENT, cookie};
use axum::body::Body;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use portunus_app::Session;
use portunus_app::messages::inbox::{self, InboxError, Wanted};
use serde_json::json;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// What kind of credential it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Token,
    Access,
    Session,
    Device,
}

/// One credential, and who holds on to it.
pub(super) struct Credential {
    pub(super) name: &'static str,
    pub(super) text: String,
    kind: Kind,
    /// What stands for it in a path: its kid, or the id of its device.
    handle: String,
    /// An open stream.
    stream: Session,
    /// Somebody who waits for messages with it.
    reader: Option<Mutex<JoinHandle<Result<(), InboxError>>>>,
    /// An export that its client has not read yet.
    export: Option<Mutex<Body>>,
}

impl Credential {
    /// A session as a browser sends it.
    pub(super) fn cookie(&self) -> String {
        format!("__Host-portunus_session={}", self.text)
    }

    /// Whether those who hold on to it were told that it has ended.
    pub(super) fn has_ended(&self) -> bool {
        let reader = self.reader.as_ref();
        let was_let_go = reader.is_some_and(|reader| reader.try_lock().unwrap().is_finished());
        self.stream.revoked.is_cancelled() || was_let_go
    }

    /// Reads the export; whether it came to its end.
    pub(super) async fn is_exported(&self) -> Option<bool> {
        let mut export = self.export.as_ref()?.lock().await;
        loop {
            match export.frame().await {
                Some(Ok(_)) => {}
                Some(Err(_)) => return Some(false),
                None => return Some(true),
            }
        }
    }

    /// Waits until they were.
    pub(super) async fn lets_go(&self, cell: &str) {
        // Within a second, but for a machine that is busy with others.
        let soon = Duration::from_secs(1);
        let stream = tokio::time::timeout(soon, self.stream.revoked.cancelled());
        assert!(stream.await.is_ok(), "{cell}: a stream stays open");
        assert_ne!(
            self.is_exported().await,
            Some(true),
            "{cell}: an export goes on"
        );
        let Some(reader) = &self.reader else { return };
        let mut reader = reader.lock().await;
        let told = tokio::time::timeout(soon, &mut *reader).await;
        let told = told.unwrap_or_else(|_| panic!("{cell}: a reader goes on waiting"));
        assert_eq!(told.unwrap(), Err(InboxError::Ended), "{cell}");
    }

    /// Presents it in every way that there is for one of its kind.
    pub(super) async fn in_every_way(&self, api: &Api) -> Vec<(&'static str, Answer)> {
        if self.kind == Kind::Session {
            let look = api.look_in(&self.cookie(), CURRENT).await;
            return vec![("a request", look)];
        }
        let look = json!({ "token": self.text });
        let path = "/api/v1/token/introspect";
        let mut ways = vec![
            ("a request", api.whoami(&self.text).await),
            ("introspection", api.oauth(path, &api.operator, look).await),
        ];
        match self.kind {
            Kind::Token => ways.push(("an exchange", api.exchange(&self.text, None).await)),
            Kind::Access => ways.push(("renewal", api.renew(&self.text, None).await)),
            Kind::Device => ways.push(("a sign-in", api.sign_in_with(&self.text).await)),
            Kind::Session => {}
        }
        ways
    }
}

/// A principal's credentials, and a bystander's.
pub(super) struct Household {
    pub(super) all: Vec<Credential>,
}

impl Household {
    /// The credential of this name.
    pub(super) fn named(&self, name: &str) -> &Credential {
        let mut all = self.all.iter();
        let found = all.find(|credential| credential.name == name);
        found.unwrap_or_else(|| panic!("nothing is called {name}"))
    }

    /// A path in which names stand for handles.
    pub(super) fn filled_in(&self, path: &str) -> String {
        let Some((before, rest)) = path.split_once('{') else {
            return path.to_owned();
        };
        let (name, after) = rest.split_once('}').unwrap();
        format!("{before}{}{after}", self.named(name).handle)
    }

    async fn add(&mut self, api: &Api, name: &'static str, kind: Kind, text: String) {
        let stream = if kind == Kind::Session {
            api.plane.authenticate_session(&text).unwrap()
        } else {
            let mut headers = HeaderMap::new();
            let bearer = format!("Bearer {text}").parse().unwrap();
            headers.insert("authorization", bearer);
            api.plane.admit(&headers, None).await.unwrap()
        };
        let handle = stream.kid.to_string();
        self.all.push(Credential {
            name,
            text,
            kind,
            handle,
            stream,
            reader: None,
            export: None,
        });
    }

    /// Somebody begins to export the log with every credential.
    async fn export_with_all(&mut self, api: &Api) {
        for credential in &mut self.all {
            let (name, value) = match credential.kind {
                Kind::Session => ("cookie", credential.cookie()),
                _ => ("authorization", format!("Bearer {}", credential.text)),
            };
            let request = Request::get("/api/v1/audit/export").header(name, value);
            let answer = api.begin(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status(), 200, "{}", credential.name);
            credential.export = Some(Mutex::new(answer.into_body()));
        }
    }

    /// An access token of the credential `text`.
    async fn exchange(&mut self, api: &Api, name: &'static str, text: &str) -> String {
        let access = token(&api.exchange(text, None).await.is(200));
        self.add(api, name, Kind::Access, access.clone()).await;
        access
    }

    /// A session that begins with the credential `text`.
    async fn sign_in(&mut self, api: &Api, name: &'static str, text: &str) -> String {
        let begun = cookie(&api.sign_in_with(text).await.is(201));
        self.add(api, name, Kind::Session, secret(&begun)).await;
        begun
    }

    /// Somebody waits for messages with this credential of an agent.
    fn wait_with(&mut self, api: &Api, name: &str) {
        let mut all = self.all.iter_mut();
        let credential = all.find(|credential| credential.name == name).unwrap();
        let (plane, session) = (api.plane.clone(), credential.stream.clone());
        let wanted = Wanted {
            limit: 1,
            wait_ms: 60_000,
            visibility_ms: 1_000,
        };
        let reader = async move { inbox::take(&plane, &session, wanted).await.map(drop) };
        credential.reader = Some(Mutex::new(tokio::spawn(reader)));
    }
}

fn secret(cookie: &str) -> String {
    cookie.split_once('=').unwrap().1.to_owned()
}

/// A successor of somebody's token; the one before has a minute from now on.
async fn succeed(api: &Api, path: &str) -> String {
    let rotated = api.post(path, json!({})).await.is(201).json();
    let successor = rotated["token"].as_str().unwrap().to_owned();
    api.whoami(&successor).await.is(200);
    successor
}

/// Longer than an overlap, and less than an access token lasts.
const A_MINUTE: Duration = Duration::from_secs(61);

/// The agent `mayor`, and the bystander `clerk`: three tokens, of which the first is over, and what came of them.
pub(super) async fn agents_household(api: &Api) -> Household {
    let mut here = Household { all: Vec::new() };
    let rotate = "/api/v1/agents/mayor/tokens/rotate";
    let oldest = api.agent("mayor").await;
    here.exchange(api, "of-oldest", &oldest).await;
    let old = succeed(api, rotate).await;
    here.exchange(api, "of-old", &old).await;
    api.clock.advance(A_MINUTE);
    let newest = succeed(api, rotate).await;
    here.add(api, "old", Kind::Token, old).await;
    here.add(api, "token", Kind::Token, newest.clone()).await;
    let access = here.exchange(api, "of-token", &newest).await;
    let narrowed = token(&api.renew(&access, Some("self.*")).await.is(200));
    let narrower = token(&api.renew(&narrowed, Some("self.show")).await.is(200));
    here.add(api, "narrowed", Kind::Access, narrowed).await;
    here.add(api, "narrower", Kind::Access, narrower).await;
    // As many as may wait for one inbox.
    for name in ["of-oldest", "token", "of-token", "narrower"] {
        here.wait_with(api, name);
    }
    let clerk = api.agent("clerk").await;
    here.exchange(api, "clerks-access", &clerk).await;
    here.add(api, "clerks-token", Kind::Token, clerk).await;
    here.wait_with(api, "clerks-access");
    here
}

/// The operator `ann`, and the bystander `bob`.
pub(super) async fn operators_household(api: &Api) -> Household {
    let mut here = Household { all: Vec::new() };
    let rotate = "/api/v1/operators/ann/tokens/rotate";
    let oldest = api.person("ann", "admin").await;
    here.exchange(api, "of-oldest", &oldest).await;
    here.sign_in(api, "signed-in-by-oldest", &oldest).await;
    let old = succeed(api, rotate).await;
    api.clock.advance(A_MINUTE);
    let newest = succeed(api, rotate).await;
    here.add(api, "old", Kind::Token, old).await;
    here.add(api, "token", Kind::Token, newest.clone()).await;
    here.exchange(api, "of-token", &newest).await;
    let by_token = here.sign_in(api, "signed-in-by-token", &newest).await;
    let by_password = secret(&api.sign_in("ann").await);
    here.add(api, "signed-in", Kind::Session, by_password).await;
    // Trusted from then on, whatever becomes of the session that paired it.
    here.pair(api, "laptop", &by_token).await;
    let laptop = here.named("laptop").text.clone();
    here.sign_in(api, "signed-in-by-laptop", &laptop).await;
    let bob = api
        .post("/api/v1/operators", json!({"name": "bob", "role": "admin"}))
        .await;
    let bob = bob.is(201).json()["token"].as_str().unwrap().to_owned();
    here.exchange(api, "bobs-access", &bob).await;
    let bobs = here.sign_in(api, "bobs-session", &bob).await;
    here.pair(api, "bobs-laptop", &bobs).await;
    here.add(api, "bobs-token", Kind::Token, bob).await;
    here.export_with_all(api).await;
    here
}

impl Household {
    async fn pair(&mut self, api: &Api, name: &'static str, cookie: &str) {
        let body = Some(json!({ "name": name }));
        let path = "/api/v1/devices";
        let paired = api.change_in(cookie, Method::POST, path, body).await;
        let paired = paired.is(201).json();
        let text = paired["token"].as_str().unwrap().to_owned();
        self.add(api, name, Kind::Device, text).await;
        let id = paired["device"]["id"].as_str().unwrap();
        id.clone_into(&mut self.all.last_mut().unwrap().handle);
    }
}
