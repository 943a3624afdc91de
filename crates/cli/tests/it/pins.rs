//! A plane whose certificate nobody vouches for, as the command line speaks to it: by its pin, and to nobody else.

use crate::plane::{Plane, finish, portunus};
use portunus_client::Pin;
use portunus_testkit::{Alpn, TlsFront, TlsIdentity};
use std::process::Command;

pub(crate) fn identity() -> TlsIdentity {
    TlsIdentity::generate(Alpn::Http1).unwrap()
}

pub(crate) fn pin(identity: &TlsIdentity) -> String {
    Pin::of(identity.certificate()).to_string()
}

/// TLS before a plane, and the address to ask.
pub(crate) fn front(plane: &Plane, identity: &TlsIdentity) -> (TlsFront, String) {
    let front = TlsFront::before(plane.url.trim_start_matches("http://"), identity).unwrap();
    let url = format!("https://127.0.0.1:{}", front.port());
    (front, url)
}

/// Signed in nowhere yet.
fn command(plane: &Plane, words: &str) -> Command {
    let mut command = portunus(&plane.path("elsewhere"));
    command.current_dir(plane.path(""));
    command.args(words.split_whitespace());
    command
}

#[test]
fn p11_after_a_login_with_a_pin_commands_go_to_that_certificate_alone() {
    let plane = Plane::start();
    let meant = identity();
    let (front, url) = front(&plane, &meant);
    let login = format!("login --url {url} --pin {}", pin(&meant));
    let said = finish(&mut command(&plane, &login), &plane.operator).well();
    assert!(said.out.contains(&url), "{said:?}");
    for words in ["status", "agents list", "top --once", "doctor"] {
        let said = finish(&mut command(&plane, words), "").well();
        assert!(!said.out.contains(&plane.operator), "{said:?}");
    }
    // Signing in there again keeps the pin.
    finish(&mut command(&plane, "login"), &plane.operator).well();
    finish(&mut command(&plane, "whoami"), "").well();
    let stranger = identity();
    front.show(&stranger);
    let refused = finish(&mut command(&plane, "agents create mayor"), "");
    assert_eq!(refused.code, 3, "{refused:?}");
    let tells = format!("it shows the certificate {}", pin(&stranger));
    assert!(refused.err.contains(&tells), "{refused:?}");
    assert!(refused.err.contains("portunus login --pin"), "{refused:?}");
    assert!(front.heard().is_empty(), "a stranger heard something");
    // The variable wins, and believes both while one takes the place of the other.
    let both = format!("{},{}", pin(&meant), pin(&stranger));
    finish(command(&plane, "whoami").env("PORTUNUS_PIN", both), "").well();
}

#[test]
fn p11_whoever_is_not_trusted_hears_nothing_and_its_pin_is_told() {
    let plane = Plane::start();
    let unknown = identity();
    let (front, url) = front(&plane, &unknown);
    let login = format!("login --url {url}");
    let refused = finish(&mut command(&plane, &login), &plane.operator);
    assert_eq!(refused.code, 3, "{refused:?}");
    let fix = format!("pin it: portunus login --pin {}", pin(&unknown));
    assert!(refused.err.contains(&fix), "{refused:?}");
    assert!(refused.err.contains("SSL_CERT_FILE"), "{refused:?}");
    assert!(front.heard().is_empty());
}

#[test]
fn a_pin_that_cannot_be_meant_is_refused_before_anything_is_sent() {
    let plane = Plane::start();
    let told = |pin: &str| {
        let mut command = command(&plane, "whoami");
        command
            .env("PORTUNUS_URL", &plane.url)
            .env("PORTUNUS_TOKEN", &plane.operator)
            .env("PORTUNUS_PIN", pin);
        finish(&mut command, "")
    };
    let plain = told(&pin(&identity()));
    assert_eq!(plain.code, 2, "{plain:?}");
    assert!(plain.err.contains("no TLS"), "{plain:?}");
    let unreadable = told("sha256:ab");
    assert_eq!(unreadable.code, 2, "{unreadable:?}");
    assert!(unreadable.err.contains("64 hexadecimal"), "{unreadable:?}");
    told("").well();
}
