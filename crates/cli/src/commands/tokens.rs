//! `portunus tokens`.

use super::plane::Plane;
use crate::args::duration::Span;
use crate::args::expiry::Expiry;
use crate::args::tokens::{TokensArgs, TokensVerb};
use crate::client::{Answer, Wanted, escape};
use crate::failure::{Failure, Kind};
use crate::output::{Table, Tone, moment};
use portunus_api::tokens::{
    Principal, RevokeToken, RotateToken, Token, TokenRevoked, TokenRotated, TokenState,
};
use portunus_core::secret::Secret;

/// Runs one verb.
pub(super) async fn run(args: TokensArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    match args.verb {
        TokensVerb::Rotate {
            principal,
            overlap,
            expires,
        } => {
            let answer = rotate(&plane, &principal, &successor(overlap, expires)).await?;
            plane.show(&answer, |rotated| rotated_words(&rotated))
        }
        TokensVerb::Revoke { kid, force } => {
            let path = format!("/tokens/{}/revoke", escape(&kid));
            let body = RevokeToken {
                force: force.then_some(true),
            };
            let answer = plane.post(&path, &body).await?;
            plane.show(&answer, |revoked: TokenRevoked| {
                let kid = revoked.kid;
                let own = match is_of(plane.token(), &kid) {
                    true => {
                        "That was the token you are signed in with; sign in again: portunus login\n"
                    }
                    false => "",
                };
                format!("Token {kid} has ended.\n{own}")
            })
        }
        TokensVerb::List { agent, page } => {
            let query: Vec<_> = agent.map(|agent| ("agent", agent)).into_iter().collect();
            let wanted = Wanted {
                limit: page.limit,
                cursor: page.cursor,
            };
            plane
                .show_list("/tokens", &query, &wanted, |tokens: &[Token]| {
                    token_table(tokens)
                })
                .await
        }
    }
}

/// Whether `kid` is the public handle of this token, which follows the five characters that say of whom it is.
fn is_of(token: &Secret, kid: &str) -> bool {
    let (_, handle) = token.expose().split_once('_').unwrap_or_default();
    !kid.is_empty() && handle.starts_with(kid)
}

/// What is asked of a rotation.
pub(super) fn successor(overlap: Option<Span>, expires: Option<Expiry>) -> RotateToken {
    RotateToken {
        overlap_ms: overlap.map(|span| span.millis),
        expires_at: expires.and_then(Expiry::at),
        expires_in_ms: expires.and_then(Expiry::in_ms),
    }
}

/// Rotates the token of the agent of this name or, when there is none, of the operator.
async fn rotate(plane: &Plane, principal: &str, body: &RotateToken) -> Result<Answer, Failure> {
    let path = |whose: &str| format!("/{whose}/{}/tokens/rotate", escape(principal));
    match plane.post(&path("agents"), body).await {
        Err(no_agent) if no_agent.kind() == Kind::NotFound => {
            let answer = plane.post(&path("operators"), body).await;
            answer.map_err(|failure| match failure.kind() {
                Kind::NotFound => no_agent,
                _ => failure,
            })
        }
        answer => answer,
    }
}

pub(super) fn rotated_words(rotated: &TokenRotated) -> String {
    let predecessor = match (&rotated.retiring, rotated.revoked.as_slice()) {
        (Some(retiring), _) => format!(
            "Its predecessor {} works until the new token's first use and a little longer.\n",
            retiring.kid
        ),
        (None, [_, ..]) => format!("Ended: {}.\n", rotated.revoked.join(", ")),
        (None, []) => String::new(),
    };
    format!(
        "The new token, shown only now:\n\n  {}\n\n{}{predecessor}",
        rotated.token.expose(),
        end_words(rotated.expires_at.as_deref()),
    )
}

/// When a new token is over, in a sentence; nothing of one that lasts.
pub(super) fn end_words(expires_at: Option<&str>) -> String {
    let stamp = expires_at.map(moment::stamp);
    stamp.map_or_else(String::new, |stamp| format!("It is over at {stamp}.\n"))
}

/// Tokens as a table, one line each.
pub(super) fn token_table(tokens: &[Token]) -> String {
    if tokens.is_empty() {
        return "There are no tokens.\n".to_owned();
    }
    let mut table = Table::new(&["KID", "WHOSE", "STATE", "ISSUED", "FIRST USED"])
        .wrapping("WHOSE")
        .giving_way(&["FIRST USED", "ISSUED"]);
    for token in tokens {
        let principal = &token.principal;
        let whose = called(principal);
        let whose = whose.unwrap_or_else(|| format!("{} (deleted)", principal.id));
        let (state, tone) = state(token);
        let issued = moment::stamp(&token.created_at);
        let used = token.first_used_at.as_deref().map(moment::stamp);
        table.row([
            (token.kid.as_str(), Tone::Plain),
            (&whose, Tone::Plain),
            (&state, tone),
            (&issued, Tone::Plain),
            (used.as_deref().unwrap_or("not yet"), Tone::Plain),
        ]);
    }
    table.render()
}

/// What people call a principal, and its name where that is another one.
fn called(principal: &Principal) -> Option<String> {
    let name = principal.name.as_ref()?;
    Some(match &principal.display_name {
        Some(display) => format!("{display} ({name})"),
        None => name.clone(),
    })
}

fn state(token: &Token) -> (String, Tone) {
    let end = token.expires_at.as_deref().map(moment::stamp);
    match token.state {
        TokenState::Active => match end {
            Some(end) => (format!("active until {end}"), Tone::Good),
            None => ("active".to_owned(), Tone::Good),
        },
        TokenState::Retiring => {
            let until = token
                .retires_at
                .as_deref()
                .map_or_else(|| "its successor is used".to_owned(), moment::stamp);
            (format!("retiring until {until}"), Tone::Warn)
        }
        TokenState::Revoked => ("revoked".to_owned(), Tone::Faint),
        TokenState::Expired => {
            let end = end.unwrap_or_default();
            (format!("expired {end}").trim_end().to_owned(), Tone::Faint)
        }
    }
}
