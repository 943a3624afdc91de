//! The directory's rules, on times passed in.

use super::*;
use portunus_core::ids::AgentId;
use portunus_core::operator::{Authority, Operator};
use portunus_core::token::TokenDigest;

const ANN: Principal = Principal::Agent(AgentId::from_bytes([1; 16]));

fn token(number: u8, state: TokenState) -> TokenRecord {
    let (kid, digest) = (Kid::from_bytes([number; 16]), [number; 32]);
    TokenRecord {
        state,
        overlap_ms: 1_000,
        ..TokenRecord::new(kid, TokenDigest::from_bytes(digest), ANN, Timestamp::EPOCH)
    }
}

fn directory(records: &[TokenRecord]) -> Directory {
    let directory = Directory::new();
    let ann = Operator {
        id: OperatorId::from_bytes([1; 16]),
        name: "ann".parse().unwrap(),
        authority: Authority::everything(),
        created_at: Timestamp::EPOCH,
    };
    directory.welcome(ANN, Profile::of_operator(&ann));
    directory.fill(records);
    directory
}

fn valid(directory: &Directory, number: u8, at: u64) -> bool {
    directory
        .find(Kid::from_bytes([number; 16]))
        .is_some_and(|entry| entry.is_valid(Timestamp::from_millis(at)))
}

const RETIRING: TokenState = TokenState::Retiring { until: None };

#[test]
fn a_predecessor_ends_one_overlap_after_its_successors_first_use() {
    let directory = directory(&[token(1, RETIRING), token(2, TokenState::Active)]);
    assert!(valid(&directory, 1, 1_000_000));
    let successor = directory.find(Kid::from_bytes([2; 16])).unwrap();
    let now = Timestamp::from_millis(5_000);
    assert_eq!(directory.note_use(&successor, now), Usage::First);
    assert_eq!(
        directory.note_use(&successor, Timestamp::from_millis(9_000)),
        Usage::Again
    );
    assert!(valid(&directory, 1, 5_999));
    assert!(!valid(&directory, 1, 6_000));
    assert!(valid(&directory, 2, 1_000_000));
}

#[test]
fn a_retiring_tokens_first_use_ends_nobody() {
    let directory = directory(&[token(1, RETIRING), token(2, TokenState::Active)]);
    let predecessor = directory.find(Kid::from_bytes([1; 16])).unwrap();
    directory.note_use(&predecessor, Timestamp::EPOCH);
    assert!(valid(&directory, 1, 1_000_000));
    assert!(valid(&directory, 2, 1_000_000));
}

#[test]
fn p4_what_runs_on_a_retired_token_goes_on_and_p5_ends_with_its_principal() {
    let until = Timestamp::from_millis(500);
    let state = TokenState::Retiring { until: Some(until) };
    let directory = directory(&[token(1, state), token(2, TokenState::Active)]);
    let entry = directory.find(Kid::from_bytes([1; 16])).unwrap();
    assert!(valid(&directory, 1, 499));
    assert!(!valid(&directory, 1, 500));
    assert!(!entry.revoked.is_cancelled());
    directory.dismiss(ANN);
    assert!(entry.revoked.is_cancelled());
}

#[test]
fn a_token_ends_when_its_own_time_is_over_and_nothing_of_it_is_cut() {
    let boxed = TokenRecord {
        expires_at: Some(Timestamp::from_millis(500)),
        ..token(1, RETIRING)
    };
    let directory = directory(&[boxed, token(2, TokenState::Active)]);
    let entry = directory.find(Kid::from_bytes([1; 16])).unwrap();
    assert!(valid(&directory, 1, 499));
    assert!(!valid(&directory, 1, 500));
    assert!(!entry.revoked.is_cancelled());
    // What rotations do to it makes it last no longer.
    directory.succeed_back(
        Kid::from_bytes([2; 16]),
        Some(&token(1, TokenState::Active)),
    );
    assert!(!valid(&directory, 1, 500));
}

#[test]
fn p3_a_first_use_waits_while_the_store_decides() {
    let directory = directory(&[token(1, RETIRING), token(2, TokenState::Active)]);
    let successor = directory.find(Kid::from_bytes([2; 16])).unwrap();
    let hold = directory.hold(ANN);
    assert_eq!(
        directory.note_use(&successor, Timestamp::EPOCH),
        Usage::Held
    );
    assert!(hold.used().is_empty());
    drop(hold);
    assert_eq!(
        directory.note_use(&successor, Timestamp::EPOCH),
        Usage::First
    );
    let hold = directory.hold(ANN);
    assert_eq!(hold.used(), [successor.kid]);
    assert_eq!(
        directory.note_use(&successor, Timestamp::EPOCH),
        Usage::Again
    );
}

#[test]
fn p5_a_dismissed_principals_tokens_all_end() {
    let directory = directory(&[token(1, RETIRING), token(2, TokenState::Active)]);
    let entries = [1, 2].map(|n| directory.find(Kid::from_bytes([n; 16])).unwrap());
    directory.dismiss(ANN);
    for entry in entries {
        assert!(entry.revoked.is_cancelled());
        assert!(!entry.is_valid(Timestamp::EPOCH));
        assert!(directory.find(entry.kid).is_none());
    }
    assert_eq!(directory.name_of(ANN), None);
    assert_eq!(directory.agents(), 0);
}

#[test]
fn a_rotation_is_applied_as_the_store_decided_it() {
    let directory = directory(&[token(1, TokenState::Active)]);
    let first = directory.find(Kid::from_bytes([1; 16])).unwrap();
    directory.rotate(
        &[],
        Some(&token(1, RETIRING)),
        &token(2, TokenState::Active),
    );
    assert!(!first.active.load(Ordering::Acquire));
    directory.rotate(
        &[Kid::from_bytes([2; 16])],
        Some(&token(1, RETIRING)),
        &token(3, TokenState::Active),
    );
    assert!(valid(&directory, 1, 1_000_000));
    assert!(!valid(&directory, 2, 0));
    assert!(valid(&directory, 3, 0));
}

#[test]
fn a_successor_that_ends_unused_gives_its_place_back_for_good() {
    let directory = directory(&[token(1, RETIRING), token(2, TokenState::Active)]);
    let ended = directory.find(Kid::from_bytes([2; 16])).unwrap();
    directory.succeed_back(ended.kid, Some(&token(1, TokenState::Active)));
    assert!(ended.revoked.is_cancelled());
    let heir = directory.find(Kid::from_bytes([1; 16])).unwrap();
    assert!(heir.active.load(Ordering::Acquire));
    // A request that proved the ended one just before it was revoked notes its use only now.
    directory.note_use(&ended, Timestamp::EPOCH);
    assert!(valid(&directory, 1, 1_000_000));
}
