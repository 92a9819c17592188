//! Figures for Prometheus: counts and times, never a name or a number.

use super::parts::Parts;
use crate::dialer::Dialer;
use crate::storage::Store;
use dialdeck_protocol::{Event, EventBody, PartState};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Upper ends of the classes of times, in seconds.
const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Upper ends of the classes of counts.
const COUNTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// Gives the figures out.
#[derive(Clone)]
pub struct Exposition(PrometheusHandle);

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

impl Exposition {
    /// Starts counting, once a process.
    pub fn start() -> Self {
        let handle = RECORDER.get_or_init(|| {
            let counts = Matcher::Full("dialdeck_commit_deeds".into());
            let builder = PrometheusBuilder::new();
            let recorder = builder
                .set_buckets(SECONDS)
                .and_then(|b| b.set_buckets_for_metric(counts, COUNTS))
                .unwrap_or_default()
                .build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_ok() {
                describe();
            }
            handle
        });
        Self(handle.clone())
    }

    /// Takes what is only looked at when asked.
    pub async fn gather(&self, store: &Arc<dyn Store>, dialer: &Dialer, parts: &Parts) {
        gauge!("dialdeck_calls_in_flight").set(number(dialer.in_flight()));
        let begun = Instant::now();
        let up = store.ping().await.is_ok();
        gauge!("dialdeck_database_up").set(f64::from(u8::from(up)));
        gauge!("dialdeck_database_ping_seconds").set(begun.elapsed().as_secs_f64());
        if let Ok(census) = store.census().await {
            #[allow(clippy::cast_precision_loss, reason = "no database has 2^53 bytes")]
            gauge!("dialdeck_database_bytes").set(census.bytes as f64);
            gauge!("dialdeck_database_connections", "state" => "used").set(f64::from(census.used));
            gauge!("dialdeck_database_connections", "state" => "limit").set(f64::from(census.limit));
            for state in ["initiated", "in_progress"] {
                let count = census.calls.iter().find(|(s, _)| s == state).map_or(0, |(_, n)| *n);
                gauge!("dialdeck_calls", "status" => state).set(whole(count));
            }
            for state in dialdeck_protocol::QueueState::ALL {
                let count = census.queues.iter().find(|(s, _)| s == state.as_str()).map_or(0, |(_, n)| *n);
                gauge!("dialdeck_queues", "state" => state.as_str()).set(whole(count));
            }
        }
        for part in parts.all() {
            let up = matches!(part.state, PartState::Up | PartState::Degraded | PartState::Off);
            gauge!("dialdeck_part_up", "part" => part.name).set(f64::from(u8::from(up)));
        }
    }

    /// In Prometheus' text form.
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

#[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
fn number(count: usize) -> f64 {
    count as f64
}

#[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
fn whole(count: i64) -> f64 {
    count as f64
}

fn describe() {
    describe_gauge!("dialdeck_calls_in_flight", "Calls that this server places or carries");
    describe_gauge!("dialdeck_calls", "Calls on record that are not over, by status");
    describe_gauge!("dialdeck_queues", "Queues by state");
    describe_gauge!("dialdeck_part_up", "1 where a part of the server works or is not asked for");
    describe_gauge!("dialdeck_consoles", "Open WebSockets");
    describe_gauge!("dialdeck_database_up", "1 where the database answers");
    describe_gauge!(
        "dialdeck_database_ping_seconds",
        Unit::Seconds,
        "Its last answer to the cheapest question"
    );
    describe_gauge!("dialdeck_database_bytes", Unit::Bytes, "What the database takes");
    describe_gauge!("dialdeck_database_connections", "Connections to the database, used and allowed");
    describe_counter!("dialdeck_events_total", "Events committed");
    describe_counter!("dialdeck_calls_ended_total", "Calls that ended, by outcome");
    describe_counter!("dialdeck_commits_failed_total", "Groups that the database did not take");
    describe_counter!("dialdeck_provider_errors_total", "Failures of recogniser and voice");
    describe_counter!(
        "dialdeck_vicidial_errors_total",
        "Requests to VICIdials that failed, by function and class"
    );
    describe_counter!(
        "dialdeck_dialpad_errors_total",
        "Requests to Dialpad that failed, by request and class"
    );
    describe_counter!(
        "dialdeck_dialpad_deliveries_total",
        "Events that Dialpad delivered, taken and refused"
    );
    describe_histogram!("dialdeck_dialpad_seconds", Unit::Seconds, "Answers of Dialpad, by request");
    describe_histogram!("dialdeck_vicidial_seconds", Unit::Seconds, "Answers of VICIdials, by function");
    describe_histogram!("dialdeck_commit_seconds", Unit::Seconds, "One group commit");
    describe_histogram!("dialdeck_commit_deeds", "Deeds in one group commit");
    describe_histogram!(
        "dialdeck_event_lag_seconds",
        Unit::Seconds,
        "From an event's time to its way out to a console"
    );
    describe_histogram!("dialdeck_turn_seconds", Unit::Seconds, "Parts of a turn of conversation");
    describe_histogram!("dialdeck_provider_seconds", Unit::Seconds, "Answers of recogniser and voice");
}

/// A group was committed, or not.
pub fn committed(deeds: usize, took: Duration, done: bool) {
    histogram!("dialdeck_commit_seconds").record(took.as_secs_f64());
    histogram!("dialdeck_commit_deeds").record(number(deeds));
    if !done {
        counter!("dialdeck_commits_failed_total").increment(1);
    }
}

/// Events are durable.
pub fn happened<'a>(events: impl Iterator<Item = &'a Event>) {
    let mut count = 0;
    for event in events {
        count += 1;
        match &event.body {
            EventBody::CallEnded { outcome, .. } => {
                counter!("dialdeck_calls_ended_total", "outcome" => outcome.as_str()).increment(1);
            }
            EventBody::ConversationTurn { exchange: Some(exchange), .. } => {
                let latency = &exchange.latency;
                for (part, ms) in [
                    ("endpoint", latency.endpoint_ms),
                    ("recognise", latency.recognise_ms),
                    ("think", latency.think_ms),
                    ("synthesise", latency.synthesise_ms),
                    ("overhead", latency.overhead_ms()),
                    ("total", latency.total_ms),
                ] {
                    histogram!("dialdeck_turn_seconds", "part" => part).record(f64::from(ms) / 1000.0);
                }
            }
            _ => {}
        }
    }
    counter!("dialdeck_events_total").increment(count);
}

/// An event was given to a console.
pub fn sent(lag: Duration) {
    histogram!("dialdeck_event_lag_seconds").record(lag.as_secs_f64());
}

/// A recogniser or a voice answered, or failed.
pub fn answered(kind: &'static str, took: Duration, done: bool) {
    histogram!("dialdeck_provider_seconds", "kind" => kind).record(took.as_secs_f64());
    if !done {
        counter!("dialdeck_provider_errors_total", "kind" => kind).increment(1);
    }
}

/// A VICIdial answered, or failed in this way.
pub fn vicidial(name: &str, function: &'static str, took: Duration, class: Option<&'static str>) {
    let name = name.to_owned();
    histogram!("dialdeck_vicidial_seconds", "vicidial" => name.clone(), "function" => function)
        .record(took.as_secs_f64());
    if let Some(class) = class {
        counter!("dialdeck_vicidial_errors_total", "vicidial" => name, "function" => function, "class" => class).increment(1);
    }
}

/// Dialpad answered, or failed in this way.
pub fn dialpad(method: &str, path: &str, took: Duration, class: Option<&'static str>) {
    let request = format!("{method} {path}");
    histogram!("dialdeck_dialpad_seconds", "request" => request.clone()).record(took.as_secs_f64());
    if let Some(class) = class {
        counter!("dialdeck_dialpad_errors_total", "request" => request, "class" => class).increment(1);
    }
}

/// Dialpad delivered an event, which was taken or refused for this reason.
pub fn delivered(result: &'static str) {
    counter!("dialdeck_dialpad_deliveries_total", "result" => result).increment(1);
}

/// An open console; counted for as long as it lives.
pub struct Console;

impl Console {
    /// One more.
    pub fn opened() -> Self {
        gauge!("dialdeck_consoles").increment(1.0);
        Self
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        gauge!("dialdeck_consoles").decrement(1.0);
    }
}
