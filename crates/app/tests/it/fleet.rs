//! A plane serves while its fleet is still being loaded, and what changes meanwhile is neither lost nor undone.

use crate::plane::{Stage, pepper, prove};
use portunus_app::status::status;
use portunus_app::tokens::rotate::Overlap;
use portunus_app::{AuthError, Plane, agents, tokens};
use portunus_core::agent::{Agent, Principal};
use portunus_core::audit::{Actor, AuditEvent};
use portunus_core::credential::TokenRecord;
use portunus_core::ids::AgentId;
use portunus_core::scope::ScopeSet;
use portunus_core::secret::Secret;
use portunus_core::time::Timestamp;
use portunus_core::token::TokenKind;
use portunus_store::Store;
use portunus_store::memory::Outage;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Several of the pages in which a fleet is loaded.
const AGENTS: u32 = 2_200;

/// A stored fleet that the stage's own plane knows nothing of: every agent's tokens, the newest last.
pub(crate) async fn fleet(stage: &Stage) -> Vec<Vec<Secret>> {
    let mut fleet = Vec::new();
    for number in 0..AGENTS {
        let mut random = [0; 44];
        random[..4].copy_from_slice(&number.to_be_bytes());
        let minted = pepper().mint(TokenKind::Agent, &random);
        let mut id = [0; 16];
        id[..4].copy_from_slice(&number.to_be_bytes());
        let agent = Agent::new(
            AgentId::from_bytes(id),
            name(number).parse().unwrap(),
            ScopeSet::agent(),
            Timestamp::EPOCH,
        );
        let token = TokenRecord::new(
            minted.kid,
            minted.digest,
            Principal::Agent(agent.id),
            Timestamp::EPOCH,
        );
        let event = AuditEvent {
            at: Timestamp::EPOCH,
            actor: Actor::Plane,
            action: "agent.created",
            subject: agent.id.to_string(),
            details: Vec::new(),
            receipt: None,
        };
        stage
            .store
            .create_agent(&agent, &token, &event)
            .await
            .unwrap();
        fleet.push(vec![minted.text]);
    }
    fleet
}

fn name(number: u32) -> String {
    format!("agent-{number}")
}

async fn agents_in_memory(plane: &Plane) -> usize {
    status(plane).await.agents
}

/// Waits until nothing is left to load.
async fn loaded(plane: &Plane, agents: usize) {
    while agents_in_memory(plane).await < agents {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn whoever_comes_first_is_served_and_nobody_needs_the_store_in_the_end() {
    let stage = Stage::new().await;
    let fleet = fleet(&stage).await;
    let plane = stage.restarted().await;
    assert!(agents_in_memory(&plane).await < fleet.len());
    let session = prove(&plane, &fleet[2_199][0]).await.unwrap();
    assert_eq!(&**session.name(), "agent-2199");
    loaded(&plane, fleet.len()).await;
    stage.store.outage(Outage::Begins);
    for tokens in &fleet {
        assert!(prove(&plane, &tokens[0]).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_meanwhile_only_delays_the_loading() {
    let stage = Stage::new().await;
    let fleet = fleet(&stage).await;
    let plane = stage.restarted().await;
    stage.store.outage(Outage::Begins);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(prove(&plane, &fleet[0][0]).await.is_ok());
    let last = prove(&plane, &fleet[2_199][0]).await;
    assert_eq!(last.unwrap_err(), AuthError::Undecided);
    stage.store.outage(Outage::Ends);
    assert!(prove(&plane, &fleet[2_199][0]).await.is_ok());
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(agents_in_memory(&plane).await, fleet.len());
}

/// Numbers without a pattern, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).unwrap() % end
    }
}

/// Does something to an agent that it may or may not have been loaded before.
async fn change(
    stage: &Stage,
    plane: &Arc<Plane>,
    fleet: &mut [Vec<Secret>],
    dice: &mut Dice,
) -> usize {
    let number = dice.below(AGENTS);
    let index = usize::try_from(number).unwrap();
    let known = &mut fleet[index];
    let newest = known.last().unwrap().clone();
    match dice.below(8) {
        0..3 => {
            let overlap = Overlap::default();
            let rotated = tokens::rotate(plane, stage.operator, name(number), overlap).await;
            if let Ok(rotated) = rotated {
                known.push(rotated.token);
            }
        }
        3..5 => drop(prove(plane, &newest).await),
        5 => drop(prove(plane, &known[0]).await),
        6 => {
            let kid = pepper().parse(newest.expose()).unwrap().kid;
            let revoked = tokens::revoke(plane, stage.operator, kid, tokens::Force::No);
            drop(revoked.await);
        }
        _ => drop(agents::delete(plane, stage.operator, name(number)).await),
    }
    index
}

#[tokio::test]
async fn p3_p5_what_changes_meanwhile_is_what_a_plane_that_begins_later_finds() {
    let stage = Stage::new().await;
    let mut fleet = fleet(&stage).await;
    let mut dice = Dice(7);
    let mut changed = BTreeSet::new();
    for round in 0..12 {
        let plane = stage.restarted().await;
        // The same few agents again and again, so that their changes meet.
        let before = agents_in_memory(&plane).await;
        assert!(before < fleet.len() - 100, "the fleet is loaded already");
        for _ in 0..5 {
            let mut few = Dice(u64::from(dice.below(30)));
            changed.insert(change(&stage, &plane, &mut fleet, &mut few).await);
        }
        let living = stage
            .store
            .agents_from(AgentId::from_bytes([0; 16]), AGENTS);
        let living = living.await.unwrap().len();
        loaded(&plane, living).await;
        plane.flush().await.unwrap();
        stage.clock.advance(Duration::from_secs(7));
        let later = stage.restarted().await;
        loaded(&later, living).await;
        for number in &changed {
            for token in &fleet[*number] {
                let told = [prove(&plane, token).await, prove(&later, token).await];
                let told = told.map(|told| told.map(|session| session.principal));
                assert_eq!(told[0], told[1], "agent {number} in round {round}");
            }
        }
    }
}
