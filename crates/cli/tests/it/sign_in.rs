//! Operators who sign in, through the real binary: by the command line and as a browser does, across a crash.

use crate::plane::{Plane, finish, portunus, request};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;

const PASSWORD: &str = "a canary of many words";
const WRONG: &str = "another canary of words";
const SESSIONS: &str = "/api/v1/sessions";

/// Signs in as a browser does; the answer, and the cookie as it is sent back.
fn sign_in(plane: &Plane, body: &Value) -> (Value, String) {
    let headers = [
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/json"),
    ];
    let answer = request(
        &plane.url,
        "POST",
        SESSIONS,
        &headers,
        Some(&body.to_string()),
    );
    assert_eq!(answer.status, 201, "{answer:?}");
    let head = answer.head.clone();
    let line = head
        .lines()
        .find(|line| line.to_lowercase().starts_with("set-cookie:"))
        .unwrap();
    let cookie = line.split_once(':').unwrap().1.split(';').next().unwrap();
    (answer.json(), cookie.trim().to_owned())
}

fn with_cookie(plane: &Plane, cookie: &str, method: &str, path: &str) -> (u16, Value) {
    let headers = [("cookie", cookie), ("sec-fetch-site", "same-origin")];
    let answer = request(&plane.url, method, path, &headers, None);
    (answer.status, answer.json())
}

/// No file under `dir` holds one of these, but the one in which the command line keeps what it was given to keep.
fn assert_clean(dir: &Path, canaries: &[&str]) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_clean(&path, canaries);
        } else if !path.ends_with("operator.token") && !path.ends_with("credentials.toml") {
            let bytes = std::fs::read(&path).unwrap();
            for canary in canaries {
                let mut windows = bytes.windows(canary.len());
                let found = windows.any(|window| window == canary.as_bytes());
                assert!(!found, "{} holds {canary}", path.display());
            }
        }
    }
}

#[test]
fn an_operator_signs_in_by_password_device_and_cookie_and_a_crash_ends_nothing() {
    let mut plane = Plane::start_with(&[("PORTUNUS_LOG", "trace")]);
    let created = plane
        .run("operators create ann --role operator --json")
        .well();
    let token = created.json()["token"].as_str().unwrap().to_owned();
    let set = plane
        .run_with("operators set-password ann", &format!("{PASSWORD}\n"))
        .well();
    assert!(set.out.contains("The password of ann is set"), "{set:?}");
    let short = plane.run_with("operators set-password ann", "short\n");
    assert_eq!(short.code, 2, "{short:?}");
    let home = plane.path(".");
    let login = |password: &str| {
        let words = [
            "login",
            "--url",
            &plane.url,
            "--operator",
            "ann",
            "--device",
            "laptop",
        ];
        finish(portunus(&home).args(words), password)
    };
    let wrong = login(WRONG);
    assert_eq!(wrong.code, 3, "{wrong:?}");
    assert!(!wrong.err.contains("canary"), "{wrong:?}");
    let signed_in = login(PASSWORD).well();
    assert!(signed_in.out.contains("as operator ann"), "{signed_in:?}");
    assert_eq!(login(PASSWORD).code, 5, "a device of this name is there");
    let whoami = finish(portunus(&home).args(["whoami", "--json"]), "").well();
    assert_eq!(whoami.json()["name"], "ann");
    let saved = std::fs::read_to_string(plane.path("config/portunus/credentials.toml")).unwrap();
    let device = saved
        .split('"')
        .find(|part| part.starts_with("ptnd_"))
        .unwrap()
        .to_owned();
    let (begun, cookie) = sign_in(&plane, &json!({"operator": "ann", "password": PASSWORD}));
    assert_eq!(begun["by"], "password");
    let level = plane.run("log-level").well();
    assert!(
        level.out.contains("trace"),
        "the log is at its most talkative: {level:?}"
    );
    assert_clean(&home, &[PASSWORD, WRONG]);
    plane.crash_and_restart();
    let (status, current) = with_cookie(&plane, &cookie, "GET", "/api/v1/sessions/current");
    assert_eq!((status, &current["kid"]), (200, &begun["kid"]));
    assert!(plane.accepts(&device), "the device outlives the crash");
    let listed = plane.run("operators sessions ann").well();
    assert!(
        listed.out.contains("laptop") || listed.out.contains("password"),
        "{listed:?}"
    );
    let devices = plane.run_as(&token, "operators devices", "").well();
    assert!(devices.out.contains("laptop"), "{devices:?}");
    plane.run_as(&token, "operators unpair laptop", "").well();
    assert!(!plane.accepts(&device));
    let (status, _) = with_cookie(&plane, &cookie, "DELETE", "/api/v1/sessions/current");
    assert_eq!(status, 200);
    let (status, over) = with_cookie(&plane, &cookie, "GET", "/api/v1/sessions/current");
    assert_eq!((status, &over["code"]), (401, &json!("session_over")));
    let audit = plane.run("audit list --json --limit 200").well();
    for action in [
        "operator.password_set",
        "session.began",
        "device.paired",
        "device.unpaired",
    ] {
        assert!(audit.out.contains(action), "{action}");
    }
    // P11: of a token the part that is secret; its kid is public.
    let secret = cookie.split_once('=').unwrap().1;
    let canaries = [
        PASSWORD,
        WRONG,
        &secret[27..70],
        &device[27..70],
        &token[27..70],
    ];
    assert_clean(&plane.path("."), &canaries);
}

#[test]
fn whoever_signs_out_can_sign_in_again_and_leaves_no_session() {
    let mut plane = Plane::start();
    plane.run("operators create cara --role viewer").well();
    plane
        .run_with("operators set-password cara", PASSWORD)
        .well();
    let (home, url) = (plane.path("."), plane.url.clone());
    let bare = |words: &str, input: &str| {
        let words = words.split(' ');
        finish(portunus(&home).args(words), input)
    };
    let login = format!("login --url {url} --operator cara --device vm");
    for _ in 0..2 {
        bare(&login, PASSWORD).well();
        assert_eq!(bare(&login, PASSWORD).code, 5, "the device is there");
        let sessions = plane.run("operators sessions cara").well();
        assert_eq!(sessions.out, "There are no sessions.\n");
        let out = bare("logout", "").well();
        assert!(out.out.starts_with("Unpaired vm.\nRemoved "), "{out:?}");
    }
    bare(&login, PASSWORD).well();
    plane.crash();
    let out = bare("logout", "").well();
    assert!(out.out.starts_with("Removed "), "{out:?}");
    assert!(out.err.contains("stays paired"), "{out:?}");
    assert_eq!(bare("whoami", "").code, 3);
}

/// A way to the plane that breaks once somebody is signed in: nothing but that gets through.
fn breaks_after_sign_in(plane: &Plane) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (here, plane) = (listener.local_addr().unwrap(), plane.url.clone());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut head, mut length) = (String::new(), 0);
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {
                let last = head.lines().last().unwrap().to_ascii_lowercase();
                if let Some(told) = last.strip_prefix("content-length: ") {
                    length = told.parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            if head.starts_with("POST /api/v1/sessions ") {
                let body = String::from_utf8(body).unwrap();
                let headers = [("content-type", "application/json")];
                let path = "/api/v1/sessions";
                let answer = request(&plane, "POST", path, &headers, Some(&body));
                let (status, body) = (answer.status, answer.body);
                let answer = format!(
                    "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).unwrap();
            }
        }
    });
    format!("http://{here}")
}

#[test]
fn the_token_of_a_paired_device_is_kept_or_the_device_is_not() {
    let plane = Plane::start();
    plane.run("operators create cara --role viewer").well();
    plane
        .run_with("operators set-password cara", PASSWORD)
        .well();
    let home = plane.path("of-cara");
    std::fs::create_dir_all(home.join("config")).unwrap();
    let login = |url: &str| {
        let words = [
            "login",
            "--url",
            url,
            "--operator",
            "cara",
            "--device",
            "vm",
        ];
        finish(portunus(&home).args(words), PASSWORD)
    };
    // Nothing can be saved there.
    std::fs::write(home.join("config/portunus"), "").unwrap();
    let refused = login(&plane.url);
    assert_eq!(refused.code, 1, "{refused:?}");
    std::fs::remove_file(home.join("config/portunus")).unwrap();
    // So nothing is in the way of the next time, of which only the first answer comes.
    let signed_in = login(&breaks_after_sign_in(&plane)).well();
    assert!(signed_in.out.contains("as operator cara"), "{signed_in:?}");
    let saved = std::fs::read_to_string(home.join("config/portunus/credentials.toml")).unwrap();
    let token = saved.split('"').find(|text| text.starts_with("ptnd_"));
    assert!(plane.accepts(token.unwrap()));
}

#[test]
fn a_cookie_is_nothing_to_the_model_door_and_another_site_gets_nothing() {
    let plane = Plane::start();
    plane
        .run_with("operators set-password operator", PASSWORD)
        .well();
    let (_, cookie) = sign_in(
        &plane,
        &json!({"operator": "operator", "password": PASSWORD}),
    );
    let own = [
        ("cookie", cookie.as_str()),
        ("sec-fetch-site", "same-origin"),
    ];
    let models = request(&plane.url, "GET", "/v1/models", &own, None);
    assert_eq!(models.status, 401, "{models:?}");
    let evil = [
        ("cookie", cookie.as_str()),
        ("origin", "https://evil.example"),
    ];
    let refused = request(&plane.url, "GET", "/api/v1/whoami", &evil, None);
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (403, &json!("cross_site"))
    );
    assert!(!refused.head.to_lowercase().contains("access-control"));
    let named = format!("{SESSIONS}?token={}", plane.operator);
    let refused = plane.ask(&plane.operator, "GET", &named, None);
    assert_eq!(refused.json()["code"], "token_in_url");
    assert!(!plane.log().contains(&plane.operator[27..70]));
}

#[test]
fn a_device_takes_no_account_over_and_is_not_stranded_by_a_lost_reply() {
    let mut plane = Plane::start();
    let created = plane.run("operators create ann --role operator --json");
    let token = created.well().json()["token"].as_str().unwrap().to_owned();
    let change = "operators set-password ann";
    plane.run_with(change, PASSWORD).well();
    let paired = plane.run_as(&token, "operators pair laptop --json", "");
    let device = paired.well().json()["token"].as_str().unwrap().to_owned();
    // Whoever finds the machine has its token, and not the password.
    let refused = plane.run_as(&device, change, WRONG);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("--current-from-env"), "{refused:?}");
    let home = plane.path(".");
    let mut knows = portunus(&home);
    knows.args(change.split(' '));
    knows.args(["--current-from-env", "CURRENT"]);
    knows.env("CURRENT", PASSWORD);
    knows.env("PORTUNUS_URL", &plane.url);
    knows.env("PORTUNUS_TOKEN", &device);
    assert!(finish(&mut knows, WRONG).well().out.contains("is set"));

    let rotated = plane.run_as(&device, "operators rotate-device laptop --json", "");
    let rotated = rotated.well().json();
    let fresh = rotated["token"].as_str().unwrap();
    assert!(plane.accepts(&device) && plane.accepts(fresh) && plane.accepts(&device));
    plane.crash_and_restart();
    assert!(
        plane.accepts(fresh) && plane.accepts(&device),
        "the overlap outlives a crash"
    );
    let removed = plane.run("operators remove-password ann").well();
    assert!(removed.out.contains("is removed"), "{removed:?}");
    plane.run_as(&token, "operators unpair laptop", "").well();
    assert!(!plane.accepts(&device) && !plane.accepts(fresh));
}
