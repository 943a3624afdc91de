//! Hands the first operator's token to a person: once, on standard output or in a file of its own.

use crate::failure::{Failure, Kind};
use crate::output;
use crate::secure_file::{self, SecureFileError};
use portunus_core::secret::Secret;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use zeroize::Zeroizing;

/// Writes the token to `file`, or prints it. The operator counts only after this has worked.
pub(super) fn hand_out(
    token: &Secret,
    file: Option<&Path>,
    address: SocketAddr,
) -> Result<(), Failure> {
    let Some(path) = file else {
        let text = Zeroizing::new(format!(
            "This is the first start. The first operator's token, shown only now:\n\n  {}\n\n\
             Sign in with it: portunus login --url {}\n",
            token.expose(),
            reachable(address),
        ));
        return output::print(&text);
    };
    let line = Zeroizing::new(format!("{}\n", token.expose()));
    secure_file::create(path, &line).map_err(|error| {
        let fix = match &error {
            // A crash between handing out and storing leaves a token that nobody can use.
            SecureFileError::Exists { path } => format!(
                "the plane has no operator yet, so what {0} holds is of no use to it: rm {0}, then start again",
                path.display()
            ),
            other => other.fix(),
        };
        Failure::new(Kind::General, format!("the first operator's token: {error}")).fix(fix)
    })?;
    tracing::info!(file = %path.display(), "wrote the first operator's token");
    Ok(())
}

/// The address as somebody on this machine would reach it.
fn reachable(address: SocketAddr) -> String {
    let ip = if address.ip().is_unspecified() {
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    } else {
        address.ip()
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_to_a_new_file_and_never_over_an_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("operator.token");
        let token = Secret::new("ptno_canary".into());
        let address: SocketAddr = "0.0.0.0:7070".parse().unwrap();
        hand_out(&token, Some(&path), address).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "ptno_canary\n");
        let refused = hand_out(&token, Some(&path), address).unwrap_err();
        assert!(refused.next_step().unwrap().contains("rm "));
        assert!(!format!("{refused:?}").contains("canary"));
        assert_eq!(reachable(address), "http://127.0.0.1:7070");
    }
}
