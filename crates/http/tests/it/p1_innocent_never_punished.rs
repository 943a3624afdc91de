//! P1: whoever shares an address with somebody whose credentials fail is served as if they did not.

use crate::api::Api;

const BRIDGE: &str = "172.17.0.1";

#[tokio::test]
async fn thirteen_agents_behind_one_address_are_served_while_it_fails_a_thousand_times() {
    let api = Api::new().await;
    let mut agents = Vec::new();
    for number in 0..13 {
        agents.push(api.agent(&format!("agent-{number}")).await);
    }
    for attempt in 0..1_000 {
        // Its first characters are a valid one's.
        let last = if agents[0].ends_with('x') { "y" } else { "x" };
        let wrong = format!("{}{last}", &agents[0][..agents[0].len() - 1]);
        let refused = api.look_from(BRIDGE, &wrong, "/api/v1/whoami").await;
        assert!([401, 429].contains(&refused.status.as_u16()));
        if attempt % 100 == 0 {
            for agent in &agents {
                api.look_from(BRIDGE, agent, "/api/v1/whoami").await.is(200);
            }
        }
    }
    let sources = api.get("/api/v1/sources").await.is(200).json();
    assert_eq!(sources["items"][0]["source"], BRIDGE, "it has a penalty");
    assert!(sources["items"][0]["penalised_until"].is_string());
    for agent in &agents {
        api.look_from(BRIDGE, agent, "/api/v1/whoami").await.is(200);
    }
}
