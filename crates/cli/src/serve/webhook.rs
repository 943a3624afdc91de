//! Lets a plane tell a webhook of its alarms.

use crate::config::ServeSettings;
use crate::failure::{Failure, Kind};
use crate::secure_file;
use portunus_app::Plane;
use portunus_app::clock::SystemClock;
use portunus_app::webhook::{Webhook, WebhookSecret};
use portunus_proxy::{TlsRoots, Upstream, WebhookCourier};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Starts the webhook that the settings name, if they do.
pub(super) fn start(
    settings: &ServeSettings,
    plane: &Plane,
    roots: &TlsRoots,
) -> Result<(), Failure> {
    let alarms = &settings.alarms;
    let (Some(url), Some(file)) = (&alarms.webhook_url, &alarms.webhook_secret_file) else {
        return Ok(());
    };
    let secret = read_secret(file)?;
    let policy = *plane.upstream_policy();
    let upstream = Upstream::new(roots, policy, CONNECT_TIMEOUT);
    let courier = WebhookCourier::new(upstream, &policy, url.as_str()).map_err(|error| {
        let detail = format!("`webhook_url` cannot be called: {error}");
        Failure::new(Kind::Usage, detail)
            .fix("name an https address; loopback and private ones need `allow_private = true` under [upstream]")
    })?;
    let (courier, clock) = (Arc::new(courier), Arc::new(SystemClock));
    let webhook = Webhook::start(courier, secret, clock, &Handle::current());
    plane.alarms().told_to(webhook);
    tracing::info!(host = url.host(), "alarms are told to a webhook");
    Ok(())
}

fn read_secret(file: &Path) -> Result<WebhookSecret, Failure> {
    let fix = "write whsec_ and base64 of 32 random bytes into a file that only this user may read";
    let text = secure_file::read(file).map_err(|error| {
        let fix = error.fix();
        Failure::new(Kind::General, error.to_string()).fix(fix)
    })?;
    let told =
        |what: &str| Failure::new(Kind::Usage, format!("{}: {what}", file.display())).fix(fix);
    let text = text.ok_or_else(|| told("there is no such file"))?;
    WebhookSecret::read(&text).map_err(|error| told(&error.to_string()))
}
