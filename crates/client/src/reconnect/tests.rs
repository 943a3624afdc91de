//! Every rule of reconnecting under a name, each as a story: what happened one after the other, and what followed.

use super::*;
use proptest::prelude::*;
use serde_json::json;

/// One thing that happens to whoever connects.
#[derive(Clone, Debug)]
enum Happens {
    Hello,
    End(End),
}

use Happens::Hello;

fn lost() -> Happens {
    Happens::End(End::Lost("reset".to_owned()))
}

fn closed(code: u16) -> Happens {
    Happens::End(End::Closed(code))
}

fn error(code: &str, step: &str, retry_after_ms: Option<u64>, device: bool) -> Happens {
    let error = json!({
        "code": code, "message": "m", "auth_reason": null, "can_retry_with_device_token": device,
        "recommended_next_step": step, "retry_after_ms": retry_after_ms,
    });
    Happens::End(End::Refused(serde_json::from_value(error).unwrap()))
}

fn problem(status: u16, code: &str, retry_after: Option<u64>) -> Happens {
    let body = json!({
        "type": "", "title": "t", "status": status, "detail": "", "instance": "", "code": code, "fix": "", "doc_url": "",
    });
    let retry_after = retry_after.map(Duration::from_secs);
    let refusal = Refusal::read(status, retry_after, body.to_string().as_bytes());
    Happens::End(End::TurnedAway(Box::new(refusal)))
}

/// What follows, in short: milliseconds and the credential, with the shortest pauses that chance gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    After(u64),
    Renewed(u64),
    Device,
    WithoutCursor,
    Stop,
}

use Then::{After, Device, Renewed, Stop, WithoutCursor};

fn then(next: Next) -> Then {
    match next {
        Next::Stop => Stop,
        Next::WithoutCursor => WithoutCursor,
        Next::Again { after, with } => {
            let millis = u64::try_from(after.as_millis()).unwrap();
            match with {
                Credential::Usual => After(millis),
                Credential::Renewed => Renewed(millis),
                Credential::Device => Device,
            }
        }
    }
}

/// Lives through a story; says what followed each end.
fn follow(presented: Presented, device: DeviceToken, story: &[Happens]) -> Vec<Then> {
    let mut reconnect = Reconnect::default();
    let mut presented = presented;
    let mut followed = Vec::new();
    for happens in story {
        match happens {
            Hello => reconnect.greeted(),
            Happens::End(end) => {
                let next = reconnect.ended(end, presented, device, 0);
                if let Next::Again {
                    with: Credential::Device,
                    ..
                } = next
                {
                    presented = Presented::Device;
                }
                followed.push(then(next));
            }
        }
    }
    followed
}

/// A rule: its name, what is presented, whether there is a device's token, the story, and what follows.
type Rule = (
    &'static str,
    Presented,
    DeviceToken,
    Vec<Happens>,
    Vec<Then>,
);

fn wrong(device: bool) -> Happens {
    error("invalid_token", "forget_token", None, device)
}

fn missing() -> Happens {
    error("missing_credential", "give_credential", None, false)
}

fn full(retry_after_ms: Option<u64>) -> Happens {
    error("too_many_connections", "wait", retry_after_ms, false)
}

fn draining(retry_after_ms: Option<u64>) -> Happens {
    error("draining", "reconnect", retry_after_ms, false)
}

fn rotated() -> Happens {
    error("credential_rotated", "use_successor", None, false)
}

#[rustfmt::skip]
fn rules() -> Vec<Rule> {
    use DeviceToken::{MayBeSent, None as NoDevice, StaysHere};
    use Presented::{Access, Exchanged, Token};
    vec![
        ("stop on a missing credential", Token, NoDevice, vec![missing()], vec![Stop]),
        ("stop on a wrong credential", Token, NoDevice, vec![wrong(false)], vec![Stop]),
        ("stop on a wrong credential before the upgrade", Token, NoDevice, vec![problem(401, "invalid_token", None)], vec![Stop]),
        ("stop on a revoked token", Token, NoDevice, vec![error("token_revoked", "forget_token", None, false)], vec![Stop]),
        ("a wrong access token is renewed once", Access, NoDevice, vec![wrong(false), wrong(false)], vec![Renewed(0), Stop]),
        ("a 401 renews once", Access, NoDevice, vec![problem(401, "invalid_token", None), problem(401, "invalid_token", None)], vec![Renewed(0), Stop]),
        ("after hello it may be renewed once again", Access, NoDevice, vec![wrong(false), Hello, wrong(false)], vec![Renewed(0), Renewed(0)]),
        ("one try with a device's token", Token, MayBeSent, vec![wrong(true), wrong(true)], vec![Device, Stop]),
        ("a device's token goes to trusted endpoints only", Token, StaysHere, vec![wrong(true)], vec![Stop]),
        ("no device's token where it would not do", Token, MayBeSent, vec![wrong(false)], vec![Stop]),
        ("no device's token where there is none", Token, NoDevice, vec![wrong(true)], vec![Stop]),
        ("first renewed, then the device's token", Access, MayBeSent, vec![wrong(true), wrong(true), wrong(true)], vec![Renewed(0), Device, Stop]),
        ("a device's token where no access token is given any more", Exchanged, MayBeSent, vec![problem(401, "invalid_token", None), wrong(true)], vec![Device, Stop]),
        ("and not where it is uncertain who hears it", Exchanged, StaysHere, vec![problem(401, "invalid_token", None)], vec![Stop]),
        ("one resumption after a limit, after its time", Token, NoDevice, vec![full(Some(7_000)), full(Some(7_000))], vec![After(7_000), Stop]),
        ("a limit without a time is resumed with backoff", Token, NoDevice, vec![full(None), full(None)], vec![After(500), Stop]),
        ("a limit before the upgrade", Token, NoDevice, vec![problem(429, "rate_limited", Some(9)), problem(429, "rate_limited", Some(9))], vec![After(9_000), Stop]),
        ("after hello a limit is resumed again", Token, NoDevice, vec![full(Some(1)), Hello, full(Some(1))], vec![After(1), After(1)]),
        ("no limit is believed for a day", Token, NoDevice, vec![full(Some(86_400_000))], vec![After(900_000)]),
        ("backoff doubles", Token, NoDevice, vec![lost(), lost(), lost()], vec![After(500), After(1_000), After(2_000)]),
        ("backoff begins anew on hello", Token, NoDevice, vec![lost(), lost(), Hello, lost()], vec![After(500), After(1_000), After(500)]),
        ("backoff does not begin anew on a connection alone", Token, NoDevice, vec![lost(), draining(None), closed(1006), lost()], vec![After(500), After(1_000), After(2_000), After(4_000)]),
        ("a restart is waited for as the plane says", Token, NoDevice, vec![draining(Some(3_210)), Hello, draining(None), closed(1012)], vec![After(3_210), After(500), After(1_000)]),
        ("a rotated credential is replaced at once, then with backoff", Token, NoDevice, vec![rotated(), rotated(), rotated()], vec![Renewed(0), Renewed(500), Renewed(1_000)]),
        ("close 4001 without a frame is a rotated credential", Access, NoDevice, vec![closed(4001), closed(4001)], vec![Renewed(0), Renewed(500)]),
        ("close 1008 without a frame is no reason to stop", Access, NoDevice, vec![closed(1008), closed(1008)], vec![Renewed(0), Renewed(500)]),
        ("an expired access token is renewed", Access, NoDevice, vec![error("credential_expired", "renew_credential", None, false)], vec![Renewed(0)]),
        ("an unknown code keeps trying with backoff", Token, NoDevice, vec![error("moon_phase", "howl", None, false), error("moon_phase", "forget_token", None, false), error("moon_phase", "wait", Some(9), false)], vec![After(500), After(1_000), After(9)]),
        ("an unknown step keeps trying with backoff", Token, NoDevice, vec![error("internal", "howl", None, false)], vec![After(500)]),
        ("an unknown code before the upgrade keeps trying", Token, NoDevice, vec![problem(401, "moon_phase", None), problem(418, "moon_phase", None)], vec![After(500), After(1_000)]),
        ("an unavailable plane is waited for", Token, NoDevice, vec![problem(503, "draining", Some(2)), problem(502, "", None)], vec![After(2_000), After(1_000)]),
        ("stop where the scope does not suffice", Token, NoDevice, vec![error("insufficient_scope", "ask_operator", None, false)], vec![Stop]),
        ("stop where it does not suffice before the upgrade", Token, NoDevice, vec![problem(403, "insufficient_scope", None)], vec![Stop]),
        ("stop when the program is mistaken", Token, NoDevice, vec![error("unsupported_protocol", "fix_client", None, false)], vec![Stop]),
        ("stop where there is no push", Token, NoDevice, vec![problem(404, "not_found", None)], vec![Stop]),
        ("a cursor that is not taken is forgotten once", Token, NoDevice, vec![error("bad_cursor", "fix_client", None, false), error("bad_cursor", "fix_client", None, false)], vec![WithoutCursor, Stop]),
        ("a slow reader comes back", Token, NoDevice, vec![Hello, error("slow_reader", "reconnect", None, false)], vec![After(500)]),
    ]
}

#[test]
fn every_rule_of_reconnecting_holds() {
    for (name, presented, device, story, expected) in rules() {
        assert_eq!(follow(presented, device, &story), expected, "{name}");
    }
}

#[test]
fn no_two_rules_have_one_name() {
    let mut names: Vec<&str> = rules().iter().map(|rule| rule.0).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rules().len());
}

fn happenings() -> impl Strategy<Value = Happens> {
    let codes = vec![
        "invalid_token",
        "draining",
        "too_many_connections",
        "moon_phase",
        "bad_cursor",
    ];
    let steps = vec![
        "forget_token",
        "reconnect",
        "wait",
        "use_successor",
        "howl",
        "go_on",
    ];
    prop_oneof![
        Just(lost()),
        any::<u16>().prop_map(closed),
        (
            prop::sample::select(codes),
            prop::sample::select(steps),
            any::<Option<u64>>(),
            any::<bool>()
        )
            .prop_map(|(code, step, after, device)| error(code, step, after, device)),
    ]
}

proptest! {
    /// Whatever a plane says without ever saying hello: a device's token is sent at most once and never where it should
    /// not, at most two connections follow at once upon another, and no pause is longer than a quarter of an hour.
    #[test]
    fn no_plane_makes_anybody_hammer_or_give_a_secret_away(
        story in prop::collection::vec(happenings(), 1..40), trusted in any::<bool>(), access in any::<bool>(),
    ) {
        let device = if trusted { DeviceToken::MayBeSent } else { DeviceToken::StaysHere };
        let presented = if access { Presented::Access } else { Presented::Token };
        let mut followed = follow(presented, device, &story);
        if let Some(end) = followed.iter().position(|then| *then == Stop) {
            followed.truncate(end);
        }
        let devices = followed.iter().filter(|then| **then == Device).count();
        prop_assert!(devices <= usize::from(trusted));
        let at_once = followed.iter().filter(|then| matches!(then, Renewed(0) | WithoutCursor | Device)).count();
        prop_assert!(at_once <= 3);
        for then in followed {
            if let After(millis) | Renewed(millis) = then {
                prop_assert!(millis <= 900_000);
            }
        }
    }
}
