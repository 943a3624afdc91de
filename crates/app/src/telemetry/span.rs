//! A request as spans: one for the whole of it, and below it one for each wait and each attempt.

use super::otlp::{Attributes, hex, nanos, resource, scope};
use super::story::{Scene, Story};
use portunus_core::decision::Outcome;
use portunus_core::trace::Sampling;
use serde_json::{Value, json};

/// Kinds of spans, as OTLP numbers them.
const INTERNAL: u8 = 1;
const SERVER: u8 = 2;
const CLIENT: u8 = 3;

/// The status of a span that failed.
const FAILED: u8 = 2;

/// Everything for `/v1/traces`; `None` when none of these requests is to be recorded.
pub(super) fn request(stories: &[Story]) -> Option<Value> {
    let spans: Vec<Value> = stories.iter().flat_map(spans).collect();
    if spans.is_empty() {
        return None;
    }
    Some(json!({ "resourceSpans": [{
        "resource": resource(),
        "scopeSpans": [{ "scope": scope(), "spans": spans }],
    }]}))
}

fn spans(story: &Story) -> Vec<Value> {
    if story.trace.is_some_and(|t| t.sampling == Sampling::Skipped) {
        return Vec::new();
    }
    let ids = Ids::of(story);
    let mut spans = vec![whole(story, &ids)];
    let scenes = story.scenes.iter().zip(1..);
    spans.extend(scenes.map(|(scene, number)| part(story, scene, &ids, number)));
    spans
}

/// The ids of a request's spans. They follow from the request's own id, so that one leads to the other.
struct Ids {
    trace: String,
    parent: Option<String>,
    /// What the spans' ids are made of.
    seed: u64,
}

impl Ids {
    fn of(story: &Story) -> Self {
        let bytes = story.id.as_bytes();
        let (run, count) = bytes.split_first_chunk::<8>().unwrap_or((&[0; 8], bytes));
        let count = count.first_chunk::<8>().unwrap_or(&[0; 8]);
        let trace = match &story.trace {
            Some(context) => hex(&context.trace),
            None => hex(bytes),
        };
        Self {
            trace,
            parent: story.trace.map(|context| hex(&context.parent)),
            seed: u64::from_be_bytes(*run) ^ u64::from_be_bytes(*count).rotate_left(32),
        }
    }

    /// The id of the span with that number; 0 is the whole request.
    fn span(&self, number: u64) -> String {
        // The finaliser of splitmix64 (Steele, Lea, Flood 2014) maps different numbers to different ids.
        let mut mixed = self
            .seed
            .wrapping_add(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hex(&(mixed ^ (mixed >> 31)).max(1).to_be_bytes())
    }
}

fn whole(story: &Story, ids: &Ids) -> Value {
    let name = match &story.model {
        Some(model) => format!("{} {model}", story.operation()),
        None => story.operation().to_owned(),
    };
    let mut span = json!({
        "traceId": ids.trace,
        "spanId": ids.span(0),
        "name": name,
        "kind": SERVER,
        "startTimeUnixNano": nanos(story.at.as_millis(), 0),
        "endTimeUnixNano": nanos(story.at.as_millis(), story.total_us),
        "attributes": attributes(story).list(),
        "status": status(story),
    });
    if let (Some(parent), Some(span)) = (&ids.parent, span.as_object_mut()) {
        span.insert("parentSpanId".to_owned(), json!(parent));
    }
    span
}

fn attributes(story: &Story) -> Attributes {
    let mut attributes = Attributes::default()
        .text("gen_ai.operation.name", story.operation())
        .text_if("gen_ai.provider.name", story.provider())
        .text_if("gen_ai.request.model", story.model.as_deref())
        .text_if("error.type", story.error())
        .text("portunus.request.id", story.id.to_string())
        .text("portunus.endpoint", &story.endpoint)
        .text("portunus.outcome", story.outcome.as_str())
        .text_if("portunus.agent", story.agent.as_deref());
    if story.status > 0 {
        attributes = attributes.number("http.response.status_code", story.status.into());
    }
    if let Some(us) = story.first_byte_us {
        attributes = attributes.float("gen_ai.response.time_to_first_chunk", seconds(us));
    }
    if let Some(usage) = &story.usage {
        let cached = usage.cache_read.saturating_add(usage.cache_write);
        // The conventions count cached tokens into the input, and reasoning into the output.
        attributes = attributes
            .number(
                "gen_ai.usage.input_tokens",
                usage.input.saturating_add(cached),
            )
            .number("gen_ai.usage.cache_read.input_tokens", usage.cache_read)
            .number(
                "gen_ai.usage.cache_creation.input_tokens",
                usage.cache_write,
            )
            .number("gen_ai.usage.output_tokens", usage.output)
            .number("gen_ai.usage.reasoning.output_tokens", usage.reasoning);
    }
    if let Some(cost) = story.cost {
        // Billionths of a dollar are as good as microseconds times a thousand.
        attributes = attributes.float("portunus.cost_usd", seconds(cost.as_nanos()) / 1e3);
    }
    attributes
}

/// Failed is what we refused or broke off; a client's own fault and leaving are no failure of a server (HTTP spans).
fn status(story: &Story) -> Value {
    match story.outcome {
        Outcome::Refused | Outcome::BrokenOff => match &story.reason {
            Some(reason) => json!({ "code": FAILED, "message": reason }),
            None => json!({ "code": FAILED }),
        },
        Outcome::Served | Outcome::ClientFault | Outcome::ClientLeft => json!({}),
    }
}

fn part(story: &Story, scene: &Scene, ids: &Ids, number: u64) -> Value {
    let (name, kind, at_us, took_us, attributes, status) = match scene {
        Scene::Wait { at_us, took_us } => {
            let nothing = Attributes::default();
            (
                "wait for a key".to_owned(),
                INTERNAL,
                at_us,
                took_us,
                nothing,
                json!({}),
            )
        }
        Scene::Try {
            at_us,
            took_us,
            pool,
            key,
            status,
            class,
        } => {
            let failed = class != "ok";
            let mut attributes = Attributes::default()
                .text("portunus.pool", pool.as_str())
                .text("portunus.key", key.as_str())
                .text_if("error.type", failed.then_some(class));
            if let Some(status) = status {
                attributes = attributes.number("http.response.status_code", (*status).into());
            }
            let status = if failed {
                json!({ "code": FAILED, "message": class })
            } else {
                json!({})
            };
            (
                format!("attempt {pool}"),
                CLIENT,
                at_us,
                took_us,
                attributes,
                status,
            )
        }
    };
    let at_ms = story.at.as_millis();
    json!({
        "traceId": ids.trace,
        "spanId": ids.span(number),
        "parentSpanId": ids.span(0),
        "name": name,
        "kind": kind,
        "startTimeUnixNano": nanos(at_ms, *at_us),
        "endTimeUnixNano": nanos(at_ms, at_us.saturating_add(*took_us)),
        "attributes": attributes.list(),
        "status": status,
    })
}

/// Microseconds as seconds.
fn seconds(us: u64) -> f64 {
    crate::metrics::seconds(us)
}
