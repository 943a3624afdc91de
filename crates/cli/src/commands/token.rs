//! `portunus token` and `portunus signing`.

use super::plane::Plane;
use crate::args::token::{SigningArgs, SigningVerb, TokenArgs, TokenVerb};
use crate::config::ProcessEnvironment;
use crate::failure::Failure;
use crate::output::{Table, Tone, moment};
use crate::{output, secret_input};
use portunus_api::SecretText;
use portunus_api::access::{
    Introspection, PresentedToken, RotateSigningKey, SigningKey, SigningKeys, SigningState,
    TokenRequest, TokenResponse,
};
use portunus_core::access::jws::is_access_token;

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// Runs one verb of `token`.
pub(super) async fn run(args: TokenArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    match args.verb {
        TokenVerb::Exchange { scopes } => exchange(&plane, &scopes).await,
        TokenVerb::Inspect { from_env } => {
            let body = presented(from_env.as_deref(), "portunus token inspect < access.token")?;
            let answer = plane.post("/token/introspect", &body).await?;
            plane.show(&answer, |told| introspection_words(&told))
        }
        TokenVerb::End { from_env } => {
            let body = presented(from_env.as_deref(), "portunus token end < access.token")?;
            plane.post("/token/revoke", &body).await?;
            if plane.is_for_people() {
                output::print("It is worth nothing any more.\n")?;
            }
            Ok(())
        }
    }
}

async fn exchange(plane: &Plane, scopes: &[String]) -> Result<(), Failure> {
    let scope = (!scopes.is_empty()).then(|| scopes.join(" "));
    let own = plane.token();
    let request = if is_access_token(own.expose()) {
        TokenRequest {
            grant_type: TOKEN_EXCHANGE.to_owned(),
            subject_token: Some(SecretText::new(own.expose().to_owned())),
            subject_token_type: Some(ACCESS_TOKEN.to_owned()),
            scope,
            ..TokenRequest::default()
        }
    } else {
        TokenRequest {
            grant_type: "client_credentials".to_owned(),
            scope,
            ..TokenRequest::default()
        }
    };
    let answer = plane.post("/token", &request).await?;
    let issued: TokenResponse = answer.read()?;
    if plane.is_for_people() {
        output::remark(&format!(
            "It holds {} for {} s; renew it in {} s.",
            output::plain(&issued.scope),
            issued.expires_in,
            issued.refresh_in
        ));
    }
    plane.show(&answer, |issued: TokenResponse| {
        format!("{}\n", issued.access_token.expose())
    })
}

fn presented(from_env: Option<&str>, how: &str) -> Result<PresentedToken, Failure> {
    let what = "The token or access token";
    let text = secret_input::read(from_env, what, how, &ProcessEnvironment)?;
    Ok(PresentedToken {
        token: SecretText::new(text.expose().to_owned()),
        token_type_hint: None,
    })
}

fn introspection_words(told: &Introspection) -> String {
    if !told.active {
        return "It is worth nothing, or it is not for you to know.\n".to_owned();
    }
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut words = format!(
        "{} of {} ({})\nkid {}\nmay {}\n",
        if told.fam.is_some() {
            "An access token"
        } else {
            "A token"
        },
        text(&told.username),
        text(&told.sub),
        text(&told.jti),
        text(&told.scope).replace(' ', ", "),
    );
    if let (Some(family), Some(issued), Some(expires)) = (&told.fam, told.iat, told.exp) {
        words.push_str(&format!(
            "family {family}, generation {}\nissued {}, expires {}\nissuer {}\n",
            told.r#gen.unwrap_or_default(),
            moment::stamp_of_second(issued),
            moment::stamp_of_second(expires),
            text(&told.iss),
        ));
    }
    words
}

/// Runs one verb of `signing`.
pub(super) async fn signing(args: SigningArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    let answer = match args.verb {
        SigningVerb::List => plane.get("/signing", &[]).await?,
        SigningVerb::Rotate => plane.post("/signing/rotate", &RotateSigningKey {}).await?,
    };
    plane.show(&answer, |keys: SigningKeys| key_table(&keys.keys))
}

fn key_table(keys: &[SigningKey]) -> String {
    let mut table = Table::new(&["KID", "STATE", "MADE"]);
    for key in keys {
        let (state, tone) = match (key.state, key.verifies_until.as_deref()) {
            (SigningState::Active, _) => ("signs".to_owned(), Tone::Good),
            (SigningState::Retiring, until) => {
                let until = until.map(moment::stamp).unwrap_or_default();
                (format!("verifies until {until}"), Tone::Warn)
            }
        };
        let made = moment::stamp(&key.created_at);
        table.row([
            (key.kid.as_str(), Tone::Plain),
            (&state, tone),
            (&made, Tone::Plain),
        ]);
    }
    table.render()
}
