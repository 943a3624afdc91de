//! Words that look like a secret. Arguments can be seen by other users of a machine and become part of addresses,
//! which are logged; so such a word is refused before anything is sent, whatever place it stands in.

use crate::failure::{Failure, Kind};
use std::ffi::OsString;

/// What a word looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looks {
    Token,
    ProviderKey,
}

/// The refusal of the first word that looks like a secret. The word is not repeated.
pub(super) fn refuse(words: &[OsString]) -> Result<(), Failure> {
    let found = words
        .iter()
        .filter_map(|word| word.to_str())
        .find_map(looks);
    let Some(looks) = found else { return Ok(()) };
    let (what, fix) = match looks {
        Looks::Token => (
            "a token",
            "a token goes to `portunus login` on standard input; to name one, give the kid: portunus tokens list",
        ),
        Looks::ProviderKey => (
            "a provider key",
            "give secrets on standard input or by --from-env NAME; to name a key, give POOL:LABEL: portunus keys list",
        ),
    };
    let detail = format!(
        "an argument looks like {what}; nothing was sent, and it is not repeated here. \
         Other users may have seen it, so replace that secret"
    );
    Err(Failure::new(Kind::Usage, detail).fix(fix))
}

/// Looks at the word and at what follows a `=` or a `:` in it, as in `--label=...` and `POOL:...`.
fn looks(word: &str) -> Option<Looks> {
    word.split(['=', ':'])
        .map(|part| part.trim_start_matches(|c: char| c == '-' || c.is_whitespace()))
        .find_map(|part| {
            let opens = |prefix: &str| part.starts_with(prefix);
            if ["ptna_", "ptno_", "ptnd_", "ptns_", "eyJ"]
                .into_iter()
                .any(opens)
            {
                Some(Looks::Token)
            } else if opens("sk-") {
                Some(Looks::ProviderKey)
            } else {
                None
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(words: &str) -> Option<Failure> {
        let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
        refuse(&words).err()
    }

    #[test]
    fn p11_a_secret_in_any_place_is_refused_without_being_repeated() {
        for words in [
            "tokens revoke ptna_canary",
            "token inspect eyJcanary",
            "tokens rotate ptno_canary",
            "tokens list --agent ptnd_canary",
            "agents create ptna_canary",
            "agents show ptna_canary",
            "agents delete ptna_canary",
            "keys remove sk-ant-canary",
            "keys remove anthropic:sk-ant-canary",
            "keys clear ptna_canary",
            "keys add --pool anthropic --label sk-canary",
            "keys add --pool anthropic --label=sk-canary",
            "keys set anthropic:a -sk-canary",
            "pools set sk-canary --max-wait 0",
            "audit list --subject sk-canary",
        ] {
            let refused = refused(words).unwrap_or_else(|| panic!("{words}"));
            assert!(!format!("{refused:?}").contains("canary"), "{words}");
        }
    }

    #[test]
    fn names_and_addresses_are_no_secrets() {
        for words in [
            "tokens revoke 0Abc123",
            "keys add --pool anthropic --label risk-1",
            "keys set anthropic:task-sk --base-url http://127.0.0.1:9/sk-x",
            "agents create desk-bot",
        ] {
            assert!(refused(words).is_none(), "{words}");
        }
    }
}
