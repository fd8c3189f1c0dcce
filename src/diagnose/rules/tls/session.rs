//! The facts of one handshake as the rules of this hop state them: the peer, the proxy, the
//! certificate, and faults other than the first.

use std::net::IpAddr;

use super::{ca_bundles, experiments};
use crate::diagnose::headline::Clause;
use crate::diagnose::rules::proxy::no_proxy;
use crate::diagnose::rules::tcp::{attempts, terminated};
use crate::diagnose::word_match::has_words;
use crate::diagnose::{FindingBuilder, View, headline, reading, timing};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::tls::{
    Certificate, CertificateFault as Fault, Store, StoreVerdict, TlsHop, TlsOutcome,
};
use crate::evidence::{Evidence, tunnel};

/// The fault for which the certificate was rejected.
pub(super) fn rejected<'a>(e: &'a View<'_>) -> Option<(&'a TlsHop, &'a Fault)> {
    let hop = e.tls.value()?;
    match &hop.outcome {
        TlsOutcome::CertificateRejected { fault } => Some((hop, fault)),
        _ => None,
    }
}

/// The peer: address and port, or, through a proxy, only "the peer".
pub(super) fn peer(e: &View<'_>) -> String {
    if reading::proxied(e) {
        return "the peer".to_owned();
    }
    e.tcp
        .value()
        .and_then(|tcp| tcp.walked_attempt())
        .map_or_else(|| format!("{}:{}", e.target.host, e.target.port), attempts::peer)
}

/// The address that the walk's connection went to, if it was a direct one.
pub(super) fn address(e: &Evidence) -> Option<IpAddr> {
    Some(e.tcp.value()?.walked_attempt()?.connected_to().ip())
}

/// The clause of the first line: the peer, what it does, and through which proxy.
pub(super) fn clause(e: &View<'_>, does: &str) -> Clause {
    let peer = peer(e);
    match e.proxy.value() {
        Some(proxy) => headline::fitting(&[
            format!("{peer} {does} through the proxy {}", proxy.url),
            format!("{peer} {does} through the proxy"),
            format!("{peer} {does}"),
        ]),
        None => headline::fitting(&[format!("{peer} {does}"), format!("the peer {does}")]),
    }
}

/// A finding on this handshake, with the path to the peer as its first fact.
pub(super) fn finding(
    e: &View<'_>,
    level: Level,
    confidence: Confidence,
    message: impl Into<Clause>,
) -> FindingBuilder {
    let finding = FindingBuilder::new(level, confidence, message).cites("/tls");
    let name = e.tls.value().map_or(e.target.host.as_str(), |hop| hop.server_name.as_str());
    if let Some(proxy) = e.proxy.value() {
        return finding
            .fact(format!(
                "through the proxy {}: CONNECT {}:{} opens the tunnel; SNI {name}",
                proxy.url, e.target.host, e.target.port
            ))
            .cites("/proxy/value/connect");
    }
    match e.tcp.value().and_then(|tcp| tcp.walked_attempt()) {
        Some(attempt) => finding
            .fact(format!("{}; SNI {name}", attempts::describe(e, attempt)))
            .cites("/tcp/value/attempts"),
        None => finding.fact(format!("SNI {name}")),
    }
}

/// Whether an Azure service would speak only TLS where this connection went: its own name and port,
/// no detour.
pub(super) fn azure_speaks_tls_here(e: &View<'_>) -> bool {
    let own = reading::service(e).is_some_and(|service| service.port == e.target.port);
    own && e.target.public_suffix.is_some() && !e.options.connect_to_given
}

/// Whether the peer itself acknowledges data: no proxy, and no sign that this machine or a device
/// on the way accepts connections. What a nearer device acknowledges shows nothing of the path
/// behind it.
pub(super) fn peer_acknowledges(e: &View<'_>) -> bool {
    !reading::proxied(e) && tunnel::taken_here(e).is_none() && !terminated::on_the_way(e)
}

/// A broken handshake.
pub(super) fn broken(e: &View<'_>, confidence: Confidence, does: &str) -> FindingBuilder {
    finding(e, Level::Broken, confidence, clause(e, does))
}

/// A handshake that works only for some clients.
pub(super) fn at_risk(
    e: &View<'_>,
    confidence: Confidence,
    message: impl Into<Clause>,
) -> FindingBuilder {
    finding(e, Level::Risk, confidence, message)
}

/// A broken handshake, with its own headline.
pub(super) fn broken_as(
    e: &View<'_>,
    confidence: Confidence,
    message: impl Into<Clause>,
) -> FindingBuilder {
    finding(
        e,
        Level::Broken,
        confidence,
        message.into().or(clause(e, "does not answer as it should")),
    )
}

/// Adds, for a handshake inside a tunnel, that the proxy may be at fault, what the direct path
/// shows, and how to use it. Changes nothing without a proxy.
pub(super) fn with_proxy_bypass(finding: FindingBuilder, e: &View<'_>) -> FindingBuilder {
    if !reading::proxied(e) {
        return finding;
    }
    no_proxy::bypass_advice(finding, e)
}

/// The team that can fix a handshake: inside a tunnel the proxy's, or the application's own where
/// it needs no proxy; else the network's.
pub(super) fn owner(e: &View<'_>) -> &'static str {
    if reading::proxied(e) { no_proxy::owner(e) } else { "Network" }
}

/// Renews or replaces the certificate of the server that answers.
pub(super) fn new_certificate(e: &View<'_>, verb: &str) -> Step {
    Step::shared(
        format!("{verb} the certificate at {}", peer(e)),
        "every client of the server that answers there",
    )
    .undo("put back the copy of the old certificate and its key")
}

/// Renews or replaces the certificate at `index` of the chain: an intermediate one is its authority's,
/// and only what the server sends of it can be changed.
pub(super) fn renewed(e: &View<'_>, index: usize, verb: &str) -> Step {
    let chain = e.tls.value().map_or(&[][..], |hop| hop.chain.as_slice());
    let (Some(leaf), Some(_)) = (chain.first(), chain.get(index).filter(|_| index > 0)) else {
        return new_certificate(e, verb);
    };
    let when = verb.rsplit_once(", ").map_or_else(String::new, |(when, _)| format!("{when}, "));
    Step::shared(
        format!(
            "{when}replace the intermediate certificate that is sent at {} by its authority's current \
             one, and renew the server's own, valid until {}, only if that one did not sign it",
            peer(e),
            timing::day(&leaf.not_after)
        ),
        "every client of the server that answers there",
    )
    .undo("put back the copy of the old chain")
}

/// Allows one name through a filter.
pub(super) fn allow_by_name(e: &View<'_>, name: &str) -> Step {
    Step::shared(
        format!(
            "if a rule blocks it, and not deliberately: allow {name}, port {}, by name (Azure \
             Firewall: an application rule with this one FQDN; a wildcard would open the accounts \
             of every tenant)",
            e.target.port
        ),
        "the hosts that every client behind that firewall may reach",
    )
    .undo("remove the rule")
    .opens()
}

/// The team that runs the server that answers. A certificate that fails does not show that Azure
/// itself answers, so Azure's platform team is not the owner even for a name of Azure.
pub(super) fn server_owner(e: &View<'_>) -> &'static str {
    match (reading::proxied(e), e.target.public_suffix.is_some()) {
        (true, _) => owner(e),
        (false, true) => "Network (the server in front of the service)",
        (false, false) => "Server (at this address)",
    }
}

/// Adds what the TTL-limited ClientHello showed, where it was sent (fact T23: silence of routers
/// means nothing).
pub(super) fn cite_trace(finding: FindingBuilder, e: &View<'_>) -> FindingBuilder {
    let Some(trace) = e.tls.hello_trace() else { return finding };
    let message = match (trace.last, trace.cut) {
        (Some((ttl, from)), Some(cut)) => format!(
            "the ClientHello with TTL {ttl} expires at hop {ttl}, {from}; with TTL {cut} the \
             connection is cut: by a device behind hop {}, at hop {cut} at the latest",
            cut.saturating_sub(1)
        ),
        (None, Some(cut)) => format!(
            "with TTL {cut} the ClientHello makes a device cut the connection, and no earlier hop \
             reports one as expired"
        ),
        (Some((ttl, from)), None) => format!(
            "the last router that reports the ClientHello is hop {ttl}, {from}: it is lost behind \
             that router, or the routers there do not report it"
        ),
        (None, None) => return finding,
    };
    finding.reasoning(message).cites(trace.place)
}

/// Adds the command that would show more, where `--deep` was not given.
pub(super) fn suggest_deep(finding: FindingBuilder, e: &View<'_>) -> FindingBuilder {
    if !e.experiments.needs_deep(experiments::UNRELATED_NAME) {
        return finding;
    }
    finding.decide_with(format!(
        "{}  # tries names that allow lists include, and finds the hop that cuts",
        reading::again_with(e, "--deep")
    ))
}

/// Adds what the account's sibling name shows at the same address, for comparison with the rejected
/// certificate.
pub(super) fn cite_sibling(finding: FindingBuilder, e: &View<'_>) -> FindingBuilder {
    let Some((pointer, name, x)) = e.tls.control_name() else { return finding };
    let message = match x.tls.as_ref().map(|seen| &seen.outcome) {
        Some(TlsOutcome::Verified) => format!(
            "at the same address SNI {name} shows a certificate that verifies: only this name is \
             answered by another server, selected by name"
        ),
        Some(TlsOutcome::CertificateRejected { fault: Fault::UnknownIssuer }) => format!(
            "SNI {name} gets a certificate of an unknown issuer as well: all names of the account \
             are affected, not only this one"
        ),
        Some(TlsOutcome::CertificateRejected { fault: Fault::WrongName }) => format!(
            "the certificate for SNI {name} at the same address does not cover that name either: \
             no name of the account is served there"
        ),
        _ => return finding,
    };
    finding.reasoning(message).cites(pointer)
}

/// Whether the same name verifies on the direct path: then the proxy makes the difference.
pub(super) fn verifies_directly(e: &View<'_>) -> bool {
    matches!(no_proxy::direct(e), no_proxy::Direct::Verified(_))
        && e.direct
            .value()
            .and_then(|path| path.tls.value())
            .is_some_and(|tls| tls.accepted_by == Some(Store::Public))
}

/// An `openssl s_client` over the same path, with `more` options.
pub(super) fn s_client(e: &View<'_>, more: &str) -> String {
    let name = e.tls.value().map_or(e.target.host.as_str(), |hop| hop.server_name.as_str());
    s_client_named(e, name, more)
}

/// The same, for another name.
pub(super) fn s_client_named(e: &View<'_>, name: &str, more: &str) -> String {
    let way = match e.proxy.value() {
        Some(proxy) => format!(
            "-proxy {}:{} -connect {}:{}",
            proxy.host, proxy.port, e.target.host, e.target.port
        ),
        None => format!("-connect {}", peer(e)),
    };
    let more = if more.is_empty() { String::new() } else { format!(" {more}") };
    let ask = reading::service(e).and_then(|service| service.opening.tls_request());
    let ask = ask.map_or_else(String::new, |ask| format!(" -starttls {}", ask.starttls));
    format!("openssl s_client {way} -servername {name}{ask}{more} </dev/null")
}

/// The names of a certificate for people: three of them, and how many more there are.
pub(super) fn names(certificate: &Certificate) -> String {
    let shown: Vec<&str> = certificate.names.iter().take(3).map(String::as_str).collect();
    let count = usize::try_from(certificate.names_count).unwrap_or(usize::MAX);
    match count.saturating_sub(shown.len()) {
        0 if shown.is_empty() => "no name".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The issuer's name for people: its common name, else the whole of it.
pub(super) fn issuer(certificate: &Certificate) -> &str {
    certificate.issuer_common_name.as_deref().unwrap_or(&certificate.issuer)
}

/// Whether the issuer's organisation signs for Azure (facts S5-S8).
pub(super) fn azure_issuer(certificate: &Certificate) -> bool {
    certificate.issuer_organization.as_deref().is_some_and(issued_for_azure)
}

/// Whether an issuer, as a tool prints it, names an authority that signs for Azure.
pub(in crate::diagnose) fn issued_for_azure(issuer: &str) -> bool {
    ["Microsoft Corporation", "DigiCert"].iter().any(|wanted| has_words(issuer, wanted))
}

/// Whether Microsoft's own authority signed it, which signs only for Microsoft's services.
pub(super) fn microsofts_issuer(certificate: &Certificate) -> bool {
    let organization = certificate.issuer_organization.as_deref();
    organization.is_some_and(|name| has_words(name, "Microsoft Corporation"))
}

/// Whether the public roots reject nothing but the names of the chain.
pub(super) fn public_chain(hop: &TlsHop) -> bool {
    hop.verdicts
        .iter()
        .any(|verdict| verdict.store == Store::Public && verdict.fault == Some(Fault::WrongName))
}

/// The verdict of one trust store, in words.
fn verdict_words(verdict: &StoreVerdict) -> String {
    let store = verdict.store.describe();
    let message = verdict.fault.as_ref().map_or("accepted", Fault::describe);
    format!("{store} ({}): {message}", verdict.anchors)
}

/// Adds the certificate's facts, the verdict of each store, and further faults: the
/// outcome names one.
pub(super) fn cite_certificate(
    mut finding: FindingBuilder,
    hop: &TlsHop,
    fault: Option<&Fault>,
) -> FindingBuilder {
    let Some(leaf) = hop.chain.first() else { return finding };
    finding = finding
        .fact(format!(
            "certificate for {}, issued by {}, valid {} to {}",
            names(leaf),
            leaf.issuer,
            leaf.not_before,
            leaf.not_after
        ))
        .cites("/tls/value/chain/0");
    if !hop.verdicts.is_empty() {
        let verdicts: Vec<String> = hop.verdicts.iter().map(verdict_words).collect();
        finding = finding.fact(verdicts.join("; ")).cites("/tls/value/verdicts");
    }
    finding = ca_bundles::cite(finding, hop);
    let is = |wanted: &Fault| fault == Some(wanted);
    if !leaf.covers_target && fault.is_some() && !is(&Fault::WrongName) {
        finding = finding.fact(format!("its names do not cover {} either", hop.server_name));
    }
    if leaf.days_left < 0 && !is(&Fault::Expired) {
        finding = finding.fact("it has also expired");
    }
    if !is(&Fault::Expired) {
        for (_, above) in hop.path().into_iter().skip(1).filter(|(_, one)| one.days_left < 0) {
            finding = finding.fact(format!(
                "the certificate above it, {}, expired on {}",
                above.subject,
                timing::day(&above.not_after)
            ));
        }
    }
    if leaf.not_yet_valid && !is(&Fault::NotYetValid) {
        finding = finding.fact("it is also not yet valid");
    }
    if leaf.self_issued && !is(&Fault::UnknownIssuer) {
        finding = finding.fact("it is also self-signed");
    }
    finding
}

/// That a certificate for a name of Azure has an issuer that does not sign for Azure.
pub(super) fn not_azures(e: &View<'_>, certificate: &Certificate) -> Option<String> {
    let other = e.target.public_suffix.is_some() && !azure_issuer(certificate);
    other.then(|| {
        format!(
            "its issuer, {}, does not sign for Azure: it belongs to a gateway or an inspecting \
             device",
            issuer(certificate)
        )
    })
}

/// Where the direct path verifies and the proxied one does not.
pub(super) const PROXY_REPLACES: &str =
    "on the direct path the same name shows a certificate that verifies: the proxy replaces it";

/// Added after every rejected certificate: the secret is safe.
pub(super) const NOTHING_SENT: &str = "nothing was sent after the certificate was rejected";
