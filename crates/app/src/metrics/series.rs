//! Every series of `/metrics`: its name, what it counts, and its labels. `docs/metrics.md` says the same to people.

/// What a series is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Grows, and starts at zero with the process.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Durations by bucket.
    Histogram,
}

impl Kind {
    /// As the text format calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Series {
    /// Its name, with the unit at the end.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// The names of its labels, in order.
    pub labels: &'static [&'static str],
    /// What it says, in one sentence.
    pub help: &'static str,
}

macro_rules! series {
    ($($constant:ident = $name:literal, $kind:ident, $labels:expr, $help:literal;)*) => {
        $(pub(super) const $constant: Series = Series {
            name: $name,
            kind: Kind::$kind,
            labels: &$labels,
            help: $help,
        };)*

        /// All of them, in the order of the page.
        pub const ALL: &[Series] = &[$($constant),*];
    };
}

series! {
    BUILD_INFO = "portunus_build_info", Gauge, ["version"], "Always 1; the version is the label.";
    REQUESTS = "portunus_requests_total", Counter, ["endpoint", "pool", "outcome", "status_class"], "Requests of agents that are over.";
    REQUESTS_IN_FLIGHT = "portunus_requests_in_flight", Gauge, [], "Requests of agents that have begun and are not over, open streams among them.";
    CONNECTIONS = "portunus_connections_open", Gauge, [], "Connections that clients hold, idle ones too.";
    PUSH_CONNECTIONS = "portunus_push_connections_open", Gauge, [], "Connections that stay open, of clients that are known.";
    PUSH_EVENTS = "portunus_push_events_total", Counter, [], "Events that were sent over connections that stay open.";
    PUSH_CUT_OFF = "portunus_push_cut_off_total", Counter, [], "Connections that were cut off, because their client neither read nor answered.";
    REQUEST_DURATION = "portunus_request_duration_seconds", Histogram, ["endpoint", "pool"], "From a request's arrival to the end of its answer.";
    FIRST_BYTE = "portunus_first_byte_seconds", Histogram, ["endpoint", "pool"], "From a request's arrival to the first byte of its answer.";
    WAIT = "portunus_wait_seconds", Histogram, ["pool"], "How long those requests stood in the queue that had to.";
    ATTEMPTS = "portunus_attempts_total", Counter, ["pool", "class"], "Requests to upstreams, by what their answers were taken for.";
    TOKENS = "portunus_tokens_total", Counter, ["pool", "kind"], "Tokens used; each is counted in one kind.";
    REASONING_TOKENS = "portunus_reasoning_tokens_total", Counter, ["pool"], "The part of the output tokens that was spent on reasoning.";
    USAGE_ESTIMATED = "portunus_usage_estimated_total", Counter, ["pool"], "Requests whose tokens were estimated, because the answer ended before the provider counted.";
    COST = "portunus_cost_usd_total", Counter, ["pool"], "What requests cost by the price table, in US dollars.";
    UNPRICED = "portunus_unpriced_requests_total", Counter, ["pool"], "Requests that used tokens of a model that has no price.";
    KEYS = "portunus_keys", Gauge, ["pool", "state"], "Provider keys by how they stand.";
    KEY_RESTING = "portunus_key_resting", Gauge, ["pool", "key"], "1 while a window of the key rests, else 0.";
    KEY_RESTS_UNTIL = "portunus_key_rests_until_timestamp_seconds", Gauge, ["pool", "key"], "When the last rest of the key ends, in Unix time; absent while none does.";
    KEY_IN_FLIGHT = "portunus_key_in_flight", Gauge, ["pool", "key"], "Requests that the key serves at present.";
    KEY_UTILIZATION = "portunus_key_utilization_ratio", Gauge, ["pool", "key"], "The fullest window of the key, 1 when it is spent; absent until an answer told.";
    QUEUE_LENGTH = "portunus_queue_length", Gauge, ["pool"], "Requests that wait for a key.";
    QUEUE_OLDEST_WAIT = "portunus_queue_oldest_wait_seconds", Gauge, ["pool"], "How long the longest of them has waited.";
    BUDGET_SPENT = "portunus_budget_spent_ratio", Gauge, ["scope", "subject", "quantity"], "How much of a budget is spent or reserved, 1 when all; of a budget of every agent, for the one that used most. The 200 fullest.";
    AUTHENTICATIONS = "portunus_authentications_total", Counter, ["outcome"], "Credentials by outcome: accepted, missing, rejected.";
    TOKEN_READS = "portunus_token_reads_total", Counter, [], "Tokens that were looked up in the database because memory did not have them; a made-up one never is.";
    LIMITED = "portunus_limited_total", Counter, ["class"], "Requests that were turned away because a principal's quota was used up, or because too many came that prove nobody.";
    SOURCES_PENALISED = "portunus_sources_penalised", Gauge, [], "Sources that have a penalty because of credentials that failed.";
    ALARMS_OPEN = "portunus_alarms_open", Gauge, [], "Alarms that nobody has acknowledged.";
    WEBHOOK_MESSAGES = "portunus_webhook_messages_total", Counter, ["outcome"], "Messages of the webhooks by what became of them: delivered, lost.";
    AGENTS = "portunus_agents", Gauge, ["status"], "Agents that exist, by how they stand.";
    HEARTBEATS = "portunus_heartbeats_total", Counter, [], "Heartbeats of agents.";
    OBSERVER_SUSPECT = "portunus_observer_suspect", Gauge, [], "1 while so many agents are silent together that the plane may be cut off from them, else 0.";
    STORE_UP = "portunus_store_up", Gauge, [], "1 while the database answers and takes changes, else 0; agents are served either way.";
    STORE_WRITES = "portunus_store_writes_total", Counter, [], "Transactions of the database that were begun to write something.";
    DECISIONS_LOST = "portunus_decisions_lost_total", Counter, [], "Decisions that were lost before they were written.";
    DECISIONS_WAITING = "portunus_decisions_waiting", Gauge, [], "Decisions that wait for a database that did not take them.";
    USAGE_LOST = "portunus_usage_lost_total", Counter, [], "Requests whose usage could not be added to any sum.";
    TRACES = "portunus_traces_total", Counter, ["outcome"], "Requests by what became of their trace while traces are exported: exported, lost.";
    WRITES_LOST = "portunus_pool_events_lost_total", Counter, [], "Events of the pools that were lost before they were written.";
    DRAINING = "portunus_draining", Gauge, [], "1 while the plane finishes what runs before it exits, else 0.";
    RELOADS = "portunus_config_reloads_total", Counter, ["outcome"], "How often the configuration was read again: applied, refused.";
    CPU = "process_cpu_seconds_total", Counter, [], "Processor time of the process, in seconds.";
    MEMORY = "process_resident_memory_bytes", Gauge, [], "Memory that the process holds.";
    VIRTUAL_MEMORY = "process_virtual_memory_bytes", Gauge, [], "Addresses that the process has reserved.";
    OPEN_FILES = "process_open_fds", Gauge, [], "Open file descriptors; every connection is one.";
    MOST_FILES = "process_max_fds", Gauge, [], "How many it may have.";
    THREADS = "process_threads", Gauge, [], "Threads of the process.";
    START_TIME = "process_start_time_seconds", Gauge, [], "When the plane started, in Unix time.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_follow_the_conventions() {
        let names: BTreeSet<&str> = ALL.iter().map(|series| series.name).collect();
        assert_eq!(names.len(), ALL.len());
        for series in ALL {
            let counts = series.name.ends_with("_total");
            assert_eq!(counts, series.kind == Kind::Counter, "{}", series.name);
            assert!(series.help.ends_with('.'), "{}", series.name);
        }
    }
}
