//! Which of a request's headers carries the credential (DESIGN "The model door"; RFC 6750 §2).
//!
//! SDKs send their key as `Authorization: Bearer` or as `x-api-key`, some send both, and often one of them is
//! another provider's key. A token of ours counts wherever it stands; two different ones are a contradiction.

use super::authenticate::AuthError;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use portunus_core::token::is_ours;

/// The headers of one request, seen as carriers of a credential.
#[derive(Clone, Copy)]
pub struct CredentialHeaders<'a>(&'a HeaderMap);

impl std::fmt::Debug for CredentialHeaders<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CredentialHeaders(..)")
    }
}

impl<'a> CredentialHeaders<'a> {
    /// Looks at `headers`.
    #[must_use]
    pub const fn of(headers: &'a HeaderMap) -> Self {
        Self(headers)
    }

    /// The one text that counts as the credential.
    pub fn credential(self) -> Result<&'a str, AuthError> {
        let mut ours: Option<&'a str> = None;
        let mut foreign = false;
        for value in self.candidates() {
            match value {
                Candidate::Text(text) if is_ours(text) => match ours {
                    Some(other) if other != text => return Err(AuthError::TwoTokens),
                    _ => ours = Some(text),
                },
                Candidate::Text(_) | Candidate::Unreadable => foreign = true,
            }
        }
        match (ours, foreign) {
            (Some(text), _) => Ok(text),
            (None, true) => Err(AuthError::Foreign),
            (None, false) => Err(AuthError::Missing),
        }
    }

    /// The only text, if it is nothing of ours: it may be a token of another system.
    #[must_use]
    pub fn only_foreign(self) -> Option<&'a str> {
        let mut all = self.candidates();
        match (all.next()?, all.next()) {
            (Candidate::Text(text), None) if !is_ours(text) => Some(text),
            _ => None,
        }
    }

    /// What counts as the credential, of whomever it is.
    #[must_use]
    pub fn any(self) -> Option<&'a str> {
        self.credential().ok().or_else(|| self.only_foreign())
    }

    /// The texts that are nothing of ours.
    pub(crate) fn foreign(self) -> impl Iterator<Item = &'a str> {
        self.candidates().filter_map(|candidate| match candidate {
            Candidate::Text(text) if !is_ours(text) => Some(text),
            Candidate::Text(_) | Candidate::Unreadable => None,
        })
    }

    fn candidates(self) -> impl Iterator<Item = Candidate<'a>> {
        let authorization = self.0.get_all(AUTHORIZATION).into_iter();
        let authorization = authorization.map(|value| {
            value
                .to_str()
                .map_or(Candidate::Unreadable, authorization_of)
        });
        let api_key = self.0.get_all("x-api-key").into_iter().map(|value| {
            value
                .to_str()
                .map_or(Candidate::Unreadable, |text| Candidate::Text(text.trim()))
        });
        authorization
            .chain(api_key)
            .filter(|candidate| !matches!(candidate, Candidate::Text(text) if is_nothing(text)))
    }
}

/// What an `Authorization` carries. `Bearer` alone is an empty credential, which an SDK without a key sends, and so is
/// `Basic` of an empty user and password, which `curl -u :` sends.
fn authorization_of(line: &str) -> Candidate<'_> {
    let (scheme, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim();
    if line.is_empty() || scheme.eq_ignore_ascii_case("bearer") {
        Candidate::Text(rest)
    } else if scheme.eq_ignore_ascii_case("basic") && (rest.is_empty() || rest == EMPTY_PAIR) {
        Candidate::Text("")
    } else {
        Candidate::Unreadable
    }
}

/// `:` in base64.
const EMPTY_PAIR: &str = "Og==";

/// Whether it says that there is no credential: nothing, or what languages write for a variable without a value.
fn is_nothing(text: &str) -> bool {
    matches!(text, "" | "undefined" | "null" | "None")
}

enum Candidate<'a> {
    /// A credential that can be read as text.
    Text(&'a str),
    /// Another scheme, or bytes that are no text: there, but not ours.
    Unreadable,
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        map
    }

    fn pick(pairs: &[(&'static str, &str)]) -> Result<String, AuthError> {
        CredentialHeaders::of(&headers(pairs))
            .credential()
            .map(str::to_owned)
    }

    #[test]
    fn our_token_counts_wherever_it_stands() {
        for pairs in [
            &[("authorization", "Bearer ptna_1")][..],
            &[("authorization", "bearer  ptna_1 ")],
            &[("x-api-key", "ptna_1")],
            &[
                ("x-api-key", "sk-other"),
                ("authorization", "Bearer ptna_1"),
            ],
            &[
                ("x-api-key", "ptna_1"),
                ("authorization", "Bearer sk-other"),
            ],
            &[("x-api-key", "ptna_1"), ("authorization", "Basic abc")],
            &[("x-api-key", "ptna_1"), ("authorization", "Bearer ptna_1")],
        ] {
            assert_eq!(pick(pairs), Ok("ptna_1".into()), "{pairs:?}");
        }
    }

    #[test]
    fn two_different_tokens_of_ours_are_a_contradiction() {
        for pairs in [
            &[("x-api-key", "ptna_1"), ("authorization", "Bearer ptna_2")][..],
            &[
                ("authorization", "Bearer ptno_1"),
                ("authorization", "Bearer ptna_2"),
            ],
            &[("x-api-key", "ptna_1"), ("x-api-key", "ptna_2")],
        ] {
            assert_eq!(pick(pairs), Err(AuthError::TwoTokens), "{pairs:?}");
        }
    }

    #[test]
    fn p2_nothing_at_all_is_missing_and_another_key_is_foreign() {
        for pairs in [
            &[][..],
            &[("authorization", "Bearer")],
            &[("authorization", "")],
            &[("x-api-key", "")],
            &[("x-api-key", "undefined")],
            &[("authorization", "Bearer undefined")],
            &[("authorization", "Bearer null"), ("x-api-key", "None")],
            &[("authorization", "Basic")],
            &[("authorization", "Basic ")],
            &[("authorization", "basic Og==")],
        ] {
            assert_eq!(pick(pairs), Err(AuthError::Missing), "{pairs:?}");
        }
        for pairs in [
            &[("authorization", "Bearer sk-other")][..],
            &[("authorization", "Basic dXNlcjpwYXNz")],
            &[("authorization", "Bearer undefined-")],
            &[("x-api-key", "sk-ant-other")],
        ] {
            assert_eq!(pick(pairs), Err(AuthError::Foreign), "{pairs:?}");
        }
    }
}
