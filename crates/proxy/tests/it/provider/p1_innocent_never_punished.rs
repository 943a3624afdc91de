//! P1: what one agent's request was refused for is not taken from the others.

use portunus_core::ids::{AgentId, KeyId};
use portunus_core::pool::{Acquired, Ask, KeyConfig, PoolState};
use portunus_core::provider_key::{KeySwitch, Protocol};
use portunus_core::time::Timestamp;
use portunus_proxy::provider::Fields;
use portunus_proxy::provider::answer::{Answer, classify};
use portunus_proxy::provider::family::family;

#[test]
fn one_agents_refusal_does_not_take_the_model_from_the_others() {
    let model = "claude-sonnet-4-5";
    let now = Timestamp::from_secs(1_000);
    let mut pool = PoolState::new();
    let key = KeyConfig {
        id: KeyId::from_bytes([1; 16]),
        priority: 0,
        switch: KeySwitch::Enabled,
        quarantine: None,
    };
    pool.put_key(key, now);
    let ask = |agent| Ask {
        agent: AgentId::from_bytes([agent; 16]),
        model: model.into(),
        family: family(Protocol::Anthropic, model),
        conversation: None,
        excluded: Vec::new(),
        avoided: Vec::new(),
        bound: None,
    };
    let Acquired::Granted(leased) = pool.acquire(&ask(1), now) else {
        panic!("the only key is free");
    };
    // Somebody else's file: the provider names neither model nor plan.
    let body = br#"{"type":"error","error":{"type":"permission_error","message":"Your API key does not have permission to use the specified resource."}}"#;
    let answer = Answer {
        status: 403,
        headers: &Fields::default(),
        body,
    };
    let seen = classify(
        Protocol::Anthropic,
        &family(Protocol::Anthropic, model),
        now,
        &answer,
    );
    pool.charge(&leased, &seen, now);
    pool.release(leased, now);
    assert!(matches!(pool.acquire(&ask(2), now), Acquired::Granted(_)));
}
