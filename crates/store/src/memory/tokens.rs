//! Tokens of the model: lists, rotation, revocation, first use.

use super::State;
use crate::rotation::{self, Fate};
use crate::{Force, Listing, Page, Result, Rotation, StoreError, Tell, position};
use portunus_core::agent::Principal;
use portunus_core::audit::AuditEvent;
use portunus_core::credential::{TokenRecord, TokenState};
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use std::cmp::Reverse;

impl State {
    pub(super) fn list_tokens(
        &self,
        principal: Option<Principal>,
        page: &Page,
    ) -> Result<Listing<TokenRecord>> {
        let after = page.after.as_ref().map(position::token_place).transpose()?;
        let mut tokens: Vec<TokenRecord> = self
            .tokens
            .values()
            .filter(|token| principal.is_none_or(|whose| token.principal == whose))
            .filter(|token| after.is_none_or(|place| (token.created_at, token.kid) < place))
            .cloned()
            .collect();
        tokens.sort_by_key(|token| Reverse((token.created_at, token.kid)));
        Ok(Listing::cut(tokens, page.size(), position::after_token))
    }

    fn of(
        &self,
        principal: Principal,
        wanted: impl Fn(&TokenState) -> bool,
    ) -> Option<&TokenRecord> {
        self.tokens
            .values()
            .find(|token| token.principal == principal && wanted(&token.state))
    }

    pub(super) fn rotate_token(
        &mut self,
        principal: Principal,
        successor: &TokenRecord,
        now: Timestamp,
        event: &dyn Tell<Rotation>,
    ) -> Result<Rotation> {
        rotation::check_new(principal, successor)?;
        self.check_living(principal)?;
        if self.tokens.contains_key(&successor.kid) {
            return Err(StoreError::Inconsistent("the identifier exists already"));
        }
        if let (Principal::Operator(id), Some(_)) = (principal, successor.expires_at) {
            let operator = self.operator(id)?;
            self.keep_an_administrator(&operator, Force::No)?;
        }
        let active = self.of(principal, |s| matches!(s, TokenState::Active));
        let retiring = self.of(principal, |s| matches!(s, TokenState::Retiring { .. }));
        let fates = rotation::plan(active, retiring, successor, now);
        let before = [
            (active.cloned(), fates.active),
            (retiring.cloned(), fates.retiring),
        ];
        let mut rotation = Rotation::default();
        let mut after = vec![successor.clone()];
        for (token, fate) in before {
            let Some(mut token) = token else { continue };
            token.state = fate.apply(token.state, now);
            match fate {
                Fate::Revoked => rotation.revoked.push(token.kid),
                Fate::Stays | Fate::Retires => rotation.retiring = Some(token.clone()),
            }
            after.push(token);
        }
        let event = self.unclaimed(event.tell(&rotation)?)?;
        for token in after {
            self.tokens.insert(token.kid, token);
        }
        if successor.overlap_ms == 0 {
            self.end_families_of(principal);
            self.end_sessions_of_tokens_of(principal);
        }
        self.record(&event);
        Ok(rotation)
    }

    pub(super) fn revoke_token(
        &mut self,
        kid: Kid,
        at: Timestamp,
        force: Force,
        event: &AuditEvent,
    ) -> Result<Option<TokenRecord>> {
        let mut token = self.tokens.get(&kid).cloned().ok_or(StoreError::NotFound)?;
        if matches!(token.state, TokenState::Revoked { .. }) {
            return Err(StoreError::AlreadyRevoked);
        }
        let other = |other: &TokenRecord| other.kid != kid && self.administers(other);
        let is_last = self.administers(&token) && !self.tokens.values().any(other);
        if is_last && force == Force::No {
            return Err(StoreError::LastOperatorToken);
        }
        let waiting = self.of(token.principal, |s| {
            matches!(s, TokenState::Retiring { .. })
        });
        let heir = rotation::heir(&token, waiting.cloned());
        token.state = TokenState::Revoked { at };
        self.tokens.insert(kid, token);
        self.families.retain(|_, family| family.token != kid);
        self.end_sessions_of_token(kid);
        if let Some(heir) = &heir {
            self.tokens.insert(heir.kid, heir.clone());
        }
        self.record(event);
        Ok(heir)
    }

    /// The tokens of a principal that are not revoked.
    pub(super) fn living_tokens(&self, whose: Principal) -> Vec<Kid> {
        let lives = |token: &&TokenRecord| !matches!(token.state, TokenState::Revoked { .. });
        let tokens = self.tokens.values().filter(lives);
        tokens
            .filter(|token| token.principal == whose)
            .map(|token| token.kid)
            .collect()
    }

    /// Ends these tokens.
    pub(super) fn revoke(&mut self, kids: &[Kid], at: Timestamp) {
        for kid in kids {
            if let Some(token) = self.tokens.get_mut(kid) {
                token.state = TokenState::Revoked { at };
            }
        }
    }

    pub(super) fn mark_first_use(&mut self, kid: Kid, at: Timestamp) -> Result<()> {
        let Some(token) = self.tokens.get_mut(&kid) else {
            return self.mark_device_use(kid, at);
        };
        if token.first_used_at.is_some() {
            return Ok(());
        }
        token.first_used_at = Some(at);
        if token.state != TokenState::Active {
            return Ok(());
        }
        let (principal, until) = (token.principal, at.plus_ms(token.overlap_ms));
        for other in self.tokens.values_mut() {
            let waits = other.state == TokenState::Retiring { until: None };
            if other.principal == principal && waits {
                other.state = TokenState::Retiring { until: Some(until) };
            }
        }
        Ok(())
    }
}
