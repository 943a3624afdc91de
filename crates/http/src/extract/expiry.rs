//! The end that a body wants for a new token, judged against the credential that asks: nobody extends beyond what they
//! hold.

use crate::error::Refusal;
use crate::wire::time::rfc3339;
use portunus_api::ErrorCode;
use portunus_app::{Plane, Session, operators};
use portunus_core::time::Timestamp;

/// Longest life of a token with an end, in milliseconds: ten years of 365 days.
const LONGEST_MS: u64 = 10 * 365 * 24 * 3600 * 1000;

/// The two fields in which a body may name an end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// `expires_at`, RFC 3339.
    pub(crate) at: Option<&'a str>,
    /// `expires_in_ms`, from now.
    pub(crate) in_ms: Option<u64>,
}

/// The end of a token that `session` makes; `None` when it lasts.
pub(crate) fn expiry(
    plane: &Plane,
    session: &Session,
    wanted: Wanted<'_>,
) -> Result<Option<Timestamp>, Refusal> {
    let end = read(wanted, plane.now())?;
    match session.expires_at() {
        Some(own) if end.is_none_or(|end| end > own) => {
            let own = rfc3339(own);
            let detail =
                format!("your credential is over at {own}, and what it makes cannot last longer");
            Err(
                Refusal::new(ErrorCode::OutlivesCredential, detail).fix(format!(
                    "give an expires_at of {own} or earlier, or use a credential that lasts"
                )),
            )
        }
        _ => Ok(end),
    }
}

/// Whether `session` may make what proves its operator whole and has no end: a device's token, a password.
pub(crate) fn lasting(plane: &Plane, session: &Session) -> Result<(), Refusal> {
    let own = "use the operator's own token, or sign in";
    operators::whole(plane, session).map_err(|error| Refusal::from(error).fix(own))?;
    if session.is_of_access_token() {
        let detail = "an access token ends, and what it would make here lasts";
        return Err(Refusal::new(ErrorCode::OutlivesCredential, detail).fix(own));
    }
    let wanted = Wanted {
        at: None,
        in_ms: None,
    };
    let made = expiry(plane, session, wanted).map(drop);
    made.map_err(|refusal| refusal.fix("use a credential that lasts"))
}

fn read(wanted: Wanted<'_>, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
    let end = match (wanted.at, wanted.in_ms) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(
                wrong("the fields expires_at and expires_in_ms come both").fix("give one of them")
            );
        }
        (None, Some(millis)) => now.plus_ms(millis),
        (Some(text), None) => {
            let moment: Option<jiff::Timestamp> = text.parse().ok();
            let millis = moment.map(|moment| u64::try_from(moment.as_millisecond()).unwrap_or(0));
            let millis = millis.ok_or_else(|| {
                wrong("the field expires_at is no moment").fix("write it like 2027-01-01T00:00:00Z")
            })?;
            Timestamp::from_millis(millis)
        }
    };
    if end <= now {
        return Err(wrong("the end of the token has come already").fix("give a later one"));
    }
    if end > now.plus_ms(LONGEST_MS) {
        return Err(wrong("the end of the token is more than 10 years away")
            .fix("give an earlier one, or none: then the token lasts"));
    }
    Ok(Some(end))
}

fn wrong(detail: &str) -> Refusal {
    Refusal::new(ErrorCode::InvalidBody, detail)
}
