//! Reports as HTML: one file that needs no script and requests nothing, and the parts that the
//! pages of `serve` share with it.
//!
//! `maud` escapes text and attributes; [`document`] writes invisible and control characters as
//! `\u{..}`. The reports are embedded as JSON, which `diagnose` reads again.

mod cause;
mod causes;
mod document;
mod embedded;
mod evidence;
mod hops;
mod path;
mod path_nodes;
mod target;
mod waterfall;

use crate::sorting;
use maud::{Markup, PreEscaped, html};

pub(crate) use causes::{Caused, causes};
pub(crate) use document::{badge, class, document};
pub(crate) use target::{labels, target};

use super::summary::{Row, Summary};
use super::titles;
use crate::report::Report;

/// The style of every page.
pub(crate) const STYLE: &str = include_str!("style.css");

/// The page may use its own style and nothing else: no script, no request.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The reports as one HTML page: a section for each, the worst first, after an overview if there
/// are several.
#[must_use]
pub fn render(reports: &[Report]) -> String {
    let titles = titles(reports);
    let mut order: Vec<(&String, &Report)> = titles.iter().zip(reports).collect();
    sorting::by_key(&mut order, |(_, report)| report.severity_rank());
    let mut summary = Summary::default();
    for (place, report) in reports.iter().enumerate() {
        summary.count(place, Row::of(report));
    }
    let title = match reports {
        [one] => format!("{}: {}", one.title(), one.verdict.line),
        _ => summary.line(),
    };
    let head = html! {
        meta http-equiv="Content-Security-Policy" content=(POLICY);
        style { (PreEscaped(STYLE)) }
    };
    let body = html! {
        main {
            h1 { @if let [one] = reports { (one.title()) } @else { (summary.line()) } }
            @if reports.len() > 1 { (overview(&order)) }
            @for (number, (title, report)) in order.iter().enumerate() {
                section id={ "target-" (number + 1) } {
                    (target(report, number, (reports.len() > 1).then_some(title.as_str()), None))
                }
            }
        }
        (embedded::footer())
        (embedded::json(reports))
    };
    document(&title, &head, &body).into_string()
}

/// The targets in a table, each with a link to its section.
fn overview(order: &[(&String, &Report)]) -> Markup {
    let unmuted = order.iter().filter(|(_, report)| report.muted_until.is_none());
    let placed: Vec<_> = unmuted.map(|(title, r)| (title, *r, r.shared_location())).collect();
    let caused = placed.iter().filter_map(|(title, report, place)| {
        let cause = report.verdict.cause.as_deref()?;
        let place = place.as_deref();
        Some(Caused { state: report.verdict.state, cause, place, name: title.as_str() })
    });
    html! {
        (causes(caused, None))
        table.overview {
            thead { tr { th { "state" } th { "target" } th { "verdict" } } }
            tbody {
                @for (number, (title, report)) in order.iter().enumerate() {
                    @let state = report.verdict.state;
                    tr class=(class(Some(state))) {
                        td { (badge(Some(state))) @if report.muted_until.is_some() { " (muted)" } }
                        td { a href={ "#target-" (number + 1) } { (title) } }
                        td { (report.verdict.headline()) }
                    }
                }
            }
        }
    }
}
