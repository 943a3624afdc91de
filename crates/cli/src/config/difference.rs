//! What differs between two readings of the configuration, and which of it can count without a restart.

use super::settings::{
    LogFormat, MetricsReaders, PrivateUpstreams, ServeSettings, WebhookPriority, WebhookSettings,
};
use super::webhook_url::WebhookUrl;
use portunus_app::process::{Reloaded, SettingChange};
use std::time::Duration;

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// One setting, as a reload sees it.
struct Setting {
    /// Its key in the file.
    name: &'static str,
    /// Its value in words.
    show: fn(&ServeSettings) -> String,
    /// What of it the words leave out; values are equal if both are.
    hidden: fn(&ServeSettings) -> Option<&WebhookUrl>,
    /// Takes the value over into what runs; without it the value counts after a restart.
    take: Option<fn(&mut ServeSettings, &ServeSettings)>,
}

const fn live(
    name: &'static str,
    show: fn(&ServeSettings) -> String,
    take: fn(&mut ServeSettings, &ServeSettings),
) -> Setting {
    Setting {
        name,
        show,
        hidden: |_| None,
        take: Some(take),
    }
}

const fn fixed(name: &'static str, show: fn(&ServeSettings) -> String) -> Setting {
    Setting {
        name,
        show,
        hidden: |_| None,
        take: None,
    }
}

/// An address of which the host alone is shown: what follows it may be secret.
const fn webhook(
    name: &'static str,
    of: fn(&ServeSettings) -> Option<&WebhookUrl>,
    show: fn(&ServeSettings) -> String,
) -> Setting {
    Setting {
        name,
        show,
        hidden: of,
        take: None,
    }
}

/// Every setting, in the order of the file.
const SETTINGS: &[Setting] = &[
    fixed("listen", |settings| settings.listen.to_string()),
    fixed("data_dir", |settings| {
        settings.data_dir.display().to_string()
    }),
    fixed("operator_token_file", |settings| {
        let file = settings.operator_token_file.as_ref();
        file.map_or_else(|| "none".to_owned(), |path| path.display().to_string())
    }),
    fixed("public_url", |settings| {
        let url = settings.public_url.as_ref();
        url.map_or_else(|| "none".to_owned(), |url| url.as_str().to_owned())
    }),
    fixed("log.format", |settings| match settings.log.format {
        LogFormat::Json => "json".to_owned(),
        LogFormat::Pretty => "pretty".to_owned(),
    }),
    live(
        "log.level",
        |settings| settings.log.filter.to_string(),
        |running, read| running.log.filter = read.log.filter.clone(),
    ),
    fixed("upstream.allow_private", |settings| {
        switch(settings.upstream.private == PrivateUpstreams::Allowed)
    }),
    fixed("upstream.connect_timeout_s", |settings| {
        seconds(settings.upstream.connect_timeout)
    }),
    live(
        "upstream.first_byte_timeout_s",
        |settings| seconds(settings.upstream.first_byte_timeout),
        |running, read| running.upstream.first_byte_timeout = read.upstream.first_byte_timeout,
    ),
    live(
        "upstream.answer_timeout_s",
        |settings| seconds(settings.upstream.answer_timeout),
        |running, read| running.upstream.answer_timeout = read.upstream.answer_timeout,
    ),
    live(
        "upstream.idle_timeout_s",
        |settings| seconds(settings.upstream.idle_timeout),
        |running, read| running.upstream.idle_timeout = read.upstream.idle_timeout,
    ),
    fixed("door.workers", |settings| settings.door.workers.to_string()),
    live(
        "door.body_limit_mib",
        |settings| (settings.door.body_limit / (1024 * 1024)).to_string(),
        |running, read| running.door.body_limit = read.door.body_limit,
    ),
    live(
        "drain.timeout_s",
        |settings| seconds(settings.drain_timeout),
        |running, read| running.drain_timeout = read.drain_timeout,
    ),
    live(
        "trusted_proxies",
        |settings| {
            let networks: Vec<String> = settings.trusted_proxies.networks().collect();
            if networks.is_empty() {
                "none".to_owned()
            } else {
                networks.join(", ")
            }
        },
        |running, read| running.trusted_proxies = read.trusted_proxies.clone(),
    ),
    live(
        "limits.vital_per_minute",
        |settings| settings.limits.vital.rate.to_string(),
        |running, read| running.limits.vital.rate = read.limits.vital.rate,
    ),
    live(
        "limits.vital_burst",
        |settings| settings.limits.vital.burst.to_string(),
        |running, read| running.limits.vital.burst = read.limits.vital.burst,
    ),
    live(
        "limits.control_per_minute",
        |settings| settings.limits.control.rate.to_string(),
        |running, read| running.limits.control.rate = read.limits.control.rate,
    ),
    live(
        "limits.control_burst",
        |settings| settings.limits.control.burst.to_string(),
        |running, read| running.limits.control.burst = read.limits.control.burst,
    ),
    live(
        "limits.llm_per_minute",
        |settings| settings.limits.llm.rate.to_string(),
        |running, read| running.limits.llm.rate = read.limits.llm.rate,
    ),
    live(
        "limits.llm_burst",
        |settings| settings.limits.llm.burst.to_string(),
        |running, read| running.limits.llm.burst = read.limits.llm.burst,
    ),
    live(
        "limits.unverified_per_second",
        |settings| settings.limits.unverified.rate.to_string(),
        |running, read| running.limits.unverified.rate = read.limits.unverified.rate,
    ),
    live(
        "limits.unverified_burst",
        |settings| settings.limits.unverified.burst.to_string(),
        |running, read| running.limits.unverified.burst = read.limits.unverified.burst,
    ),
    live(
        "decisions.keep_days",
        |settings| settings.decisions.days.to_string(),
        |running, read| running.decisions.days = read.decisions.days,
    ),
    live(
        "decisions.keep_mib",
        |settings| (settings.decisions.bytes >> 20).to_string(),
        |running, read| running.decisions.bytes = read.decisions.bytes,
    ),
    fixed("access_tokens.life_s", |settings| {
        (settings.access_tokens.life_ms / SECOND_MS).to_string()
    }),
    fixed("access_tokens.grace_s", |settings| {
        (settings.access_tokens.grace_ms / SECOND_MS).to_string()
    }),
    fixed("access_tokens.family_s", |settings| {
        (settings.access_tokens.family_ms / SECOND_MS).to_string()
    }),
    live(
        "messages.keep_days",
        |settings| settings.messages.keep_days.to_string(),
        |running, read| running.messages.keep_days = read.messages.keep_days,
    ),
    live(
        "messages.inbox_length",
        |settings| settings.messages.inbox_length.to_string(),
        |running, read| running.messages.inbox_length = read.messages.inbox_length,
    ),
    live(
        "messages.outbox_mib",
        |settings| settings.messages.outbox_mib.to_string(),
        |running, read| running.messages.outbox_mib = read.messages.outbox_mib,
    ),
    live(
        "push.max_connections",
        |settings| settings.push.node.to_string(),
        |running, read| running.push.node = read.push.node,
    ),
    live(
        "push.max_per_principal",
        |settings| settings.push.each.to_string(),
        |running, read| running.push.each = read.push.each,
    ),
    live(
        "sessions.idle_minutes",
        |settings| (settings.sessions.idle_ms / MINUTE_MS).to_string(),
        |running, read| running.sessions.idle_ms = read.sessions.idle_ms,
    ),
    live(
        "sessions.absolute_hours",
        |settings| (settings.sessions.absolute_ms / HOUR_MS).to_string(),
        |running, read| running.sessions.absolute_ms = read.sessions.absolute_ms,
    ),
    live(
        "metrics.public",
        |settings| switch(settings.metrics == MetricsReaders::Anybody),
        |running, read| running.metrics = read.metrics,
    ),
    fixed("telemetry.otlp_endpoint", |settings| {
        let endpoint = settings.telemetry.endpoint.as_ref();
        endpoint.map_or_else(|| "none".to_owned(), ToString::to_string)
    }),
    fixed("telemetry.otlp_headers_file", |settings| {
        let file = settings.telemetry.headers_file.as_ref();
        file.map_or_else(|| "none".to_owned(), |path| path.display().to_string())
    }),
    webhook(
        "alarms.webhook_url",
        |settings| settings.alarms.url.as_ref(),
        |settings| host(&settings.alarms),
    ),
    fixed("alarms.webhook_secret_file", |settings| {
        secret_file(&settings.alarms)
    }),
    live(
        "notifications.per_hour",
        |settings| settings.notifications.terms.per_hour.to_string(),
        |running, read| running.notifications.terms.per_hour = read.notifications.terms.per_hour,
    ),
    live(
        "notifications.burst",
        |settings| settings.notifications.terms.burst.to_string(),
        |running, read| running.notifications.terms.burst = read.notifications.terms.burst,
    ),
    live(
        "notifications.keep_days",
        |settings| settings.notifications.terms.keep_days.to_string(),
        |running, read| running.notifications.terms.keep_days = read.notifications.terms.keep_days,
    ),
    live(
        "notifications.keep_most",
        |settings| settings.notifications.terms.keep_most.to_string(),
        |running, read| running.notifications.terms.keep_most = read.notifications.terms.keep_most,
    ),
    webhook(
        "notifications.webhook_url",
        |settings| settings.notifications.webhook.url.as_ref(),
        |settings| host(&settings.notifications.webhook),
    ),
    fixed("notifications.webhook_secret_file", |settings| {
        secret_file(&settings.notifications.webhook)
    }),
    fixed("notifications.webhook_min_priority", |settings| {
        let WebhookPriority(least) = settings.notifications.webhook_min_priority;
        least.as_str().to_owned()
    }),
    live("prices", prices, |running, read| {
        running.prices.clone_from(&read.prices);
    }),
];

/// `my-model 3.00/15.00/0.30/3.75/-` for each: input, output, cache read, cache write, long cache write.
fn prices(settings: &ServeSettings) -> String {
    let entries = settings.prices.iter().map(|entry| {
        let price = &entry.price;
        let rates = [
            Some(price.input),
            price.output,
            price.cache_read,
            price.cache_write,
            price.cache_write_long,
        ];
        let rates = rates.map(|rate| rate.map_or_else(|| "-".to_owned(), |rate| rate.to_string()));
        let above = match entry.prompt_above {
            0 => String::new(),
            tokens => format!(" above {tokens}"),
        };
        format!("{}{above} {}", entry.model, rates.join("/"))
    });
    let entries: Vec<String> = entries.collect();
    if entries.is_empty() {
        "none".to_owned()
    } else {
        entries.join(", ")
    }
}

/// Without what follows the host, which may be secret.
fn host(webhook: &WebhookSettings) -> String {
    let url = webhook.url.as_ref();
    url.map_or_else(|| "none".to_owned(), |url| url.host().to_owned())
}

fn secret_file(webhook: &WebhookSettings) -> String {
    let file = webhook.secret_file.as_ref();
    file.map_or_else(|| "none".to_owned(), |path| path.display().to_string())
}

fn seconds(duration: Duration) -> String {
    duration.as_secs().to_string()
}

fn switch(on: bool) -> String {
    on.to_string()
}

/// What of `read` is not as it runs.
pub(crate) fn differences(running: &ServeSettings, read: &ServeSettings) -> Reloaded {
    let mut reloaded = Reloaded::default();
    for setting in SETTINGS {
        let (from, mut to) = ((setting.show)(running), (setting.show)(read));
        if from == to {
            if (setting.hidden)(running) == (setting.hidden)(read) {
                continue;
            }
            to.push_str(" (another path)");
        }
        let list = match setting.take {
            Some(_) => &mut reloaded.changed,
            None => &mut reloaded.needs_restart,
        };
        list.push(SettingChange {
            name: setting.name,
            from,
            to,
        });
    }
    reloaded
}

/// Takes over what can count without a restart.
pub(crate) fn take_over(running: &mut ServeSettings, read: &ServeSettings) {
    for take in SETTINGS.iter().filter_map(|setting| setting.take) {
        take(running, read);
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::{KEYS, PRICES};
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_reload_knows_every_key() {
        let keys: BTreeSet<String> = KEYS
            .iter()
            .map(|key| match key.section {
                "" => key.name.to_owned(),
                section => format!("{section}.{}", key.name),
            })
            .chain([PRICES.to_owned()])
            .collect();
        let known: BTreeSet<String> = SETTINGS.iter().map(|s| s.name.to_owned()).collect();
        assert_eq!(known, keys);
    }

    #[test]
    fn a_webhook_that_moves_on_its_host_is_told_without_its_path() {
        let mut running = crate::config::loopback_settings("data".into());
        let url = |path: &str| WebhookUrl::read(&format!("https://hooks.example/{path}")).ok();
        running.alarms.url = url("T1/canary");
        let mut read = running.clone();
        read.alarms.url = url("T1/another-canary");
        let reloaded = differences(&running, &read);
        let told = &reloaded.needs_restart[0];
        assert_eq!(told.name, "alarms.webhook_url");
        assert_eq!(told.to, "hooks.example (another path)");
        assert!(!format!("{reloaded:?}").contains("canary"));
    }

    #[test]
    fn what_cannot_be_taken_over_is_named_at_every_reload() {
        let mut running = crate::config::loopback_settings("data".into());
        let mut read = running.clone();
        read.drain_timeout = Duration::from_secs(7);
        read.listen.set_port(9);
        let reloaded = differences(&running, &read);
        assert_eq!(reloaded.changed.len(), 1);
        let change = &reloaded.changed[0];
        assert_eq!((change.name, change.to.as_str()), ("drain.timeout_s", "7"));
        assert_eq!(reloaded.needs_restart[0].name, "listen");
        take_over(&mut running, &read);
        let again = differences(&running, &read);
        assert!(again.changed.is_empty(), "{again:?}");
        assert_eq!(again.needs_restart[0].name, "listen");
    }
}
