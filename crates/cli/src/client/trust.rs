//! Whose certificate is believed: pins from the environment or from what was saved, and what to do about a stranger.

use super::credentials::Credentials;
use super::target::BaseUrl;
use crate::config::Environment;
use crate::failure::{Failure, Kind};
use portunus_client::{Lost, Pin};

/// The pins in `PORTUNUS_PIN`, commas between them; none when it is not set.
pub(crate) fn pins_told(environment: &dyn Environment) -> Result<Option<Vec<Pin>>, Failure> {
    let Some(told) = environment.variable("PORTUNUS_PIN") else {
        return Ok(None);
    };
    let told = told.to_string_lossy();
    let pins = told.split(',').map(str::trim);
    let pins: Result<Vec<Pin>, _> = pins
        .filter(|text| !text.is_empty())
        .map(str::parse)
        .collect();
    pins.map(Some).map_err(|error| {
        Failure::new(Kind::Usage, format!("PORTUNUS_PIN {error}"))
            .fix("openssl x509 -in cert.pem -noout -fingerprint -sha256 shows the digits")
    })
}

/// The pins that were saved for this address and for no other.
pub(crate) fn pins_saved(saved: Option<&Credentials>, url: &BaseUrl) -> Vec<Pin> {
    saved
        .filter(|saved| saved.url == *url)
        .map(|saved| saved.pins.clone())
        .unwrap_or_default()
}

/// What to do when somebody else may be there than who is meant; `typed` is what a person types to pin what it is given.
pub(crate) fn remedy(lost: &Lost, typed: impl Fn(&str) -> String) -> Option<String> {
    const LOOK: &str = "openssl x509 -in cert.pem -noout -fingerprint -sha256";
    match lost {
        Lost::NotTrusted { shown, .. } => Some(format!(
            "name whoever signed it with SSL_CERT_FILE; or, if this is the plane's own certificate ({LOOK}), pin it: {}",
            typed(&shown.to_string())
        )),
        // Who is there now may be anybody: the digits are left to the person.
        Lost::NotPinned(_) => Some(format!(
            "compare with the plane's own ({LOOK}); if it has another one now, give that: {}",
            typed("DIGITS")
        )),
        _ => None,
    }
}
