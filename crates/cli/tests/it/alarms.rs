//! Alarms through the real binary: raised, told to a webhook that verifies the signature, acknowledged.

use crate::plane::{PATIENCE, Plane, request};
use crate::webhook::{SecretFile, receiver};
use serde_json::Value;

#[test]
fn an_alarm_reaches_the_webhook_signed_and_is_acknowledged() {
    let (url, received) = receiver();
    let secret = SecretFile::new();
    let plane = Plane::start_configured(&format!(
        "[alarms]\nwebhook_url = \"{url}\"\nwebhook_secret_file = \"{}\"\n",
        secret.path().display()
    ));
    for _ in 0..10 {
        let wrong = [("authorization", "Bearer ptna_wrong")];
        let refused = request(&plane.url, "GET", "/api/v1/whoami", &wrong, None);
        assert_eq!(refused.status, 401);
    }
    let attempts = [(); 2].map(|()| received.recv_timeout(PATIENCE).unwrap());
    for attempt in &attempts {
        attempt.is_genuine();
        assert_eq!(
            attempt.header("webhook-id"),
            attempts[0].header("webhook-id"),
            "one id for all attempts"
        );
    }
    let told: Value = serde_json::from_slice(&attempts[0].body).unwrap();
    assert_eq!(told["type"], "alarm.raised");
    assert_eq!(told["data"]["kind"], "source.penalised");
    assert_eq!(told["data"]["subject"], "127.0.0.1");
    assert!(
        !plane.log().contains("of=plane"),
        "what follows the host is not logged"
    );

    let listed = plane.run("alarms list --open").well();
    assert!(listed.out.contains("source.penalised"), "{listed:?}");
    let id = told["data"]["id"].as_str().unwrap();
    let acked = plane.run(&format!("alarms ack {id}")).well();
    assert!(acked.out.contains(id), "{acked:?}");
    assert_eq!(plane.run(&format!("alarms ack {id}")).code, 4);
    let none = plane.run("alarms ack --all").well();
    assert!(none.out.contains("No alarm is open"), "{none:?}");
}
