//! The metrics of the server itself, at `/metrics`.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

use crate::diagnosis::State;

/// Upper bounds of the buckets for durations, in seconds: from a healthy walk nearby to the longest
/// deadline.
const BUCKETS: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// The server's own metrics.
#[derive(Debug)]
pub(super) struct ServerMetrics {
    registry: Registry,
    walks: IntCounterVec,
    durations: Histogram,
    failed: IntCounter,
    given_up: IntCounter,
    shared: IntCounter,
    refused: IntCounterVec,
    walking: IntGauge,
    waiting: IntGauge,
    connections: IntGauge,
    targets: IntGauge,
    reloaded: Gauge,
    reload_good: IntGauge,
}

impl ServerMetrics {
    /// All at zero.
    ///
    /// # Errors
    ///
    /// Never, as long as the names are well formed and unique; a test checks that.
    pub(super) fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| IntCounter::new(name, help);
        let gauge = |name: &str, help: &str| IntGauge::new(name, help);
        let build = prometheus::IntGaugeVec::new(
            Opts::new("aoai_probe_build_info", "The version of this program."),
            &["version"],
        )?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        register(&registry, &build)?;
        let metrics = Self {
            walks: IntCounterVec::new(
                Opts::new("aoai_probe_serve_walks_total", "Finished walks, by state."),
                &["state"],
            )?,
            durations: Histogram::with_opts(
                HistogramOpts::new(
                    "aoai_probe_serve_walk_duration_seconds",
                    "Duration of walks, without their time in the queue.",
                )
                .buckets(BUCKETS.to_vec()),
            )?,
            failed: counter(
                "aoai_probe_serve_walks_failed_total",
                "Walks that could not be made: a file or a credential was not available.",
            )?,
            given_up: counter(
                "aoai_probe_serve_walks_given_up_total",
                "Walks that ended early because their clients had gone away.",
            )?,
            shared: counter(
                "aoai_probe_serve_probes_shared_total",
                "Scrapes that shared a walk already in flight.",
            )?,
            refused: IntCounterVec::new(
                Opts::new("aoai_probe_serve_probes_refused_total", "Scrapes answered with 503."),
                &["reason"],
            )?,
            walking: gauge("aoai_probe_serve_walks_in_flight", "Walks in flight.")?,
            waiting: gauge("aoai_probe_serve_walks_waiting", "Walks in the queue.")?,
            connections: gauge("aoai_probe_serve_connections", "Open client connections.")?,
            targets: gauge("aoai_probe_serve_targets", "Targets in the inventory.")?,
            reloaded: Gauge::new(
                "aoai_probe_serve_config_last_reload_success_timestamp_seconds",
                "When the inventory was last read successfully, in Unix time.",
            )?,
            reload_good: gauge(
                "aoai_probe_serve_config_last_reload_successful",
                "Whether the last attempt to read the inventory succeeded.",
            )?,
            registry,
        };
        for state in [State::Works, State::AtRisk, State::Broken, State::CannotTell] {
            metrics.walks.with_label_values(&[state.id()]);
        }
        for reason in ["queue_full", "no_time_left"] {
            metrics.refused.with_label_values(&[reason]);
        }
        metrics.register()?;
        Ok(metrics)
    }

    fn register(&self) -> Result<(), prometheus::Error> {
        let registry = &self.registry;
        #[cfg(target_os = "linux")]
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        register(registry, &self.walks)?;
        register(registry, &self.durations)?;
        register(registry, &self.failed)?;
        register(registry, &self.given_up)?;
        register(registry, &self.shared)?;
        register(registry, &self.refused)?;
        register(registry, &self.walking)?;
        register(registry, &self.waiting)?;
        register(registry, &self.connections)?;
        register(registry, &self.targets)?;
        register(registry, &self.reloaded)?;
        register(registry, &self.reload_good)
    }

    pub(super) fn walked(&self, state: State, took: Duration) {
        self.walks.with_label_values(&[state.id()]).inc();
        self.durations.observe(took.as_secs_f64());
    }

    pub(super) fn failed(&self) {
        self.failed.inc();
    }

    pub(super) fn given_up(&self) {
        self.given_up.inc();
    }

    pub(super) fn shared(&self) {
        self.shared.inc();
    }

    pub(super) fn refused(&self, reason: &str) {
        self.refused.with_label_values(&[reason]).inc();
    }

    pub(super) fn load(&self, walking: usize, waiting: usize) {
        self.walking.set(i64::try_from(walking).unwrap_or(i64::MAX));
        self.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    pub(super) fn connection_opened(&self) {
        self.connections.inc();
    }

    pub(super) fn connection_closed(&self) {
        self.connections.dec();
    }

    /// The inventory was read, `unix_s` seconds after 1970.
    pub(super) fn inventory(&self, targets: usize, unix_s: f64) {
        self.targets.set(i64::try_from(targets).unwrap_or(i64::MAX));
        self.reloaded.set(unix_s);
        self.reload_good.set(1);
    }

    /// The inventory could not be reloaded.
    pub(super) fn inventory_refused(&self) {
        self.reload_good.set(0);
    }

    /// All of it in Prometheus's text form.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        // Writing to a Vec cannot fail, and every family has a name.
        let written = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        debug_assert!(written.is_ok(), "{written:?}");
        text
    }
}

fn register<C: Collector + Clone + 'static>(
    registry: &Registry,
    metric: &C,
) -> Result<(), prometheus::Error> {
    registry.register(Box::new(metric.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_present_from_the_start() {
        let metrics = ServerMetrics::new().unwrap();
        metrics.walked(State::Broken, Duration::from_millis(30));
        let text = String::from_utf8(metrics.text()).unwrap();
        for line in [
            "aoai_probe_serve_walks_total{state=\"broken\"} 1",
            "aoai_probe_serve_walks_total{state=\"works\"} 0",
            "aoai_probe_serve_walk_duration_seconds_bucket{le=\"0.05\"} 1",
            "aoai_probe_serve_probes_refused_total{reason=\"queue_full\"} 0",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
