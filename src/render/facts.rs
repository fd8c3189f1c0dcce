//! The one fact of each hop that matters: for its line in the walk, while it runs and after.

use std::net::IpAddr;

use super::progress::Mark;
use super::words;
use crate::evidence::dns::{DnsHop, ResolverRole, ResolverSeen, is_privatelink};
use crate::evidence::http::{HttpHop, Purpose};
use crate::evidence::identity::{CredentialKind, IdentityHop, Withheld};
use crate::evidence::proxy::ProxyHop;
use crate::evidence::tcp::{TcpAttempt, TcpHop, TcpOutcome};
use crate::evidence::tls::{TlsHop, TlsOutcome};
use crate::evidence::vantage::{FileState, ProxyReason, Vantage};
use crate::evidence::{Choice, Evidence, Expect, Observed, classify, tunnel};

/// Addresses, attempts or answers named at most, in lines that are not `-v`'s.
const FEW: usize = 3;

/// What a hop's line says.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// How the hop went, by its own evidence.
    pub mark: Mark,
    /// The one fact that matters.
    pub text: String,
    /// Details for the lines below.
    pub notes: Vec<String>,
    /// Time taken in milliseconds.
    pub took_ms: Option<f64>,
}

impl Fact {
    fn new(mark: Mark, text: impl Into<String>, took_ms: Option<f64>) -> Self {
        Self { mark, text: text.into(), notes: Vec::new(), took_ms }
    }

    fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

/// A hop that was not walked, and why.
fn not_done<T>(observed: &Observed<T>) -> Fact {
    let text = match observed {
        // Where the walk ended stands in the lines above.
        Observed::NotReached { .. } => "not reached".to_owned(),
        other => words::not_done(other).unwrap_or_default(),
    };
    Fact::new(Mark::NotDone, text, None)
}

/// Where we are: source address, resolvers, proxy.
#[must_use]
pub fn vantage(e: &Evidence) -> Fact {
    let v = &e.vantage;
    let towards = e.tcp.saw().and_then(|tcp| tcp.walked);
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
        e.dns.resolvers.iter().filter(|r| r.role == role).map(ResolverSeen::label).collect()
    };
    if let Some(given) = of(ResolverRole::Given).first() {
        return format!("resolver {given} (--resolver)");
    }
    let named = &e.vantage.resolver_config.nameservers;
    match (named.as_slice(), &e.vantage.resolver_config.stub) {
        ([], _) if e.vantage.resolver_config.state == FileState::NotRead => {
            "resolvers not seen".to_owned()
        }
        ([], _) => "no resolver configured".to_owned(),
        ([one], Some(stub)) if !stub.upstreams.is_empty() => {
            format!("resolver {one} (stub of {})", words::addresses(&stub.upstreams, FEW))
        }
        ([one], _) => format!("resolver {one}"),
        (several, _) => {
            let shown: Vec<&str> = several.iter().take(FEW).map(String::as_str).collect();
            format!("resolvers {}", shown.join(", "))
        }
    }
}

fn proxy_words(v: &Vantage) -> String {
    match (&v.proxy.applies, &v.proxy.reason) {
        (Some(url), _) => format!("proxy {url}"),
        (None, ProxyReason::Exempted { entry }) => format!("no proxy (NO_PROXY entry {entry})"),
        (None, ProxyReason::OptionNone) => "no proxy (--proxy none)".to_owned(),
        (None, _) => "no proxy".to_owned(),
    }
}

/// The address of the target, in which a tunnel's is neither private nor public.
#[must_use]
pub fn target_dns(e: &Evidence) -> Fact {
    let mut fact = dns(&e.dns, &e.asked.expect);
    if let Some((_, made_up)) = tunnel::of_application(e) {
        let shown = words::addresses(&e.dns.effective(), FEW);
        let noun = made_up.maker.noun();
        fact.text = format!("{shown} ({noun}: the real target is not seen)");
    }
    fact
}

/// The address that applications get, and who agrees on it.
#[must_use]
pub fn dns(hop: &DnsHop, expect: &Expect) -> Fact {
    let counting = hop.effective();
    let took = hop.first_address_ms.or_else(|| longest(hop));
    if counting.is_empty() {
        let mut fact = Fact::new(Mark::Breaks, format!("no address for {}", hop.name), took);
        fact.notes = groups(&parties(hop)).into_iter().take(FEW + 1).collect();
        if fact.notes.is_empty() {
            fact = fact.note("no resolver was asked");
        }
        return fact;
    }
    let mut text = words::classed_addresses(&counting, FEW);
    if let Some(alias) = alias(hop, &counting) {
        text = format!("{alias} -> {text}");
    }
    if let Some(wanted) = not_as_wanted(hop, expect, &counting) {
        text = format!("{}, wanted {wanted}", words::classed_addresses(&counting, FEW));
    }
    let mut fact = Fact::new(Mark::Works, text, took);
    fact.notes = agreement(hop);
    fact
}

/// What was wanted, when no address that counts is of that kind.
fn not_as_wanted(hop: &DnsHop, expect: &Expect, counting: &[IpAddr]) -> Option<String> {
    let none = |fits: &dyn Fn(IpAddr) -> bool| !counting.iter().any(|address| fits(*address));
    let private = |address: IpAddr| classify(address).is_private();
    let public = |address: IpAddr| classify(address).is_public();
    match expect {
        Expect::Private if none(&private) => Some("private".to_owned()),
        Expect::Auto if hop.private_endpoint_seen() && none(&private) => Some("private".to_owned()),
        Expect::Public if none(&public) => Some("public".to_owned()),
        Expect::Cidr { .. } => {
            let inside = |address: IpAddr| expect.prefixes_hold(address) == Some(true);
            none(&inside).then(|| words::expect(expect))
        }
        _ => None,
    }
}

/// The end of the alias chain that leads to the addresses, the privatelink name first.
fn alias(hop: &DnsHop, counting: &[IpAddr]) -> Option<String> {
    let from = hop.resolvers.iter().find(|resolver| {
        resolver.addresses(&hop.name).iter().any(|address| counting.contains(address))
    })?;
    let aliases = from.aliases(&hop.name);
    let last = aliases.last()?;
    match aliases.iter().find(|alias| is_privatelink(alias)) {
        Some(private) if private != last => Some(format!("{private} -> ...")),
        _ => Some(last.clone()),
    }
}

/// Who was asked, and what each says: addresses, or why there is none.
fn parties(hop: &DnsHop) -> Vec<(String, Vec<IpAddr>, String)> {
    let system = hop.system_addresses();
    let mut all: Vec<(String, Vec<IpAddr>, String)> = hop
        .resolvers
        .iter()
        .map(|resolver| {
            let mut addresses = resolver.addresses(&hop.name);
            // A machine without IPv6 gets no AAAA from its system: that is no difference.
            if !system.is_empty() {
                addresses.retain(|a| system.iter().any(|b| a.is_ipv4() == b.is_ipv4()));
            }
            addresses.sort_unstable();
            addresses.dedup();
            let says = match addresses.is_empty() {
                true => words::question(&resolver.a),
                false => words::addresses(&addresses, FEW),
            };
            (resolver.label(), addresses, says)
        })
        .collect();
    if hop.system.saw().is_some() {
        let mut addresses = system.to_vec();
        addresses.sort_unstable();
        addresses.dedup();
        all.push(("the system".to_owned(), addresses, words::system(&hop.system)));
    }
    all
}

/// Those who say the same, each group in a line: `10.1.0.10, the system: 10.3.0.5`.
fn groups(parties: &[(String, Vec<IpAddr>, String)]) -> Vec<String> {
    let mut groups: Vec<(Vec<&str>, &[IpAddr], &str)> = Vec::new();
    for (who, addresses, says) in parties {
        let same = |group: &&mut (Vec<&str>, &[IpAddr], &str)| {
            group.1 == addresses.as_slice() && (!addresses.is_empty() || group.2 == says)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.0.push(who),
            None => groups.push((vec![who], addresses, says)),
        }
    }
    groups.iter().map(|(who, _, says)| format!("{}: {says}", who.join(", "))).collect()
}

/// Whether all agree, else who says what.
fn agreement(hop: &DnsHop) -> Vec<String> {
    let parties = parties(hop);
    let groups = groups(&parties);
    let names: Vec<&str> = parties.iter().map(|(who, _, _)| who.as_str()).collect();
    match (groups.len(), names.as_slice()) {
        (0, _) => Vec::new(),
        (1, [one]) => vec![format!("{one} was asked")],
        (1, [first @ .., last]) => vec![format!("{} and {last} agree", first.join(", "))],
        _ => groups.into_iter().take(FEW + 1).collect(),
    }
}

fn longest(hop: &DnsHop) -> Option<f64> {
    let asked = hop.resolvers.iter().flat_map(|r| [r.a.took_ms(), r.aaaa.took_ms()]);
    asked.chain([hop.system.took_ms()]).flatten().reduce(f64::max)
}

/// The connection of the target, which proves nothing where something on this machine took it.
#[must_use]
pub fn target_tcp(e: &Evidence) -> Fact {
    let mut fact = tcp(&e.tcp);
    let walked = e.tcp.saw().and_then(|tcp| tcp.walked_attempt());
    if let (Some(attempt), Some(who)) = (walked, tunnel::taken_by(e)) {
        fact.text = format!("{}: accepted here, proves nothing", endpoint(attempt));
        fact.notes.insert(0, format!("{who} took it: the real target is not seen at this hop"));
    }
    fact
}

/// The connection on which the walk went on, or why there is none.
#[must_use]
pub fn tcp(observed: &Observed<TcpHop>) -> Fact {
    let Observed::Ran { saw, took_ms, .. } = observed else {
        return not_done(observed);
    };
    let walked = saw.walked_attempt();
    let shown = walked.or(saw.attempts.first());
    let mut fact = match (walked, shown) {
        (Some(attempt), _) => Fact::new(Mark::Works, connected(attempt), Some(attempt.took_ms)),
        (None, Some(attempt)) => Fact::new(Mark::Breaks, failed(attempt), Some(*took_ms)),
        (None, None) => Fact::new(Mark::NotDone, "no address to connect to", None),
    };
    // A time is large or small beside a round trip: where it is large, both stand here.
    if let Some(attempt) = walked {
        fact.notes.extend(repeats(attempt));
    }
    let others = saw.attempts.iter().filter(|attempt| {
        !shown.is_some_and(|s| std::ptr::eq(s, *attempt))
            && attempt.outcome != TcpOutcome::Connected
    });
    let others: Vec<String> = others.map(failed).collect();
    fact.notes.extend(others.iter().take(FEW).cloned());
    if others.len() > FEW {
        fact.notes.push(match others.len() - FEW {
            1 => "and 1 more address".to_owned(),
            more => format!("and {more} more addresses"),
        });
    }
    fact
}

/// What had to be sent again, and the round trip beside it.
fn repeats(attempt: &TcpAttempt) -> Option<String> {
    let syn = attempt.syn_repeats.unwrap_or(0);
    let again = match (syn, attempt.lost()) {
        (0, 0) => return None,
        (0, lost) => format!("{} sent again", words::count(lost.into(), "segment")),
        (syn, 0) => format!("SYN sent {} times", syn + 1),
        (syn, lost) => {
            let more = words::count(lost.into(), "more segment");
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
            format!("{}: {}", endpoint(attempt), words::tcp_outcome(&attempt.outcome))
        }
        outcome => format!("{} {}", endpoint(attempt), words::tcp_outcome(outcome)),
    }
}

fn endpoint(attempt: &TcpAttempt) -> String {
    match &attempt.detour {
        Some(detour) => format!("{detour} (--connect-to, for {})", attempt.address),
        None => attempt.address.to_string(),
    }
}

/// The proxy and its tunnel, or where it fails.
#[must_use]
pub fn proxy(observed: &Observed<ProxyHop>) -> Fact {
    let Observed::Ran { saw, took_ms, .. } = observed else {
        return not_done(observed);
    };
    let took = Some(*took_ms);
    let text = |says: &str| format!("{}: {says}", saw.url);
    if let Some(outcome) = saw.connect.saw() {
        let mark = if saw.tunnel_stands() { Mark::Works } else { Mark::Breaks };
        return Fact::new(mark, text(&words::connect(outcome)), took);
    }
    if let Some(tcp) = saw.tcp.saw().filter(|tcp| tcp.walked.is_none()) {
        let says = tcp.attempts.first().map_or_else(|| "no address".to_owned(), failed);
        return Fact::new(Mark::Breaks, text(&says), took);
    }
    if let Some(name) = saw.dns.saw().filter(|name| name.effective().is_empty()) {
        let name = dns(name, &Expect::Any);
        return Fact { text: text(&name.text), took_ms: took, ..name };
    }
    let mark = match saw.connect {
        Observed::NotReached { .. } => Mark::Breaks,
        _ => Mark::NotDone,
    };
    Fact::new(mark, text(&words::not_done(&saw.connect).unwrap_or_default()), took)
}

/// The certificate and who vouches for it, or how the handshake ended.
#[must_use]
pub fn tls(observed: &Observed<TlsHop>) -> Fact {
    let Observed::Ran { saw, took_ms, .. } = observed else {
        return not_done(observed);
    };
    let took = Some(*took_ms);
    let leaf = saw.chain.first();
    let name = leaf.map(|leaf| words::certificate_name(leaf, &saw.server_name));
    if saw.outcome != TlsOutcome::Verified {
        let fact = Fact::new(Mark::Breaks, words::tls_outcome(saw), took);
        let (Some(leaf), Some(name)) = (leaf, name) else {
            return fact;
        };
        let issuer = leaf.issuer_common_name.as_deref().unwrap_or(&leaf.issuer);
        return fact
            .note(format!("{name}, {}, issued by {issuer}", words::days_left(leaf.days_left)));
    }
    let mut parts: Vec<String> = name.map(str::to_owned).into_iter().collect();
    parts.extend(saw.accepted_by.map(|store| store.root().to_owned()));
    parts.extend(leaf.map(|leaf| words::days_left(leaf.days_left)));
    parts.extend(saw.negotiated.as_ref().map(|n| n.version.clone()));
    Fact::new(Mark::Works, parts.join(", "), took)
}

/// The credential in hand, and whether it was sent.
#[must_use]
pub fn identity(hop: &IdentityHop) -> Fact {
    let mut fact = match &hop.acquisition {
        Some(how) => super::token::fact(hop, how),
        None => at_hand(hop),
    };
    let told = [None, Some(Withheld::NoToken)].contains(&hop.withheld);
    if let Some(why) = hop.withheld.filter(|_| hop.kind != CredentialKind::None && !told) {
        fact = fact.note(format!("not sent: {}", words::withheld(why)));
    }
    if let Some(seconds) = hop.claims.as_ref().and_then(|claims| claims.expires_in_s) {
        fact = fact.note(match seconds {
            ..0 => format!("expired {} min ago", seconds.unsigned_abs() / 60),
            _ => format!("expires in {} min", seconds / 60),
        });
    }
    fact
}

/// A credential that was at hand, or none.
fn at_hand(hop: &IdentityHop) -> Fact {
    let mut text = words::credential(hop.kind).to_owned();
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
        fact = fact.note(format!("of old SDKs, not read: {}", old.join(", ")));
    }
    fact
}

/// The answer to the call, or how it ended.
#[must_use]
pub fn http(observed: &Observed<HttpHop>) -> Fact {
    let (saw, took_ms) = match observed {
        Observed::Ran { saw, took_ms, .. } => (saw, *took_ms),
        Observed::NotAsked { by: Choice::ServiceHasNoCall } => {
            return Fact::new(Mark::NotDone, words::choice(Choice::ServiceHasNoCall), None);
        }
        other => return not_done(other),
    };
    let Some(main) = saw.main() else {
        return Fact::new(Mark::NotDone, "no call was made", None);
    };
    let mut mark = Mark::Works;
    let mut text = words::http_call(main);
    match main.answer().map(|answer| answer.status) {
        Some(200..=299 | 429) => {}
        Some(401) if !main.credential_sent => {
            let service = main.answer().is_some_and(|answer| answer.error.is_some());
            if service {
                text = "401, as it should be without a credential".to_owned();
            }
        }
        _ => mark = Mark::Breaks,
    }
    let mut fact = Fact::new(mark, text, Some(took_ms));
    for call in saw.calls.iter().skip(1).filter(|call| call.purpose == Purpose::Deployment) {
        fact = fact.note(format!("deployment: {}", words::http_call(call)));
    }
    fact
}
