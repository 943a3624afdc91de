//! What an access token says (RFC 9068 §2.2), written and read strictly.

use super::family::FamilyId;
use crate::agent::Principal;
use crate::ids::{AgentId, OperatorId};
use crate::scope::ScopeSet;
use crate::time::Timestamp;
use crate::token::Kid;
use serde::{Deserialize, Serialize};

/// Seconds that fit a date; a larger number is no time of ours.
const LAST_SECOND: u64 = 253_402_300_799;

/// How far ahead of the plane's clock a token may begin, in milliseconds: the clock was set back since. A few minutes, as
/// RFC 7519 §4.1.5 has it.
const LEEWAY_MS: u64 = 180_000;

/// Why claims are not accepted. Texts are for clients and never repeat a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsError {
    /// Not the claims that this plane writes: a wrong type, an unknown, missing or doubled one.
    #[error("its claims are not what this plane writes")]
    Malformed,
    /// Another issuer.
    #[error("it was issued by somebody else")]
    Issuer,
    /// Meant for somebody else.
    #[error("it is meant for somebody else")]
    Audience,
    /// Not valid yet.
    #[error("it is not valid yet")]
    TooEarly,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
}

/// What one access token says. Times are whole seconds on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `iss`: the plane.
    pub issuer: String,
    /// `aud`: whom it is meant for; the plane itself.
    pub audience: String,
    /// `sub`, and `client_id`, which RFC 9068 wants: who acts.
    pub subject: Principal,
    /// `scope`.
    pub scope: ScopeSet,
    /// `gen`: the subject's generation.
    pub generation: u64,
    /// `jti`: the public handle of this access token.
    pub jti: Kid,
    /// `fam`: the chain that it was renewed in.
    pub family: FamilyId,
    /// `iat` and `nbf`.
    pub issued_at: Timestamp,
    /// `exp`.
    pub expires_at: Timestamp,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    iss: String,
    aud: String,
    sub: String,
    client_id: String,
    scope: String,
    r#gen: u64,
    jti: String,
    fam: String,
    iat: u64,
    nbf: u64,
    exp: u64,
}

/// A principal as `sub` has it.
#[must_use]
pub fn subject_text(principal: Principal) -> String {
    match principal {
        Principal::Agent(id) => id.to_string(),
        Principal::Operator(id) => id.to_string(),
    }
}

fn subject(text: &str) -> Option<Principal> {
    let agent = text.parse::<AgentId>().map(Principal::Agent);
    agent
        .or_else(|_| text.parse::<OperatorId>().map(Principal::Operator))
        .ok()
}

impl Claims {
    /// As JSON, always in the same order: the same claims give the same token.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let subject = subject_text(self.subject);
        let issued_at = self.issued_at.as_millis() / 1000;
        let wire = Wire {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            client_id: subject.clone(),
            sub: subject,
            scope: self.scope.to_string(),
            r#gen: self.generation,
            jti: self.jti.to_string(),
            fam: self.family.to_string(),
            iat: issued_at,
            nbf: issued_at,
            exp: self.expires_at.as_millis() / 1000,
        };
        // Strings and numbers always serialise.
        serde_json::to_vec(&wire).unwrap_or_default()
    }

    /// Reads claims. What they say is not judged.
    ///
    /// # Errors
    ///
    /// [`ClaimsError::Malformed`].
    pub fn read(json: &[u8]) -> Result<Self, ClaimsError> {
        let wire: Wire = serde_json::from_slice(json).map_err(|_| ClaimsError::Malformed)?;
        let times_fit = [wire.iat, wire.nbf, wire.exp]
            .into_iter()
            .all(|time| time <= LAST_SECOND);
        if !times_fit || wire.client_id != wire.sub || wire.nbf != wire.iat {
            return Err(ClaimsError::Malformed);
        }
        Ok(Self {
            subject: subject(&wire.sub).ok_or(ClaimsError::Malformed)?,
            scope: wire.scope.parse().map_err(|_| ClaimsError::Malformed)?,
            jti: wire.jti.parse().map_err(|_| ClaimsError::Malformed)?,
            family: wire.fam.parse().map_err(|_| ClaimsError::Malformed)?,
            issuer: wire.iss,
            audience: wire.aud,
            generation: wire.r#gen,
            issued_at: Timestamp::from_secs(wire.iat),
            expires_at: Timestamp::from_secs(wire.exp),
        })
    }

    /// Whether the plane `me` accepts them at `now`, up to `grace_ms` after their end.
    ///
    /// # Errors
    ///
    /// [`ClaimsError`], for the first claim that does not fit.
    pub fn check(&self, me: &str, now: Timestamp, grace_ms: u64) -> Result<(), ClaimsError> {
        if self.issuer != me {
            Err(ClaimsError::Issuer)
        } else if self.audience != me {
            Err(ClaimsError::Audience)
        } else if now.plus_ms(LEEWAY_MS) < self.issued_at {
            Err(ClaimsError::TooEarly)
        } else if now >= self.expires_at.plus_ms(grace_ms) {
            Err(ClaimsError::Expired)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ME: &str = "https://plane.example";

    fn claims() -> Claims {
        Claims {
            issuer: ME.into(),
            audience: ME.into(),
            subject: Principal::Agent(AgentId::from_bytes([1; 16])),
            scope: ScopeSet::agent(),
            generation: 3,
            jti: Kid::from_bytes([2; 16]),
            family: FamilyId::from_bytes([4; 16]),
            issued_at: Timestamp::from_secs(1_000),
            expires_at: Timestamp::from_secs(1_600),
        }
    }

    fn changed(change: impl FnOnce(&mut Value)) -> Result<Claims, ClaimsError> {
        let mut value: Value = serde_json::from_slice(&claims().write()).unwrap();
        change(&mut value);
        Claims::read(value.to_string().as_bytes())
    }

    #[test]
    fn claims_read_back() {
        assert_eq!(Claims::read(&claims().write()), Ok(claims()));
        assert!(changed(|_| {}).is_ok());
    }

    #[test]
    fn claims_of_another_make_are_refused() {
        for name in [
            "iss",
            "aud",
            "sub",
            "client_id",
            "scope",
            "gen",
            "jti",
            "fam",
            "iat",
            "nbf",
            "exp",
        ] {
            let without = changed(|value| {
                value.as_object_mut().unwrap().remove(name);
            });
            assert_eq!(without, Err(ClaimsError::Malformed), "{name} is missing");
            let of_another_type = changed(|value| value[name] = json!([ME]));
            assert_eq!(of_another_type, Err(ClaimsError::Malformed), "{name}");
        }
        for (name, value) in [
            ("exp", json!("1600")),
            ("exp", json!(1600.5)),
            ("exp", json!(-1)),
            ("exp", json!(u64::MAX)),
            ("exp", json!(1e300)),
            ("nbf", json!(2_000)),
            ("sub", json!("mayor")),
            ("client_id", json!("agt_0000000000000000000000")),
            ("scope", json!("")),
            ("jti", json!("short")),
            ("further", json!(true)),
        ] {
            let refused = changed(|claims| claims[name] = value.clone());
            assert_eq!(refused, Err(ClaimsError::Malformed), "{name} = {value}");
        }
        let text = String::from_utf8(claims().write()).unwrap();
        let doubled = text.replacen('{', "{\"exp\":9999999999,", 1);
        assert_eq!(
            Claims::read(doubled.as_bytes()),
            Err(ClaimsError::Malformed)
        );
        let trailing = format!("{text} {{}}");
        assert_eq!(
            Claims::read(trailing.as_bytes()),
            Err(ClaimsError::Malformed)
        );
    }

    #[test]
    fn issuer_audience_and_times_must_fit() {
        let at = Timestamp::from_secs;
        let ours = claims();
        assert_eq!(ours.check(ME, at(1_000), 0), Ok(()));
        assert_eq!(ours.check(ME, at(820), 0), Ok(()));
        assert_eq!(ours.check(ME, at(819), 0), Err(ClaimsError::TooEarly));
        assert_eq!(ours.check(ME, at(1_600), 0), Err(ClaimsError::Expired));
        assert_eq!(ours.check(ME, at(1_600), 1), Ok(()));
        assert_eq!(
            ours.check("urn:other", at(1_000), 0),
            Err(ClaimsError::Issuer)
        );
        let elsewhere = Claims {
            audience: "https://other.example".into(),
            ..claims()
        };
        assert_eq!(
            elsewhere.check(ME, at(1_000), 0),
            Err(ClaimsError::Audience)
        );
    }
}
