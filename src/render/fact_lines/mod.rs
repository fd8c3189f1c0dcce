//! The most important fact of each hop, for its line during the walk and in the report.

mod dns;

pub use super::fact::Fact;
use super::progress::Mark;
use super::text;
use crate::evidence::dns::{ResolverEvidence, ResolverRole};
use crate::evidence::http::{HttpHop, Purpose};
use crate::evidence::identity::{CredentialKind, IdentityHop, Withheld};
use crate::evidence::proxy::ProxyHop;
use crate::evidence::tcp::{TcpAttempt, TcpHop, TcpOutcome};
use crate::evidence::tls::{TlsHop, TlsOutcome};
use crate::evidence::vantage::{FileState, ProxyReason, ResolverConfig, Vantage};
use crate::evidence::{Evidence, Expect, Observed, SkipReason, tunnel};
pub use dns::{dns, target_dns};

/// Addresses, attempts or answers listed at most, without `-v`.
const MAX_LISTED: usize = 3;

/// A hop that was not walked, and why.
fn not_done<T>(observed: &Observed<T>) -> Fact {
    let text = match observed {
        // The lines above show where the walk ended.
        Observed::NotReached { .. } => "not reached".to_owned(),
        other => text::not_done(other).unwrap_or_default(),
    };
    Fact::new(Mark::NotDone, text, None)
}

/// The vantage point: source address, resolvers, proxy.
#[must_use]
pub fn vantage(e: &Evidence) -> Fact {
    let v = &e.vantage;
    let towards = e.tcp.value().and_then(|tcp| tcp.selected);
    let source = v
        .sources
        .iter()
        .find(|s| Some(s.towards) == towards)
        .or_else(|| v.sources.iter().find(|s| s.source.is_some()));
    let here = match source.and_then(|s| s.source.map(|address| (address, &s.interface))) {
        Some((address, Some(interface))) => format!("{address} ({interface})"),
        Some((address, None)) => address.to_string(),
        None => v.host.clone(),
    };
    Fact::new(Mark::Works, format!("{here}, {}, {}", resolvers(e), proxy_words(v)), None)
}

fn resolvers(e: &Evidence) -> String {
    let of = |role: ResolverRole| -> Vec<String> {
        e.dns.resolvers.iter().filter(|r| r.role == role).map(ResolverEvidence::label).collect()
    };
    if let Some(given) = of(ResolverRole::Given).first() {
        return format!("resolver {given} (--resolver)");
    }
    let config = &e.vantage.resolver_config;
    if let Some(policy) = config.policy().filter(|policy| !policy.servers.is_empty()) {
        let servers = policy.servers.iter().take(MAX_LISTED).cloned().collect::<Vec<_>>();
        return format!("resolver {} (NRPT rule {})", servers.join(", "), policy.namespace);
    }
    let named = &config.nameservers;
    match (named.as_slice(), &e.vantage.resolver_config.stub) {
        ([], _) if e.vantage.resolver_config.state == FileState::NotRead => {
            "resolvers not seen".to_owned()
        }
        ([], _) => "no resolver configured".to_owned(),
        ([one], Some(stub)) if !stub.upstreams.is_empty() => {
            format!("resolver {one} (stub of {})", text::addresses(&stub.upstreams, MAX_LISTED))
        }
        ([one], _) => format!("resolver {one}"),
        (several, _) => {
            let shown: Vec<String> =
                several.iter().take(MAX_LISTED).map(|one| with_interface(config, one)).collect();
            format!("resolvers {}", shown.join(", "))
        }
    }
}

/// A nameserver, with its interface where several have nameservers.
fn with_interface(config: &ResolverConfig, nameserver: &str) -> String {
    let address = nameserver.split('%').next().and_then(|address| address.parse().ok());
    let interface = address.and_then(|address| config.interface_of(address));
    match interface.filter(|own| config.interfaces.iter().any(|i| i.interface != own.interface)) {
        Some(own) => format!("{nameserver} ({})", own.interface),
        None => nameserver.to_owned(),
    }
}

fn proxy_words(v: &Vantage) -> String {
    match (&v.proxy.applies, &v.proxy.reason) {
        (Some(url), _) => format!("proxy {url}"),
        (None, ProxyReason::Exempted { entry }) => format!("no proxy (NO_PROXY entry {entry})"),
        (None, ProxyReason::SystemExempted { entry }) => {
            format!("no proxy (entry {entry} of the system's proxy settings)")
        }
        (None, ProxyReason::ScriptDirect) => "no proxy (by the script of the settings)".to_owned(),
        (None, ProxyReason::OptionNone) => "no proxy (--proxy none)".to_owned(),
        (None, _) => "no proxy".to_owned(),
    }
}

/// The connection to the target, which proves nothing if software on this machine accepted it.
#[must_use]
pub fn target_tcp(e: &Evidence) -> Fact {
    let mut fact = tcp(&e.tcp);
    let walked = e.tcp.value().and_then(|tcp| tcp.walked_attempt());
    if let (Some(attempt), Some(who)) = (walked, tunnel::taken_by(e)) {
        fact.text = format!("{}: accepted here, proves nothing", endpoint(attempt));
        fact.notes
            .insert(0, format!("{who} accepted it: this hop shows nothing about the real target"));
        fact.first += 1;
    }
    fact
}

/// The connection on which the walk continued, or why there is none.
#[must_use]
pub fn tcp(observed: &Observed<TcpHop>) -> Fact {
    let Observed::Done { value, took_ms, .. } = observed else {
        return not_done(observed);
    };
    let walked = value.walked_attempt();
    let shown = walked.or(value.attempts.first());
    let mut fact = match (walked, shown) {
        (Some(attempt), _) => Fact::new(Mark::Works, connected(attempt), Some(attempt.took_ms)),
        (None, Some(attempt)) => Fact::new(Mark::Breaks, failed(attempt), Some(*took_ms)),
        (None, None) => Fact::new(Mark::NotDone, "no address to connect to", None),
    };
    // A time is long or short compared with a round trip: if it is long, both are shown.
    if let Some(attempt) = walked {
        fact.notes.extend(repeats(attempt));
    }
    let others = value.attempts.iter().filter(|attempt| {
        !shown.is_some_and(|s| std::ptr::eq(s, *attempt))
            && attempt.outcome != TcpOutcome::Connected
    });
    let others: Vec<String> = others.map(failed).collect();
    // An address that fails next to one that connects is what the reader looks for.
    fact.first = fact.notes.len() + usize::from(!others.is_empty());
    fact.notes.extend(others.iter().take(MAX_LISTED).cloned());
    if others.len() > MAX_LISTED {
        fact.notes.push(match others.len() - MAX_LISTED {
            1 => "and 1 more address".to_owned(),
            more => format!("and {more} more addresses"),
        });
    }
    fact
}

/// What had to be retransmitted, and the round trip for comparison.
fn repeats(attempt: &TcpAttempt) -> Option<String> {
    let syn = attempt.syn_repeats.unwrap_or(0);
    let again = match (syn, attempt.lost()) {
        (0, 0) => return None,
        (0, lost) => format!("{} sent again", text::count(lost.into(), "segment")),
        (syn, 0) => format!("SYN sent {} times", syn + 1),
        (syn, lost) => {
            let more = text::count(lost.into(), "more segment");
            format!("SYN sent {} times, {more} sent again", syn + 1)
        }
    };
    let trip = attempt.info.as_ref().map(|info| {
        format!("; a round trip takes {}", super::progress::milliseconds(info.round_trip_ms()))
    });
    Some(format!("{again}{}", trip.unwrap_or_default()))
}

fn connected(attempt: &TcpAttempt) -> String {
    let mut text = endpoint(attempt);
    if let Some(source) = attempt.source {
        text.push_str(&format!(" from {source}"));
    }
    if let Some(interface) = &attempt.interface {
        text.push_str(&format!(" ({interface})"));
    }
    text
}

fn failed(attempt: &TcpAttempt) -> String {
    match &attempt.outcome {
        TcpOutcome::Unreachable { .. } => {
            format!("{}: {}", endpoint(attempt), text::tcp_outcome(&attempt.outcome))
        }
        outcome => format!("{} {}", endpoint(attempt), text::tcp_outcome(outcome)),
    }
}

/// Where a connection leads.
pub(super) fn endpoint(attempt: &TcpAttempt) -> String {
    match &attempt.connect_to {
        Some(detour) => format!("{detour} (--connect-to, for {})", attempt.address),
        None => attempt.address.to_string(),
    }
}

/// The proxy and its tunnel, or where it fails.
#[must_use]
pub fn proxy(observed: &Observed<ProxyHop>) -> Fact {
    let Observed::Done { value, took_ms, .. } = observed else {
        return not_done(observed);
    };
    let took = Some(*took_ms);
    let text = |message: &str| format!("{}: {message}", value.url);
    if let Some(outcome) = value.connect.value() {
        let mark = if value.tunnel_stands() { Mark::Works } else { Mark::Breaks };
        return Fact::new(mark, text(&text::connect(outcome)), took);
    }
    if let Some(tcp) = value.tcp.value().filter(|tcp| tcp.selected.is_none()) {
        let message = tcp.attempts.first().map_or_else(|| "no address".to_owned(), failed);
        return Fact::new(Mark::Breaks, text(&message), took);
    }
    if let Some(name) = value.dns.value().filter(|name| name.effective().is_empty()) {
        let name = dns(name, &Expect::Any);
        return Fact { text: text(&name.text), brief: None, took_ms: took, ..name };
    }
    let mark = match value.connect {
        Observed::NotReached { .. } => Mark::Breaks,
        _ => Mark::NotDone,
    };
    Fact::new(mark, text(&text::not_done(&value.connect).unwrap_or_default()), took)
}

/// The certificate and its root, or how the handshake ended.
#[must_use]
pub fn tls(observed: &Observed<TlsHop>) -> Fact {
    let Observed::Done { value, took_ms, .. } = observed else {
        return not_done(observed);
    };
    let took = Some(*took_ms);
    let leaf = value.chain.first();
    let name = leaf.map(|leaf| text::certificate_name(leaf, &value.server_name));
    if value.outcome != TlsOutcome::Verified {
        let fact = Fact::new(Mark::Breaks, text::tls_outcome(value), took);
        let (Some(leaf), Some(name)) = (leaf, name) else {
            return fact;
        };
        let issuer = leaf.issuer_common_name.as_deref().unwrap_or(&leaf.issuer);
        return fact
            .note(format!("{name}, {}, issued by {issuer}", text::days_left(leaf.days_left)))
            .notes_first();
    }
    let mut parts: Vec<String> = name.map(str::to_owned).into_iter().collect();
    parts.extend(value.accepted_by.map(|store| store.root().to_owned()));
    parts.extend(leaf.map(|leaf| text::days_left(leaf.days_left)));
    parts.extend(value.negotiated.as_ref().map(|n| n.version.to_string()));
    Fact::new(Mark::Works, parts.join(", "), took)
}

/// The credential, and whether it was sent.
#[must_use]
pub fn identity(hop: &IdentityHop) -> Fact {
    let mut fact = match &hop.acquisition {
        Some(how) => super::token_request::fact(hop, how),
        None => available_credential(hop),
    };
    let shown_already = [None, Some(Withheld::NoToken)].contains(&hop.withheld);
    if let Some(why) = hop.withheld.filter(|_| hop.kind != CredentialKind::None && !shown_already) {
        fact.notes.insert(0, format!("not sent: {}", text::withheld(why)));
        // That the path ends before the call is visible from the hop that breaks.
        fact.first = usize::from(why != Withheld::NotReached);
    }
    if let Some(seconds) = hop.claims.as_ref().and_then(|claims| claims.expires_in_s) {
        fact = fact.note(match seconds {
            ..0 => format!("expired {} min ago", seconds.unsigned_abs() / 60),
            _ => format!("expires in {} min", seconds / 60),
        });
    }
    fact
}

/// A credential that needs no request, or none.
fn available_credential(hop: &IdentityHop) -> Fact {
    let mut text = text::credential(hop.kind).to_owned();
    if let Some(source) = &hop.source {
        text.push_str(&format!(" ({source})"));
    }
    let mark = match (hop.kind, hop.withheld) {
        (CredentialKind::None, _) | (_, Some(_)) => Mark::NotDone,
        _ => Mark::Works,
    };
    let mut fact = Fact::new(mark, text, None);
    let old = &hop.configured.old_variables;
    if hop.kind == CredentialKind::None && !old.is_empty() {
        fact = fact.note(format!("for old SDKs, ignored: {}", old.join(", ")));
    }
    fact
}

/// The answer to the call, or how it ended.
#[must_use]
pub fn http(observed: &Observed<HttpHop>) -> Fact {
    let (value, took_ms) = match observed {
        Observed::Done { value, took_ms, .. } => (value, *took_ms),
        Observed::NotAsked { reason: SkipReason::ServiceHasNoCall } => {
            return Fact::new(Mark::NotDone, text::choice(SkipReason::ServiceHasNoCall), None);
        }
        other => return not_done(other),
    };
    let Some(main) = value.main() else {
        return Fact::new(Mark::NotDone, "no call was made", None);
    };
    let mut mark = Mark::Works;
    let mut text = text::http_call(main);
    match main.answer().map(|answer| answer.status) {
        Some(200..=299 | 429) => {}
        Some(401) if !main.credential_sent => {
            // Where that is all that is asked for, its text says what it is: it may refuse the network
            // (fact Z60).
            let service = main.answer().is_some_and(|answer| answer.error.is_some());
            if service && main.purpose != Purpose::Challenge {
                text = "401, as it should be without a credential".to_owned();
            }
        }
        _ => mark = Mark::Breaks,
    }
    let mut fact = Fact::new(mark, text, Some(took_ms));
    for call in value.calls.iter().skip(1).filter(|call| call.purpose == Purpose::Deployment) {
        fact = fact.note(format!("deployment: {}", text::http_call(call)));
    }
    fact.notes_first()
}
