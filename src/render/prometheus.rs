//! Several reports as one file for node_exporter's textfile collector (windows_exporter's has
//! the same rules): `target` and the inventory's labels on every series, one HELP and TYPE per
//! name, no timestamps.

use super::metrics::{self, Metric, Reported};
use super::titles;
use crate::report::Report;
use crate::sorting;

/// The metrics of all reports in Prometheus's text form 0.0.4.
#[must_use]
pub fn render(reports: &[Report]) -> String {
    let titles = titles(reports);
    let reported: Vec<Reported<'_>> = reports.iter().map(Reported::new).collect();
    metrics::text(metrics::catalogue().map(|metric| {
        let mut family = metrics::family(metric, Vec::new(), &[]);
        for (report, title) in reported.iter().zip(&titles) {
            let further = further_labels(metric, report, title);
            let mut of_one = metrics::family(metric, (metric.samples)(report), &further);
            family.mut_metric().append(of_one.mut_metric());
        }
        family
    }))
}

/// `target` and the inventory's labels. A label whose name the series already has becomes
/// `exported_..`, as in Prometheus itself.
fn further_labels(metric: &Metric, report: &Report, title: &str) -> Vec<(String, String)> {
    let mut taken = sorting::set(metric.labels.iter().map(|&name| name.to_owned()));
    taken.insert("target".to_owned());
    let mut labels = vec![("target".to_owned(), title.to_owned())];
    for (name, value) in &report.labels {
        let mut name = label_name(name);
        while !taken.insert(name.clone()) {
            name = format!("exported_{name}");
        }
        labels.push((name, value.clone()));
    }
    labels
}

/// A name as Prometheus allows it: letters, digits and `_`, no digit first, no `__` first.
pub(crate) fn label_name(name: &str) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = name.chars().map(fits).collect();
    match name.trim_start_matches('_') {
        "" => "label".to_owned(),
        rest if name.starts_with("__") || rest.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("_{rest}")
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_labels_are_what_prometheus_allows() {
        for (given, name) in [
            ("team", "team"),
            ("cost-center", "cost_center"),
            ("__name__", "_name__"),
            ("1st", "_1st"),
            ("_a", "_a"),
            ("a\n\"} x 1", "a____x_1"),
            ("\u{e4}", "label"),
            ("", "label"),
        ] {
            assert_eq!(label_name(given), name, "{given:?}");
        }
    }
}
