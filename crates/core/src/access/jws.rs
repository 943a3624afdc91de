//! The outer form of an access token: a compact JWS (RFC 7515) whose header is one of ours, byte for byte.
//!
//! A header is never interpreted. It must be exactly what a key of this plane writes, so that no other algorithm, no
//! foreign key and no further parameter (`alg: none`, `jku`, `jwk`, `crit`) has a way in (RFC 8725 §3.1).

use super::signing::SigningKeyId;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Most characters of an access token; ours have about 600 and at most about 2,600.
pub const MAX_TOKEN_CHARS: usize = 4_096;

/// How each header begins in base64url, as far as all planes write the same: `{"typ":"at+jwt","alg":"EdDSA","kid":"si`.
const PREFIX: &str = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6InNp";

/// Characters of a signature: 64 bytes.
const SIGNATURE_CHARS: usize = 86;

/// The header that a key writes, in base64url.
#[must_use]
pub fn header(key: SigningKeyId) -> String {
    URL_SAFE_NO_PAD.encode(format!(r#"{{"typ":"at+jwt","alg":"EdDSA","kid":"{key}"}}"#))
}

/// Whether a text looks like an access token of a plane. JWTs of other issuers, which clients send beside a token of
/// ours, do not.
#[must_use]
pub fn is_access_token(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// What is signed: the header and the claims.
#[must_use]
pub fn signing_input(header: &str, claims: &[u8]) -> String {
    let mut text = String::with_capacity(header.len() + claims.len() * 4 / 3 + SIGNATURE_CHARS + 4);
    text.push_str(header);
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut text);
    text
}

/// The whole token.
#[must_use]
pub fn compact(mut signing_input: String, signature: &[u8]) -> String {
    signing_input.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut signing_input);
    signing_input
}

/// Bytes as JWKs have them.
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A text that has the form of an access token. Nothing of it is proven.
#[derive(Debug)]
pub struct Jws<'a> {
    /// The header in base64url, to be compared.
    pub header: &'a str,
    /// What the signature is over.
    pub signing_input: &'a str,
    /// The claims as JSON.
    pub claims: Vec<u8>,
    /// The signature.
    pub signature: [u8; 64],
}

/// Reads the form: three parts in strict base64url, none too long. `None` when it is another one.
#[must_use]
pub fn read(text: &str) -> Option<Jws<'_>> {
    if text.len() > MAX_TOKEN_CHARS {
        return None;
    }
    let (signing_input, signature) = text.rsplit_once('.')?;
    let (header, claims) = signing_input.split_once('.')?;
    if signature.len() != SIGNATURE_CHARS || claims.contains('.') {
        return None;
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    Some(Jws {
        header,
        signing_input,
        claims: URL_SAFE_NO_PAD.decode(claims).ok()?,
        signature: signature.try_into().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_of_ours_begins_with_the_prefix() {
        for byte in [0, 7, 255] {
            let id = SigningKeyId::from_bytes([byte; 16]);
            assert!(is_access_token(&header(id)), "{}", header(id));
        }
        assert!(!is_access_token(
            "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.e30.c2ln"
        ));
    }

    #[test]
    fn a_token_reads_back_and_another_form_does_not() {
        let head = header(SigningKeyId::from_bytes([1; 16]));
        let text = compact(signing_input(&head, b"{}"), &[9; 64]);
        let read_back = read(&text).unwrap();
        assert_eq!(
            (read_back.header, read_back.claims.as_slice()),
            (head.as_str(), &b"{}"[..])
        );
        assert_eq!(read_back.signature, [9; 64]);
        let cut = &text[..text.len() - 1];
        let padded = format!("{text}=");
        let twice = format!("{text}.{}", "A".repeat(SIGNATURE_CHARS));
        let long = compact(signing_input(&head, &[b' '; MAX_TOKEN_CHARS]), &[9; 64]);
        // The last character holds two bits beyond the signature; they must be zero.
        let loose = format!("{cut}R");
        for hostile in [
            cut, &padded, &twice, &long, &loose, "", "..", "a.b", "a.b.c",
        ] {
            assert!(read(hostile).is_none(), "{hostile}");
        }
    }

    proptest::proptest! {
        #[test]
        fn hostile_text_is_read_without_a_panic(text in ".{0,200}") {
            let _ = read(&text);
        }
    }
}
