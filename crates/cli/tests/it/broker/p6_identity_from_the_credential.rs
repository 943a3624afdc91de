//! P6 identity-from-the-credential, beside a program: whatever it sends besides the handle, it is the broker's agent.

use super::stage::Brokered;
use crate::plane::{Plane, request};

#[test]
fn p6_a_program_cannot_be_anybody_else_through_its_broker() {
    let plane = Plane::start();
    let (mayor, clerk) = (plane.create_agent("mayor"), plane.create_agent("clerk"));
    let brokered = Brokered::start(&plane, "mayor", &mayor, &[]);
    let handle = format!("Bearer {}", brokered.handle());
    for headers in [
        [
            ("authorization", handle.as_str()),
            ("x-api-key", clerk.as_str()),
        ],
        [
            ("authorization", handle.as_str()),
            ("cookie", "__Host-portunus=made-up"),
        ],
        [
            ("authorization", handle.as_str()),
            ("x-portunus-agent", "clerk"),
        ],
    ] {
        let me = request(brokered.url(), "GET", "/api/v1/whoami", &headers, None);
        assert_eq!(me.json()["name"], "mayor", "{headers:?} {me:?}");
    }
    // Nor may it do what its agent may not.
    let refused = brokered.ask("POST", "/api/v1/agents", Some(r#"{"name":"deputy"}"#));
    assert_eq!(refused.json()["code"], "insufficient_scope");
    // The token of somebody else, put where the agent's is, makes no other agent of a program that runs.
    super::stage::give(&brokered.home.join("mayor.token"), &clerk);
    std::thread::sleep(std::time::Duration::from_secs(4));
    let me = brokered.ask("GET", "/portunus/whoami", None);
    assert_eq!(me.json()["name"], "mayor", "{me:?}");
}
