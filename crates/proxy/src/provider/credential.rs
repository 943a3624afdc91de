//! The credential of one attempt: the headers that carry a key upstream, in the place of any that the client sent.

use super::fields::Fields;
use http::header::{AUTHORIZATION, InvalidHeaderValue};
use http::{HeaderName, HeaderValue};
use portunus_core::provider_key::Protocol;
use portunus_core::secret::Secret;

static API_KEY: HeaderName = HeaderName::from_static("x-api-key");
static SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
static BETA: HeaderName = HeaderName::from_static("anthropic-beta");
/// What a subscription's access token needs beside it.
const OAUTH_BETA: &str = "oauth-2025-04-20";

/// See the module. Its values are marked sensitive, so that no log shows them.
#[derive(Clone, Debug)]
pub struct Credential {
    carrier: &'static HeaderName,
    key: HeaderValue,
    /// The client's list of betas with the one that a subscription needs.
    betas: Option<HeaderValue>,
}

impl Credential {
    /// `x-api-key` for an Anthropic API key, else a bearer; `client` are the headers beside which it will stand.
    ///
    /// # Errors
    /// When the secret cannot stand in a header.
    pub fn new(
        protocol: Protocol,
        client: &Fields,
        secret: &Secret,
    ) -> Result<Self, InvalidHeaderValue> {
        let secret = secret.expose().trim();
        let subscription = secret.starts_with("sk-ant-oat");
        let is_anthropic = protocol == Protocol::Anthropic;
        let (carrier, mut key) = if is_anthropic && !subscription {
            (&API_KEY, HeaderValue::from_str(secret)?)
        } else {
            let bearer = Secret::new(["Bearer ", secret].concat());
            (&AUTHORIZATION, HeaderValue::from_str(bearer.expose())?)
        };
        key.set_sensitive(true);
        let betas = if is_anthropic && subscription {
            with_oauth(client)?
        } else {
            None
        };
        Ok(Self {
            carrier,
            key,
            betas,
        })
    }

    /// What a message of a webhook is signed with.
    ///
    /// # Errors
    /// When it cannot stand in a header.
    pub fn signature(text: &str) -> Result<Self, InvalidHeaderValue> {
        let mut key = HeaderValue::from_str(text)?;
        key.set_sensitive(true);
        Ok(Self {
            carrier: &SIGNATURE,
            key,
            betas: None,
        })
    }

    /// The headers to be sent.
    pub fn headers(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        let betas = self.betas.as_ref().map(|betas| (&BETA, betas));
        std::iter::once((self.carrier, &self.key)).chain(betas)
    }

    /// Whether a header of the client's is not to be sent beside it.
    #[must_use]
    pub fn replaces(&self, name: &str) -> bool {
        let replaced = [&AUTHORIZATION, &API_KEY];
        replaced.iter().any(|one| *one == name) || (self.betas.is_some() && BETA == name)
    }
}

/// The client's list of betas with the one of subscriptions; `None` when it is in there.
fn with_oauth(client: &Fields) -> Result<Option<HeaderValue>, InvalidHeaderValue> {
    let lists: Vec<&str> = client
        .all(BETA.as_str())
        .filter_map(|value| std::str::from_utf8(value).ok())
        .collect();
    let there = lists
        .iter()
        .flat_map(|list| list.split(','))
        .any(|beta| beta.trim() == OAUTH_BETA);
    if there {
        return Ok(None);
    }
    let mut all = lists.join(",");
    if !all.is_empty() {
        all.push(',');
    }
    all.push_str(OAUTH_BETA);
    HeaderValue::from_str(&all).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in pairs {
            fields.push(name, value.as_bytes());
        }
        fields
    }

    fn credential(protocol: Protocol, client: &Fields, secret: &str) -> Credential {
        Credential::new(protocol, client, &Secret::new(secret.to_owned())).unwrap()
    }

    fn sent(client: &Fields, credential: &Credential) -> Vec<(String, String)> {
        let own = credential.headers();
        let own = own.map(|(name, value)| (name.as_str(), value.as_bytes()));
        let all = client
            .iter()
            .filter(|(name, _)| !credential.replaces(name))
            .chain(own);
        let text = |value| String::from_utf8_lossy(value).into_owned();
        all.map(|(name, value)| (name.to_owned(), text(value)))
            .collect()
    }

    #[test]
    fn exactly_one_credential_goes_upstream() {
        let client = fields(&[("authorization", "Bearer other"), ("x-api-key", "other")]);
        let anthropic = credential(Protocol::Anthropic, &client, "sk-ant-api03-k");
        let expected = ("x-api-key".to_owned(), "sk-ant-api03-k".to_owned());
        assert_eq!(sent(&client, &anthropic), [expected]);
        let openai = credential(Protocol::OpenAi, &client, "sk-proj-k");
        let expected = ("authorization".to_owned(), "Bearer sk-proj-k".to_owned());
        assert_eq!(sent(&client, &openai), [expected]);
        assert!(openai.headers().all(|(_, value)| value.is_sensitive()));
        let signature = Credential::signature("v1,canary").unwrap();
        assert!(signature.headers().all(|(_, value)| value.is_sensitive()));
        assert!(!format!("{signature:?}").contains("canary"));
        let two_lines = Secret::new("a\nb".to_owned());
        assert!(Credential::new(Protocol::OpenAi, &client, &two_lines).is_err());
    }

    #[test]
    fn a_subscription_gets_its_beta_once_and_an_api_key_never() {
        for (client, expected) in [
            (&[][..], "oauth-2025-04-20"),
            (&[("anthropic-beta", "a, b")], "a, b,oauth-2025-04-20"),
            (
                &[("anthropic-beta", "a"), ("anthropic-beta", "b")],
                "a,b,oauth-2025-04-20",
            ),
            (
                &[("anthropic-beta", "oauth-2025-04-20,a")],
                "oauth-2025-04-20,a",
            ),
        ] {
            let client = fields(client);
            let subscription = credential(Protocol::Anthropic, &client, "sk-ant-oat01-k");
            let headers = sent(&client, &subscription);
            let value = |wanted: &str| {
                let mut values = headers.iter().filter(|(name, _)| name == wanted);
                (values.next().unwrap().1.as_str(), values.count())
            };
            assert_eq!(value("anthropic-beta"), (expected, 0));
            assert_eq!(value("authorization"), ("Bearer sk-ant-oat01-k", 0));
            let api_key = credential(Protocol::Anthropic, &client, "sk-ant-api03-k");
            assert_eq!(sent(&client, &api_key).len(), client.len() + 1);
        }
    }
}
