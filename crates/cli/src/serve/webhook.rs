//! Lets a plane tell webhooks of its alarms and of what agents notify of.

use crate::config::{ServeSettings, WebhookPriority, WebhookSettings};
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

/// Starts the webhooks that the settings name.
pub(super) fn start(
    settings: &ServeSettings,
    plane: &Plane,
    roots: &TlsRoots,
) -> Result<(), Failure> {
    if let Some(webhook) = open(&settings.alarms, plane, roots)? {
        plane.alarms().told_to(webhook);
        tracing::info!("alarms are told to a webhook");
    }
    let notifications = &settings.notifications;
    if let Some(webhook) = open(&notifications.webhook, plane, roots)? {
        let WebhookPriority(least) = notifications.webhook_min_priority;
        plane.notifications().told_to(webhook, least);
        tracing::info!("notifications are told to a webhook");
    }
    Ok(())
}

/// A webhook, if there is an address.
fn open(
    settings: &WebhookSettings,
    plane: &Plane,
    roots: &TlsRoots,
) -> Result<Option<Webhook>, Failure> {
    let (Some(url), Some(file)) = (&settings.url, &settings.secret_file) else {
        return Ok(None);
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
    tracing::info!(host = url.host(), "there is a webhook");
    Ok(Some(Webhook::start(
        courier,
        secret,
        clock,
        &Handle::current(),
    )))
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
