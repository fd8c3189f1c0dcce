//! The catalogue of metrics: a report in numbers.
//!
//! Names and meanings of blackbox_exporter where they are the same, so that its dashboards and
//! alerts work unchanged, and `aoai_probe_*` for the rest. Everything is a gauge: each walk is
//! an independent measurement. A label's value comes from a closed set, from the catalogue of
//! findings, or (of the certificate alone) from the peer, bounded; never an address, an
//! error's text or a secret.

mod blackbox;
mod certificate;
mod own;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Deref;

use prometheus::TextEncoder;
use prometheus::proto::{self, MetricFamily, MetricType};

use super::fact::Fact;
use super::{escape, hop_table};
use crate::evidence::Hop;
use crate::report::Report;

/// The media type of the text form.
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// One metric of the catalogue.
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its meaning in one line: the HELP text.
    pub help: &'static str,
    /// The kind of its value.
    pub unit: Unit,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// Its samples for one report; none if the walk did not get that far.
    pub samples: fn(&Reported<'_>) -> Vec<Sample>,
}

/// A report, with what several metrics are taken from.
pub struct Reported<'a> {
    report: &'a Report,
    facts: OnceCell<Vec<(Hop, Fact)>>,
}

impl<'a> Reported<'a> {
    /// Nothing is derived from it yet.
    #[must_use]
    pub const fn new(report: &'a Report) -> Self {
        Self { report, facts: OnceCell::new() }
    }

    /// Each hop with its fact.
    fn facts(&self) -> &[(Hop, Fact)] {
        let of = |hop| (hop, hop_table::fact(self.report, hop));
        self.facts.get_or_init(|| Hop::ALL.into_iter().map(of).collect())
    }
}

impl Deref for Reported<'_> {
    type Target = Report;

    fn deref(&self) -> &Report {
        self.report
    }
}

/// The kind of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// 0 or 1; of a set of states exactly one is 1.
    State,
    /// Always 1: the information is in the labels.
    Info,
    /// Seconds.
    Seconds,
    /// Seconds since 1970, UTC.
    Timestamp,
    /// A number of things.
    Count,
    /// A code, e.g. an HTTP status.
    Code,
}

impl Unit {
    /// The word for tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Unit::State => "0 or 1",
            Unit::Info => "1",
            Unit::Seconds => "seconds",
            Unit::Timestamp => "Unix time",
            Unit::Count => "count",
            Unit::Code => "code",
        }
    }
}

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Values of the metric's labels, in the order of [`Metric::labels`].
    pub labels: Vec<String>,
    /// The value.
    pub value: f64,
}

impl Sample {
    fn of(labels: &[&str], value: f64) -> Self {
        Self { labels: labels.iter().map(|label| (*label).to_owned()).collect(), value }
    }

    fn plain(value: f64) -> Vec<Self> {
        vec![Self::of(&[], value)]
    }

    fn some(value: Option<f64>) -> Vec<Self> {
        value.map(Self::plain).unwrap_or_default()
    }
}

/// Every metric, in the order of the exposition.
pub fn catalogue() -> impl Iterator<Item = &'static Metric> {
    blackbox::METRICS.iter().chain(own::METRICS)
}

/// The metrics of one report in Prometheus's text form 0.0.4, without a label for the target:
/// the scraper adds `instance`.
#[must_use]
pub fn exposition(report: &Report) -> String {
    let reported = Reported::new(report);
    text(catalogue().map(|metric| family(metric, (metric.samples)(&reported), &[])))
}

/// One family of samples, each with `further` labels behind its own.
pub(super) fn family(
    metric: &Metric,
    samples: Vec<Sample>,
    further: &[(String, String)],
) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(metric.name.to_owned());
    family.set_help(metric.help.to_owned());
    family.set_field_type(MetricType::GAUGE);
    let rows = samples.into_iter().filter(|sample| sample.value.is_finite()).map(|sample| {
        let own = metric.labels.iter().zip(sample.labels);
        let own = own.map(|(name, value)| pair((*name).to_owned(), value));
        let further = further.iter().map(|(name, value)| pair(name.clone(), value.clone()));
        let mut gauge = proto::Gauge::default();
        gauge.set_value(sample.value);
        let mut row = proto::Metric::from_gauge(gauge);
        row.set_label(own.chain(further).collect());
        row
    });
    family.set_metric(rows.collect());
    family
}

/// A label, escaped since its text is displayed.
fn pair(name: String, value: String) -> proto::LabelPair {
    let escaped = match escape(&value) {
        Cow::Owned(escaped) => Some(escaped),
        Cow::Borrowed(_) => None,
    };
    let mut pair = proto::LabelPair::default();
    pair.set_name(name);
    pair.set_value(escaped.unwrap_or(value));
    pair
}

/// The text form; families without samples are left out.
pub(super) fn text(families: impl Iterator<Item = MetricFamily>) -> String {
    let families: Vec<MetricFamily> =
        families.filter(|family| !family.get_metric().is_empty()).collect();
    let mut text = String::new();
    // It rejects only families without a name or samples, and writing to a String cannot fail.
    let written = TextEncoder::new().encode_utf8(&families, &mut text);
    debug_assert!(written.is_ok(), "{written:?}");
    text
}
