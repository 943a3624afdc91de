//! `/metrics`: who may read it, and that what is read is what Prometheus expects.

use crate::api::Api;
use http::Method;
use portunus_app::metrics::Readers;
use portunus_app::metrics::series::{ALL, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// One line of the page: name, labels, value.
#[derive(Debug)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// Reads the page as strictly as the format allows (Prometheus' text format 0.0.4), or panics.
fn read(page: &str) -> (BTreeMap<String, String>, Vec<Sample>) {
    assert!(page.ends_with('\n'), "the last line has no end");
    let (mut kinds, mut samples) = (BTreeMap::new(), Vec::new());
    let mut current = String::new();
    for line in page.lines() {
        if let Some(head) = line.strip_prefix("# HELP ") {
            current = head.split_once(' ').expect(line).0.to_owned();
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect(line);
            assert_eq!(name, current, "TYPE does not follow its HELP");
            let known = kinds.insert(name.to_owned(), kind.to_owned());
            assert_eq!(known, None, "{name} comes twice");
        } else {
            let sample = sample(line);
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .filter(|_| kinds[&current] == "histogram")
                .find_map(|suffix| sample.name.strip_suffix(suffix))
                .unwrap_or(&sample.name);
            assert_eq!(family, current, "{line} stands under another series");
            samples.push(sample);
        }
    }
    (kinds, samples)
}

fn sample(line: &str) -> Sample {
    let (head, value) = line.rsplit_once(' ').expect(line);
    let (name, labels) = match head.split_once('{') {
        Some((name, rest)) => (name, rest.strip_suffix('}').expect(line)),
        None => (head, ""),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    assert!(name.chars().all(plain), "{line}");
    let labels = labels.split("\",").filter(|pair| !pair.is_empty());
    let labels = labels.map(|pair| {
        let (name, value) = pair.split_once("=\"").expect(line);
        assert!(name.chars().all(plain), "{line}");
        (name.to_owned(), value.trim_end_matches('"').to_owned())
    });
    Sample {
        name: name.to_owned(),
        labels: labels.collect(),
        value: value.parse().expect(line),
    }
}

#[tokio::test]
async fn the_page_holds_every_series_that_is_documented_and_no_other() {
    let api = Api::new().await;
    api.key("main").await;
    let answer = api.get("/metrics").await.is(200);
    let kind = answer.header("content-type");
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    let (kinds, samples) = read(&answer.text);
    let expected: BTreeMap<String, String> = ALL
        .iter()
        .map(|series| (series.name.to_owned(), series.kind.as_str().to_owned()))
        .collect();
    assert_eq!(kinds, expected);
    let mut seen = BTreeSet::new();
    for sample in &samples {
        let rows: Vec<_> = sample.labels.values().cloned().collect();
        assert!(seen.insert((sample.name.clone(), rows)), "{sample:?} twice");
        let series = ALL.iter().find(|series| match series.kind {
            Kind::Histogram => sample.name.starts_with(series.name),
            Kind::Counter | Kind::Gauge => sample.name == series.name,
        });
        let labels = series.expect("a series").labels.iter().copied();
        let labels: BTreeSet<&str> = labels.collect();
        let own = sample.labels.keys().map(String::as_str);
        let own: BTreeSet<&str> = own.filter(|name| *name != "le").collect();
        assert_eq!(own, labels, "{sample:?}");
    }
}

#[tokio::test]
async fn keys_are_counted_by_state_and_shown_by_label() {
    let api = Api::new().await;
    api.key("main").await;
    let (_, samples) = read(&api.get("/metrics").await.is(200).text);
    let value = |name: &str, wanted: &[(&str, &str)]| {
        let fits = |sample: &&Sample| {
            let labels = &sample.labels;
            sample.name == name && wanted.iter().all(|(name, value)| labels[*name] == *value)
        };
        samples.iter().find(fits).map(|sample| sample.value)
    };
    let pool = ("pool", "anthropic");
    assert_eq!(
        value("portunus_keys", &[pool, ("state", "ready")]),
        Some(1.0)
    );
    assert_eq!(
        value("portunus_keys", &[pool, ("state", "resting")]),
        Some(0.0)
    );
    assert_eq!(
        value("portunus_key_resting", &[pool, ("key", "main")]),
        Some(0.0)
    );
    assert_eq!(value("portunus_store_up", &[]), Some(1.0));
    assert!(value("process_resident_memory_bytes", &[]) > Some(1e6));
    assert!(value("process_open_fds", &[]) > Some(2.0));
}

#[tokio::test]
async fn whoever_reaches_the_listener_may_read_only_when_the_configuration_says_so() {
    let api = Api::new().await;
    let nobody = || api.call_as("", Method::GET, "/metrics", None);
    let refused = nobody().await.is(401);
    assert_eq!(refused.code(), "missing_credential");
    api.plane.metrics().open_to(Readers::Anybody);
    read(&nobody().await.is(200).text);
    let unknown = api.call_as("", Method::GET, "/metrics?name=x", None).await;
    assert_eq!(unknown.is(400).code(), "unknown_parameter");
    api.plane.metrics().open_to(Readers::WithScope);
    nobody().await.is(401);
}
