//! When each question, connection, handshake and call began, and how long it took.

use maud::{Markup, html};

use crate::evidence::dns::{DnsHop, Exchange, Rcode};
use crate::evidence::experiment::Experiments;
use crate::evidence::http::{HttpHop, HttpOutcome};
use crate::evidence::tcp::{TcpHop, TcpOutcome};
use crate::evidence::tls::{TlsHop, TlsOutcome};
use crate::evidence::{Evidence, Observed};
use crate::render::experiments::variation;
use crate::render::progress::milliseconds;
use crate::render::text;
use crate::sorting;

/// Bars at most.
const MAX_BARS: usize = 40;
/// Width of the chart in its own units, and the width of the narrowest bar.
const WIDTH: f64 = 1000.0;
const NARROWEST: f64 = 4.0;
/// A report from elsewhere may hold any number of milliseconds.
const LONGEST_MS: f64 = 1e8;

/// One bar.
struct Bar {
    name: String,
    outcome: String,
    /// Whether it did what was asked; none for an answer that this chart does not judge.
    works: Option<bool>,
    start: f64,
    took: f64,
}

/// The chart, with each time as text next to its bar.
pub(super) fn waterfall(e: &Evidence) -> Markup {
    let mut bars = bars(e);
    sorting::by(&mut bars, |a, b| a.start.total_cmp(&b.start));
    let end = bars.iter().map(|bar| bar.start + bar.took).fold(1.0, f64::max);
    html! {
        @if !bars.is_empty() {
            h3 { "Time" }
            ol.times {
                @for bar in bars.iter().take(MAX_BARS) { (drawn(bar, end)) }
            }
            p.aside {
                @if bars.len() > MAX_BARS {
                    (text::count((bars.len() - MAX_BARS) as u64, "more step")) " not shown. "
                }
                "The bars span " (milliseconds(end)) " from the start of the check."
            }
        }
    }
}

fn drawn(bar: &Bar, end: f64) -> Markup {
    let width = (bar.took / end * WIDTH).max(NARROWEST);
    let left = (bar.start / end * WIDTH).min(WIDTH - NARROWEST);
    html! {
        li class=(match bar.works { Some(true) => "works", Some(false) => "broken", None => "none" }) {
            span.what { (bar.name) " " span.outcome { (bar.outcome) } }
            svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" {
                rect x=(format!("{left:.0}")) y="0" width=(format!("{width:.0}")) height="10" {}
            }
            span.took { (milliseconds(bar.took)) span.from { " from " (milliseconds(bar.start)) } }
        }
    }
}

fn bars(e: &Evidence) -> Vec<Bar> {
    let mut all = Vec::new();
    names("", &e.dns, &mut all);
    if let Some(proxy) = e.proxy.value() {
        if let Some(name) = proxy.dns.value() {
            names("proxy: ", name, &mut all);
        }
        connections("proxy: ", &proxy.tcp, &mut all);
        let connect = |value: &_| (text::connect(value), Some(proxy.tunnel_stands()));
        one("proxy: CONNECT", &proxy.connect, connect, &mut all);
    }
    connections("", &e.tcp, &mut all);
    one("TLS handshake", &e.tls, handshake, &mut all);
    for request in e.identity.acquisition.iter().flat_map(|how| &how.requests) {
        let answer = request.outcome.as_ref();
        all.push(Bar {
            name: format!("token: {}", request.url),
            outcome: answer.map_or("no answer".to_owned(), |a| text::http_outcome(&a.http)),
            works: Some(answer.is_some_and(|answer| answer.refusal.is_none())),
            start: request.started_ms,
            took: request.took_ms,
        });
    }
    calls(&e.http, &mut all);
    if let Some(direct) = e.direct.value() {
        connections("direct: ", &direct.tcp, &mut all);
        one("direct: TLS handshake", &direct.tls, handshake, &mut all);
    }
    experiments(&e.experiments, &mut all);
    for bar in &mut all {
        bar.start = bar.start.clamp(0.0, LONGEST_MS);
        bar.took = bar.took.clamp(0.0, LONGEST_MS);
    }
    all
}

/// A bar for what was done.
fn one<T>(
    name: &str,
    observed: &Observed<T>,
    show: impl Fn(&T) -> (String, Option<bool>),
    all: &mut Vec<Bar>,
) {
    if let Observed::Done { started_ms, took_ms, value } = observed {
        let (outcome, works) = show(value);
        all.push(Bar { name: name.to_owned(), outcome, works, start: *started_ms, took: *took_ms });
    }
}

fn names(before: &str, hop: &DnsHop, all: &mut Vec<Bar>) {
    for resolver in &hop.resolvers {
        for (kind, asked) in
            [("A", &resolver.a), ("AAAA", &resolver.aaaa), ("SOA", &resolver.zone_soa)]
        {
            one(&format!("{before}{kind} from {}", resolver.label()), asked, answer, all);
        }
    }
    let system = |_: &_| (text::system(&hop.system), Some(!hop.system_addresses().is_empty()));
    one(&format!("{before}getaddrinfo"), &hop.system, system, all);
}

fn answer(exchange: &Exchange) -> (String, Option<bool>) {
    match exchange.answer() {
        Some(answer) => {
            (answer.rcode.to_string(), (answer.rcode == Rcode::NoError).then_some(true))
        }
        None => (text::dns_outcome(&exchange.outcome), Some(false)),
    }
}

fn connections(before: &str, hop: &Observed<TcpHop>, all: &mut Vec<Bar>) {
    for attempt in hop.value().iter().flat_map(|hop| &hop.attempts) {
        all.push(Bar {
            name: format!("{before}TCP {}", attempt.address),
            outcome: text::tcp_outcome(&attempt.outcome),
            works: Some(attempt.outcome == TcpOutcome::Connected),
            start: attempt.started_ms,
            took: attempt.took_ms,
        });
    }
}

fn handshake(hop: &TlsHop) -> (String, Option<bool>) {
    (text::handshake(&hop.outcome), Some(hop.outcome == TlsOutcome::Verified))
}

/// The calls follow each other.
fn calls(hop: &Observed<HttpHop>, all: &mut Vec<Bar>) {
    let Observed::Done { started_ms, value, .. } = hop else { return };
    let mut start = *started_ms;
    for call in &value.calls {
        let status = call.answer().map(|answer| answer.status);
        all.push(Bar {
            name: format!("{} {}", call.method, call.path),
            outcome: status.map_or_else(|| text::http_outcome(&call.outcome), |s| s.to_string()),
            works: accepted(&call.outcome),
            start,
            took: call.took_ms,
        });
        start += call.took_ms;
    }
}

/// Whether a call was accepted: 2xx.
fn accepted(outcome: &HttpOutcome) -> Option<bool> {
    match outcome {
        HttpOutcome::Answered { answer } => (200..300).contains(&answer.status).then_some(true),
        _ => Some(false),
    }
}

/// What was tried once more, with one thing changed.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of a walk are far below 2^52")]
fn experiments(tried: &Experiments, all: &mut Vec<Bar>) {
    let mut add = |id: &str, (outcome, works): (String, Option<bool>), start: u64, took: u64| {
        let name = format!("experiment {id}");
        all.push(Bar { name, outcome, works, start: start as f64, took: took as f64 });
    };
    for one in &tried.questions {
        add(&one.id, answer(&one.exchange), one.started_ms, one.took_ms);
    }
    for one in &tried.handshakes {
        let seen = match &one.tls {
            Some(tls) => (text::handshake(&tls.outcome), Some(tls.outcome == TlsOutcome::Verified)),
            None => (text::tcp_outcome(&one.tcp), Some(false)),
        };
        let name = format!("{}: {}", one.id, variation(&one.variation));
        add(&name, seen, one.started_ms, one.took_ms);
    }
    for one in &tried.connections {
        let works = Some(one.outcome == TcpOutcome::Connected);
        add(&one.id, (text::tcp_outcome(&one.outcome), works), one.started_ms, one.took_ms);
    }
    for one in &tried.clients {
        let works = accepted(&one.outcome);
        add(&one.id, (text::http_outcome(&one.outcome), works), one.started_ms, one.took_ms);
    }
}
