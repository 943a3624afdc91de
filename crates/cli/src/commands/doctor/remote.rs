//! What a plane says of itself, and whether its upstreams answer; their clocks tell whether this one is right.

use super::{Finding, Verdict};
use crate::args::Reach;
use crate::client::{Wanted, http_client};
use crate::commands::plane::{Plane, typed};
use crate::failure::Failure;
use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::Full;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use portunus_api::List;
use portunus_api::alarms::Alarm;
use portunus_api::keys::Key;
use portunus_api::pools::Pool;
use portunus_api::status::{PoolSummary, Status, StoreCondition};
use portunus_client::Lost;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout;

/// How long an upstream may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// A clock that is further off than this misjudges when limits end, in seconds.
const SKEW_S: i64 = 5;

/// Every look at the plane.
pub(super) async fn look(reach: &Reach) -> Vec<Finding> {
    let plane = match Plane::reach(reach) {
        Ok(plane) => plane,
        Err(failure) => return vec![Finding::of("plane", Verdict::Skipped, &failure)],
    };
    let status: Status = match ask(&plane).await {
        Ok(status) => status,
        Err(failure) => return vec![Finding::of("plane", Verdict::Fail, &failure)],
    };
    let mut findings = vec![of_plane(&plane, &status)];
    findings.push(alarms(&plane).await);
    findings.extend(status.pools.iter().map(keys));
    match origins(&plane).await {
        Ok(origins) => {
            let mut skews = Vec::new();
            for (origin, missed) in origins {
                let found = upstream(&origin, &mut skews).await;
                findings.push(as_the_plane_found(found, &origin, missed));
            }
            findings.push(clock(&skews));
        }
        Err(failure) => findings.push(Finding::of("upstreams", Verdict::Skipped, &failure)),
    }
    findings
}

async fn ask(plane: &Plane) -> Result<Status, Failure> {
    plane.get("/status", &[]).await?.read()
}

fn of_plane(plane: &Plane, status: &Status) -> Finding {
    const CHECK: &str = "plane";
    // Numbers of another machine: they may be anything.
    let decisions = &status.decisions;
    let of_requests = decisions.lost.saturating_add(decisions.usage_lost);
    let lost = status.lost_writes.saturating_add(of_requests);
    if status.store == StoreCondition::Unavailable {
        return Finding::new(CHECK, Verdict::Fail, "its database does not answer")
            .fix("look at its disk: agents are served meanwhile, changes are refused");
    }
    if lost > 0 {
        let detail = format!("{lost} records were lost while the database did not answer");
        return Finding::new(CHECK, Verdict::Warn, detail).fix("look at its log and its disk");
    }
    Finding::ok(CHECK, format!("{} runs {}", plane.url(), status.version))
}

/// Whether something waits for a person.
async fn alarms(plane: &Plane) -> Finding {
    const CHECK: &str = "alarms";
    let open = [("state", "open".to_owned()), ("limit", "1000".to_owned())];
    let listed = match plane.get("/alarms", &open).await {
        Ok(answer) => answer.read::<List<Alarm>>(),
        Err(failure) => Err(failure),
    };
    match listed {
        Err(failure) => Finding::of(CHECK, Verdict::Skipped, &failure),
        Ok(list) if list.items.is_empty() => Finding::ok(CHECK, "none is open"),
        Ok(list) => {
            let detail = format!("{} are open", list.items.len());
            Finding::new(CHECK, Verdict::Warn, detail)
                .fix("portunus alarms list --open, then portunus alarms ack ID")
        }
    }
}

fn keys(pool: &PoolSummary) -> Finding {
    let check = format!("pool {}", pool.pool);
    let name = &pool.pool;
    if pool.keys == 0 {
        return Finding::new(&check, Verdict::Warn, "it has no key")
            .fix(format!("portunus keys add --pool {name} --label NAME"));
    }
    let detail = format!(
        "{} ready, {} resting, {} quarantined, {} disabled",
        pool.ready, pool.resting, pool.quarantined, pool.disabled
    );
    let look = format!("portunus keys status --pool {name}");
    if pool.ready == 0 && pool.resting == 0 {
        return Finding::new(&check, Verdict::Fail, detail).fix(look);
    }
    if pool.quarantined > 0 || pool.ready == 0 {
        return Finding::new(&check, Verdict::Warn, detail).fix(look);
    }
    Finding::ok(&check, detail)
}

/// Where requests go: the origins that enabled keys use, each once, and why the plane did not reach it where that is so.
async fn origins(plane: &Plane) -> Result<BTreeMap<String, Option<String>>, Failure> {
    let pools: List<Pool> = plane.get("/pools", &[]).await?.read()?;
    let keys: List<Key> = typed(plane.list("/keys", &[], &Wanted::ALL).await?)?;
    Ok(used(&pools.items, &keys.items))
}

/// A key's own address comes before that of its pool.
fn used(pools: &[Pool], keys: &[Key]) -> BTreeMap<String, Option<String>> {
    let base_url = |key: &Key| {
        let pool = pools.iter().find(|pool| pool.name == key.pool);
        let own = key.base_url.clone();
        own.or_else(|| pool.map(|pool| pool.base_url.clone()))
    };
    let mut used = BTreeMap::new();
    for key in keys.iter().filter(|key| key.enabled) {
        let Some(base_url) = base_url(key) else {
            continue;
        };
        let missed = key.unreachable.as_ref().map(|missed| missed.why.clone());
        let known: &mut Option<String> = used.entry(origin(base_url)).or_default();
        *known = known.take().or(missed);
    }
    used
}

/// What answers here may not answer the plane, or may not be called by it.
fn as_the_plane_found(found: Finding, origin: &str, missed: Option<String>) -> Finding {
    match missed {
        Some(why) if found.verdict == Verdict::Ok => {
            let detail =
                format!("{origin} answers here; the plane's last call did not reach it: {why}");
            Finding::new(&found.check, Verdict::Warn, detail).fix(
                "`portunus keys status` tells since when; the next call that reaches it ends this",
            )
        }
        _ => found,
    }
}

/// Scheme, host and port.
fn origin(base_url: String) -> String {
    let uri: Option<Uri> = base_url.parse().ok();
    let origin = uri.and_then(|uri| Some(format!("{}://{}", uri.scheme()?, uri.authority()?)));
    origin.unwrap_or(base_url)
}

/// Any answer will do: it shows that name, route, TLS and server work. No credential is sent.
async fn upstream(origin: &str, skews: &mut Vec<i64>) -> Finding {
    const CHECK: &str = "upstream";
    let failed = |why: String| {
        Finding::new(CHECK, Verdict::Fail, format!("{origin}: {why}"))
            .fix("check the name, the route, the proxy and the certificates from this machine")
    };
    let client = match origin.parse().map(http_client) {
        Ok(Ok(client)) => client,
        Ok(Err(failure)) => return failed(failure.detail().to_owned()),
        Err(error) => return failed(format!("its address {error}")),
    };
    let Ok(request) = Request::get(origin).body(Full::<Bytes>::default()) else {
        return failed("it is no address".to_owned());
    };
    match timeout(PATIENCE, client.request(request)).await {
        Err(_) => failed(format!("no answer within {} s", PATIENCE.as_secs())),
        Ok(Err(error)) => failed(Lost::of(&error).to_string()),
        Ok(Ok(answer)) => {
            let date = answer.headers().get(http::header::DATE);
            let date = date.and_then(|date| date.to_str().ok());
            skews.extend(date.and_then(behind));
            Finding::ok(CHECK, format!("{origin} answers"))
        }
    }
}

/// By how many seconds this machine's clock is before another's.
fn behind(date: &str) -> Option<i64> {
    let theirs = DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(Timestamp::now().as_second() - theirs.as_second())
}

/// One upstream may be wrong; what most of them say counts.
fn clock(skews: &[i64]) -> Finding {
    const CHECK: &str = "clock";
    let mut skews = skews.to_vec();
    skews.sort_unstable();
    match skews.get(skews.len() / 2) {
        None => Finding::new(CHECK, Verdict::Skipped, "no upstream told its time"),
        Some(skew) if skew.abs() <= SKEW_S => Finding::ok(CHECK, "agrees with the upstreams'"),
        Some(skew) => {
            let way = if *skew > 0 { "ahead of" } else { "behind" };
            let detail = format!("{} s {way} the upstreams'", skew.abs());
            Finding::new(CHECK, Verdict::Fail, detail)
                .fix("synchronise it (timedatectl set-ntp true): limits end at the provider's time")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_clock_is_judged_by_what_most_upstreams_say() {
        assert_eq!(clock(&[]).verdict, Verdict::Skipped);
        assert_eq!(clock(&[0, 1, 4_000]).verdict, Verdict::Ok);
        assert_eq!(clock(&[-90, -91, 0]).verdict, Verdict::Fail);
        assert!(clock(&[-90, -91, -90]).detail.contains("90 s behind"));
    }

    #[test]
    fn a_pool_without_a_usable_key_has_to_be_mended() {
        let pool = |ready, resting, quarantined| PoolSummary {
            pool: "anthropic".to_owned(),
            keys: ready + resting + quarantined,
            ready,
            resting,
            quarantined,
            disabled: 0,
            unreachable: 0,
            waiting: 0,
            ready_at: None,
        };
        assert_eq!(keys(&pool(0, 0, 0)).verdict, Verdict::Warn);
        assert_eq!(keys(&pool(0, 0, 2)).verdict, Verdict::Fail);
        assert_eq!(keys(&pool(0, 2, 0)).verdict, Verdict::Warn);
        assert_eq!(keys(&pool(1, 2, 0)).verdict, Verdict::Ok);
        let absurd = PoolSummary {
            ready: u64::MAX,
            resting: u64::MAX,
            ..pool(1, 2, 0)
        };
        assert_eq!(keys(&absurd).verdict, Verdict::Ok);
    }

    #[test]
    fn origins_are_those_of_enabled_keys_and_each_is_met_once() {
        let pool = |name: &str, base_url: &str| -> Pool {
            serde_json::from_value(json!({
                "id": "pool_1", "name": name, "protocol": "anthropic", "base_url": base_url,
                "max_wait_ms": 0, "fallback": null, "created_at": "2026-11-22T09:00:00Z",
            }))
            .unwrap()
        };
        let key = |pool: &str, base_url: Option<&str>, enabled: bool| -> Key {
            serde_json::from_value(json!({
                "id": "key_1", "pool": pool, "label": "a", "priority": 0, "base_url": base_url,
                "fingerprint": "", "enabled": enabled, "quarantine": null, "created_at": "2026-11-22T09:00:00Z",
            }))
            .unwrap()
        };
        let pools = [
            pool("anthropic", "https://api.example/a"),
            pool("openai", "https://away.example"),
            pool("unused", "https://unused.example"),
        ];
        let keys = [
            key("anthropic", None, true),
            key("anthropic", Some("https://api.example/b"), true),
            key("openai", Some("http://10.0.0.1:8080/v1"), true),
            key("openai", None, false),
        ];
        let found: Vec<String> = used(&pools, &keys).into_keys().collect();
        assert_eq!(found, ["http://10.0.0.1:8080", "https://api.example"]);
    }

    #[test]
    fn what_answers_here_and_not_the_plane_is_a_warning() {
        let found = |missed: Option<&str>| {
            let answers = Finding::ok("upstream", "http://127.0.0.1:1 answers");
            as_the_plane_found(answers, "http://127.0.0.1:1", missed.map(str::to_owned))
        };
        assert_eq!(found(None).verdict, Verdict::Ok);
        let missed = found(Some("it may not be called"));
        assert_eq!(missed.verdict, Verdict::Warn);
        assert!(
            missed.detail.contains("it may not be called"),
            "{}",
            missed.detail
        );
    }

    #[test]
    fn dates_of_http_are_read() {
        assert!(behind("Sun, 06 Nov 1994 08:49:37 GMT").is_some_and(|s| s > 0));
        assert_eq!(behind("yesterday"), None);
    }
}
