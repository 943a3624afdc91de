//! P11 no-secret-leaves, beside a program: it has the local handle and nothing more, and nobody else gets in with less.

use super::stage::{Brokered, run};
use crate::plane::{BINARY, Plane, request};
use std::path::Path;
use std::process::Command;

#[test]
fn p11_the_program_gets_a_handle_that_is_worth_nothing_elsewhere() {
    let plane = Plane::start();
    let token = plane.create_agent("mayor");
    let home = plane.path("home-of-mayor");
    std::fs::create_dir_all(&home).unwrap();
    let mut command = run(&home, "http://127.0.0.1:9", "mayor", &token);
    command
        .args(["--url", &plane.url, "--", "sh", "-c"])
        .arg("env > told.$$; tr '\\0' '\\n' < /proc/$$/cmdline > words; echo $$ > pid; mv told.$$ told; exec sleep 600")
        .env("PORTUNUS_TOKEN", &token)
        .env("PORTUNUS_MASTER_KEY", "canary")
        .env("WHERE_IT_CAME_FROM", &token)
        .env("ANTHROPIC_API_KEY", "sk-ant-canary")
        .env("OPENAI_API_KEY", "sk-canary");
    let brokered = Brokered::spawn(command, home);
    let told = format!("{:?}", brokered.told);
    assert!(
        !told.contains("ptna_") && !told.contains("canary"),
        "{told}"
    );
    let words = std::fs::read_to_string(brokered.home.join("words")).unwrap();
    assert!(!words.contains(brokered.handle()), "{words}");
    // The handle is no credential of the plane's.
    assert!(!plane.accepts(brokered.handle()));
    // What would answer with an access token is not there.
    for path in [
        "/api/v1/token",
        "/api/v1/token/",
        "/api/v1/heartbeat",
        "/api/v1/tok%65n",
    ] {
        let answer = brokered.ask("POST", path, Some("{}"));
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        assert!(!answer.body.contains("eyJ"), "{answer:?}");
    }
    let whoami = brokered.ask("GET", "/portunus/whoami", None);
    assert_eq!(whoami.json()["name"], "mayor", "{whoami:?}");
}

#[test]
fn p11_without_the_handle_nothing_is_answered() {
    let plane = Plane::start();
    let token = plane.create_agent("mayor");
    let brokered = Brokered::start(&plane, "mayor", &token, &[]);
    let wrong = format!("{}x", brokered.handle());
    for headers in [
        vec![],
        vec![("x-api-key", wrong.as_str())],
        vec![("x-api-key", token.as_str())],
    ] {
        for path in ["/v1/models", "/portunus/inbox", "/api/v1/whoami"] {
            let answer = request(brokered.url(), "GET", path, &headers, None);
            assert_eq!(answer.status, 401, "{path}");
            assert!(answer.head.contains("x-should-retry: false"), "{answer:?}");
        }
    }
    let answer = request(brokered.url(), "GET", "/portunus/inbox", &[], None);
    assert_eq!(answer.json()["code"], "missing_handle");
    let answer = request(brokered.url(), "HEAD", "/api/hello", &[], None);
    assert_eq!(answer.status, 401);
}

/// What a program tries that would like to know more: the broker's environment, memory and files, by its process id.
const CURIOUS: &str = "
  broker=$PPID
  for file in environ mem maps fd/0; do
    if head -c 1 /proc/$broker/$file > /dev/null 2>&1; then echo \"read $file\"; fi
  done
  if cat \"$1\" > /dev/null 2>&1; then echo 'read the token'; fi
  id -u; id -G
";

/// Runs it as `nobody`: by the broker, or broker and program together.
fn curious(plane: &Plane, token: &str, words: &[&str], wrapper: &[&str]) -> String {
    let home = plane.path("home-of-mayor");
    std::fs::create_dir_all(&home).unwrap();
    let file = home.join("mayor.token");
    super::stage::give(&file, token);
    if !wrapper.is_empty() {
        for path in [&home, &file] {
            std::os::unix::fs::chown(path, Some(65_534), Some(65_534)).unwrap();
        }
    }
    let mut all: Vec<&str> = wrapper.to_vec();
    let program = BINARY;
    all.extend([
        program,
        "run",
        "--agent",
        "mayor",
        "--url",
        &plane.url,
        "--token-file",
    ]);
    all.push(file.to_str().unwrap());
    all.extend(words);
    all.extend(["--", "sh", "-c", CURIOUS, "sh", file.to_str().unwrap()]);
    let mut command = Command::new(all[0]);
    command.args(&all[1..]).current_dir("/").env("HOME", &home);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Everybody may go through the folders above the plane's home and the binary.
fn let_others_pass(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn p11_a_program_of_another_user_reads_neither_the_token_nor_the_broker() {
    if !is_root() {
        println!("SKIPPED HERE: only root may become another user");
        return;
    }
    let plane = Plane::start();
    let token = plane.create_agent("mayor");
    let said = curious(&plane, &token, &["--as", "nobody"], &[]);
    assert_eq!(said, "65534\n65534\n");
}

#[test]
fn p11_a_program_of_the_same_user_reads_nothing_of_the_broker() {
    let setpriv = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ];
    if !is_root() || Command::new("setpriv").arg("--version").output().is_err() {
        println!("SKIPPED HERE: only root may become another user, and by setpriv");
        return;
    }
    let plane = Plane::start();
    let token = plane.create_agent("mayor");
    let_others_pass(&plane.path(""));
    let said = curious(&plane, &token, &[], &setpriv);
    // A file of one's own user is where the system's protection ends; the manual says so.
    assert_eq!(said, "read the token\n65534\n65534\n");
}
