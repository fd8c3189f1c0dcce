//! The nodes of the picture: who was asked, what was connected to, and what each of them answered.

use crate::diagnosis::Confidence;
use crate::evidence::tcp::{TcpAttempt, TcpOutcome};
use crate::evidence::{Evidence, Hop, Observed, SkipReason};
use crate::render::progress::Mark;
use crate::render::{azure, fact_lines, hop_table, text};
use crate::report::Report;

/// Resolvers, or addresses, that the picture has at most.
const MAX_SIDE: usize = 4;

/// A box of the picture.
pub(super) struct Node {
    /// What it is.
    pub(super) title: String,
    /// What it answered.
    pub(super) text: String,
    /// Its result, and the result in words.
    pub(super) mark: Mark,
    pub(super) word: &'static str,
    /// What leads to it, in words.
    pub(super) edge: &'static str,
    /// Whether the path goes on without it: it is to the side.
    pub(super) side: bool,
    /// Whether the path breaks here: then the word says so.
    pub(super) breaks: bool,
}

impl Node {
    fn new(title: impl Into<String>, text: impl Into<String>, mark: Mark) -> Self {
        let (title, text) = (title.into(), text.into());
        let word = hop_table::word(mark);
        Self { title, text, mark, word, edge: "", side: false, breaks: false }
    }

    fn side(title: impl Into<String>, text: impl Into<String>, mark: Mark) -> Self {
        Self { side: true, ..Self::new(title, text, mark) }
    }

    /// What answered a question; whether the answer is the right one is not known here.
    fn asked(title: impl Into<String>, text: impl Into<String>, answered: bool) -> Self {
        let (mark, word) = match answered {
            true => (Mark::Works, "answered"),
            false => (Mark::Breaks, "no address"),
        };
        Self { word, ..Self::side(title, text, mark) }
    }

    fn edge(self, edge: &'static str) -> Self {
        Self { edge, ..self }
    }
}

/// The nodes in the order of the path.
pub(super) fn nodes(report: &Report) -> Vec<Node> {
    let e = &report.evidence;
    let mut all = Vec::new();
    for hop in Hop::ALL {
        let fact = hop_table::fact(report, hop);
        let first = all.len();
        match hop {
            Hop::Vantage => {
                let host = format!("this host: {}", e.vantage.host);
                all.push(Node::new(host, fact.text, fact.mark));
            }
            Hop::Dns => {
                names(e, &mut all);
                let title = match e.options.resolver_given {
                    true => "what --resolver gives",
                    false => "what applications get",
                };
                all.push(Node::side(title, fact.text, fact.mark));
            }
            // The application's path is through the proxy.
            Hop::Tcp if is_skipped(&e.tcp) => {}
            Hop::Tcp => {
                connections(e, &mut all);
                all.push(Node::new("connection", fact.text, fact.mark).edge("connects to"));
            }
            Hop::Proxy if is_skipped(&e.proxy) => {}
            Hop::Proxy => {
                all.push(Node::new("proxy", fact.text, fact.mark).edge("asks for a tunnel"));
            }
            Hop::Tls => {
                all.push(Node::new("TLS peer", fact.text, fact.mark).edge("handshake"));
            }
            Hop::Identity => all.push(Node::side("credential", fact.text, fact.mark)),
            Hop::Http => {
                let name = e.target.service_name.as_deref().unwrap_or("the service");
                all.push(Node::new(name, fact.text, fact.mark).edge("call"));
            }
        }
        if report.verdict.broken_hop == Some(hop)
            && let Some(last) = all[first..].last_mut()
        {
            (last.breaks, last.word) = (true, "BREAKS HERE");
        }
    }
    all.extend(resource_manager(report));
    all
}

/// What Resource Manager says, and whether the cause rests on it.
fn resource_manager(report: &Report) -> Option<Node> {
    let fact = azure::fact(&report.evidence)?;
    let cites = |pointer: &String| pointer.starts_with("/evidence/azure");
    let cause = report.cause().filter(|cause| cause.cites.iter().any(cites));
    let text = match cause {
        Some(cause) if cause.confidence == Confidence::Proved => {
            format!("proves {}. {}", cause.id, fact.text)
        }
        Some(cause) => format!("has a part in {}. {}", cause.id, fact.text),
        None => fact.text,
    };
    Some(Node::side("Azure Resource Manager", text, fact.mark))
}

fn is_skipped<T>(observed: &Observed<T>) -> bool {
    let skipped = [SkipReason::ProxyApplies, SkipReason::NoProxyApplies];
    matches!(observed, Observed::NotAsked { reason } if skipped.contains(reason))
}

/// Each resolver with its answer, and the system's own lookup.
fn names(e: &Evidence, all: &mut Vec<Node>) {
    for resolver in e.dns.resolvers.iter().take(MAX_SIDE) {
        let title = format!("resolver {}", resolver.label());
        let answered = |answer: &str| format!("{}: {answer}", text::role(resolver.role));
        let addresses = resolver.addresses(&e.dns.name);
        all.push(match (addresses.as_slice(), &resolver.a) {
            ([], Observed::Done { .. }) => {
                Node::asked(title, answered(&text::question(&resolver.a)), false)
            }
            ([], other) => Node::side(title, answered(&text::question(other)), Mark::NotDone),
            (some, _) => {
                Node::asked(title, answered(&text::classed_addresses(some, MAX_SIDE)), true)
            }
        });
    }
    more(e.dns.resolvers.len(), all);
    if e.dns.system.value().is_some() {
        let answered = !e.dns.system_addresses().is_empty();
        all.push(Node::asked("getaddrinfo", text::system(&e.dns.system), answered));
    }
}

/// The connections other than the one that the fact is about.
fn connections(e: &Evidence, all: &mut Vec<Node>) {
    let Some(hop) = e.tcp.value() else { return };
    let shown = hop.walked_attempt().or(hop.attempts.first());
    let is_shown = |attempt: &&TcpAttempt| shown.is_some_and(|s| std::ptr::eq(s, *attempt));
    let others: Vec<&TcpAttempt> = hop.attempts.iter().filter(|a| !is_shown(a)).collect();
    for attempt in others.iter().take(MAX_SIDE) {
        let mark = match attempt.outcome {
            TcpOutcome::Connected => Mark::Works,
            _ => Mark::Breaks,
        };
        let title = format!("also {}", fact_lines::endpoint(attempt));
        all.push(Node::side(title, text::tcp_outcome(&attempt.outcome), mark));
    }
    more(others.len(), all);
}

fn more(count: usize, all: &mut Vec<Node>) {
    if count > MAX_SIDE {
        all.push(Node::side(format!("and {} more", count - MAX_SIDE), "", Mark::NotDone));
    }
}
