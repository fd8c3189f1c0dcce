//! The facts of one handshake in words that the rules of this hop share: with whom, through
//! what, which certificate, which faults beside the first.

use std::net::IpAddr;

use super::{bundles, experiments};
use crate::diagnose::headline::Clause;
use crate::diagnose::rules::proxy::exempt;
use crate::diagnose::rules::tcp::{attempts, terminated};
use crate::diagnose::wording::has_words;
use crate::diagnose::{Because, View, headline, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::tls::{
    Certificate, CertificateFault as Fault, Store, StoreVerdict, TlsHop, TlsOutcome,
};
use crate::evidence::{Evidence, tunnel};

/// The fault for which the certificate was rejected.
pub(super) fn rejected<'a>(e: &'a View<'_>) -> Option<(&'a TlsHop, &'a Fault)> {
    let hop = e.tls.saw()?;
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
        .saw()
        .and_then(|tcp| tcp.walked_attempt())
        .map_or_else(|| format!("{}:{}", e.target.host, e.target.port), attempts::peer)
}

/// The address that the walk's connection went to, if it was a direct one.
pub(super) fn address(e: &Evidence) -> Option<IpAddr> {
    Some(e.tcp.saw()?.walked_attempt()?.connected_to().ip())
}

/// The clause of the first line: the peer, what it does, and through which proxy.
pub(super) fn clause(e: &View<'_>, does: &str) -> Clause {
    let peer = peer(e);
    match e.proxy.saw() {
        Some(proxy) => headline::fitting(&[
            format!("{peer} {does} through the proxy {}", proxy.url),
            format!("{peer} {does} through the proxy"),
            format!("{peer} {does}"),
        ]),
        None => headline::fitting(&[format!("{peer} {does}"), format!("the peer {does}")]),
    }
}

/// A finding on this handshake, with the way that leads to the peer as its first fact.
pub(super) fn finding(e: &View<'_>, level: Level, sure: Sure, says: impl Into<Clause>) -> Because {
    let because = Because::new(level, sure, says).read_at("/tls");
    let name = e.tls.saw().map_or(e.target.host.as_str(), |hop| hop.server_name.as_str());
    if let Some(proxy) = e.proxy.saw() {
        return because
            .seen(format!(
                "through the proxy {}: CONNECT {}:{} opens the tunnel; SNI {name}",
                proxy.url, e.target.host, e.target.port
            ))
            .read_at("/proxy/saw/connect");
    }
    match e.tcp.saw().and_then(|tcp| tcp.walked_attempt()) {
        Some(attempt) => because
            .seen(format!("{}; SNI {name}", attempts::words(e, attempt)))
            .read_at("/tcp/saw/attempts"),
        None => because.seen(format!("SNI {name}")),
    }
}

/// Whether a service of Azure would speak TLS, and nothing else, where this connection went: its
/// own name, port 443, no detour.
pub(super) fn azure_speaks_tls_here(e: &View<'_>) -> bool {
    e.target.public_suffix.is_some() && e.target.port == 443 && !e.asked.detoured
}

/// Whether what acknowledges data is known to be no nearer than the peer: no proxy, and no sign
/// that this machine or a device on the way takes connections. What is acknowledged by something
/// nearer says nothing of the path behind that.
pub(super) fn peer_acknowledges(e: &View<'_>) -> bool {
    !reading::proxied(e) && tunnel::taken_here(e).is_none() && !terminated::on_the_way(e)
}

/// A broken handshake.
pub(super) fn broken(e: &View<'_>, sure: Sure, does: &str) -> Because {
    finding(e, Level::Broken, sure, clause(e, does))
}

/// A handshake that works for some clients alone.
pub(super) fn at_risk(e: &View<'_>, sure: Sure, says: impl Into<Clause>) -> Because {
    finding(e, Level::Risk, sure, says)
}

/// A broken handshake, in words of its own.
pub(super) fn broken_as(e: &View<'_>, sure: Sure, says: impl Into<Clause>) -> Because {
    finding(e, Level::Broken, sure, says.into().or(clause(e, "does not answer as it should")))
}

/// Adds, for a handshake inside a tunnel, that the proxy may be what fails, what the direct
/// path shows, and how to take it. Changes nothing without a proxy.
pub(super) fn beside_the_proxy(because: Because, e: &View<'_>) -> Because {
    if !reading::proxied(e) {
        return because;
    }
    exempt::way_around(because, e)
}

/// The team that mends a handshake: inside a tunnel the proxy's, or the application's own
/// where it needs no proxy; else the network's.
pub(super) fn owner(e: &View<'_>) -> &'static str {
    if reading::proxied(e) { exempt::owner(e) } else { "Network" }
}

/// Renews or replaces the certificate of what answers.
pub(super) fn new_certificate(e: &View<'_>, verb: &str) -> Step {
    Step::shared(
        format!("{verb} the certificate at {}", peer(e)),
        "every client of what answers there",
    )
    .undo("put back the copy of the old certificate and its key")
}

/// Lets one name pass through whatever filters it.
pub(super) fn allow_by_name(e: &View<'_>, name: &str) -> Step {
    Step::shared(
        format!(
            "if a rule blocks it, and not deliberately: allow {name}, port {}, by its name (Azure \
             Firewall: an application rule with this one FQDN; a wildcard would open the accounts \
             of every tenant)",
            e.target.port
        ),
        "what every client behind that firewall may reach",
    )
    .undo("remove the rule")
    .opens()
}

/// The team that runs what answers: where that is Azure by its name, Azure's platform only once
/// it is certain that nothing else answers in its place, which no certificate that fails shows.
pub(super) fn server_owner(e: &View<'_>) -> &'static str {
    match (reading::proxied(e), e.target.public_suffix.is_some()) {
        (true, _) => owner(e),
        (false, true) => "Network (what answers in front of the service)",
        (false, false) => "Server (what answers at the address)",
    }
}

/// Adds what the ClientHello of limited life showed, where it was sent (fact T23: silence of
/// routers tells nothing).
pub(super) fn traced(because: Because, e: &View<'_>) -> Because {
    let Some(trace) = e.tls.hello_trace() else { return because };
    let says = match (trace.last, trace.cut) {
        (Some((ttl, from)), Some(cut)) => format!(
            "the ClientHello with a life of {ttl} ends at hop {ttl}, {from}; with one of {cut} the \
             connection is cut: by what stands behind hop {}, at hop {cut} at the latest",
            cut.saturating_sub(1)
        ),
        (None, Some(cut)) => format!(
            "the ClientHello with a life of {cut} has the connection cut, and no hop before says \
             that one ended there"
        ),
        (Some((ttl, from)), None) => format!(
            "the last router that sees the ClientHello and says so is hop {ttl}, {from}: it is \
             lost behind that one, or what stands there says nothing"
        ),
        (None, None) => return because,
    };
    because.known_by(says).read_at(trace.place)
}

/// Adds the command that would tell, where `--deep` was not given.
pub(super) fn deeper(because: Because, e: &View<'_>) -> Because {
    if !e.experiments.needs_deep(experiments::FOREIGN) {
        return because;
    }
    because.tells_it(format!(
        "{}  # names that lists of allowed names carry, and the hop that cuts",
        reading::again_with(e, "--deep")
    ))
}

/// Adds what the account's sibling name shows at the same address, beside a certificate that
/// was rejected.
pub(super) fn sibling(because: Because, e: &View<'_>) -> Because {
    let Some((pointer, name, x)) = e.tls.control_name() else { return because };
    let says = match x.tls.as_ref().map(|seen| &seen.outcome) {
        Some(TlsOutcome::Verified) => format!(
            "at the same address SNI {name} shows a certificate that verifies: this name alone is \
             answered by something else, which decides by the name"
        ),
        Some(TlsOutcome::CertificateRejected { fault: Fault::UnknownIssuer }) => format!(
            "SNI {name} gets a certificate of an unknown issuer as well: all names of the account \
             are answered so, not this one alone"
        ),
        Some(TlsOutcome::CertificateRejected { fault: Fault::WrongName }) => format!(
            "nor does the certificate for SNI {name} at the same address cover that name: no name \
             of the account is served there"
        ),
        _ => return because,
    };
    because.known_by(says).read_at(pointer)
}

/// Whether the same name verifies on the direct path: then the proxy makes the difference.
pub(super) fn verifies_directly(e: &View<'_>) -> bool {
    matches!(exempt::direct(e), exempt::Direct::Verified(_))
        && e.direct
            .saw()
            .and_then(|path| path.tls.saw())
            .is_some_and(|tls| tls.accepted_by == Some(Store::Public))
}

/// An `openssl s_client` on the same way, with `more` options.
pub(super) fn s_client(e: &View<'_>, more: &str) -> String {
    let name = e.tls.saw().map_or(e.target.host.as_str(), |hop| hop.server_name.as_str());
    s_client_named(e, name, more)
}

/// The same, asking for another name.
pub(super) fn s_client_named(e: &View<'_>, name: &str, more: &str) -> String {
    let way = match e.proxy.saw() {
        Some(proxy) => format!(
            "-proxy {}:{} -connect {}:{}",
            proxy.host, proxy.port, e.target.host, e.target.port
        ),
        None => format!("-connect {}", peer(e)),
    };
    let more = if more.is_empty() { String::new() } else { format!(" {more}") };
    format!("openssl s_client {way} -servername {name}{more} </dev/null")
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

/// Whether the issuer's organisation is one that signs for Azure (facts S5-S8).
pub(super) fn azure_issuer(certificate: &Certificate) -> bool {
    certificate.issuer_organization.as_deref().is_some_and(|organization| {
        ["Microsoft Corporation", "DigiCert"].iter().any(|wanted| has_words(organization, wanted))
    })
}

/// Whether Microsoft's own authority signed it: that one signs for Microsoft's services alone.
pub(super) fn microsofts_issuer(certificate: &Certificate) -> bool {
    let organization = certificate.issuer_organization.as_deref();
    organization.is_some_and(|name| has_words(name, "Microsoft Corporation"))
}

/// Whether the public roots find nothing wrong with the chain but its names.
pub(super) fn public_chain(hop: &TlsHop) -> bool {
    hop.verdicts
        .iter()
        .any(|verdict| verdict.store == Store::Public && verdict.fault == Some(Fault::WrongName))
}

/// What one set of roots says, in words.
fn verdict_words(verdict: &StoreVerdict) -> String {
    let store = verdict.store.describe();
    let says = verdict.fault.as_ref().map_or("accepted", Fault::describe);
    format!("{store} ({}): {says}", verdict.anchors)
}

/// Adds the certificate's facts, what each store says, and the faults beside the first one:
/// a verifier names only one, in its own order (expiry, then issuer, then name).
pub(super) fn certificate(mut because: Because, hop: &TlsHop, fault: Option<&Fault>) -> Because {
    let Some(leaf) = hop.chain.first() else { return because };
    because = because
        .seen(format!(
            "certificate for {}, issued by {}, valid {} to {}",
            names(leaf),
            leaf.issuer,
            leaf.not_before,
            leaf.not_after
        ))
        .read_at("/tls/saw/chain/0");
    if !hop.verdicts.is_empty() {
        let verdicts: Vec<String> = hop.verdicts.iter().map(verdict_words).collect();
        because = because.seen(verdicts.join("; ")).read_at("/tls/saw/verdicts");
    }
    because = bundles::said(because, hop);
    let is = |wanted: &Fault| fault == Some(wanted);
    if !leaf.covers_target && fault.is_some() && !is(&Fault::WrongName) {
        because = because.seen(format!("its names do not cover {} either", hop.server_name));
    }
    if leaf.days_left < 0 && !is(&Fault::Expired) {
        because = because.seen("it is also past its end of validity");
    }
    if leaf.not_yet_valid && !is(&Fault::NotYetValid) {
        because = because.seen("it is also before its start of validity");
    }
    if leaf.self_issued && !is(&Fault::UnknownIssuer) {
        because = because.seen("it is also self-signed");
    }
    because
}

/// Said after every rejected certificate: the secret is safe.
pub(super) const NOTHING_SENT: &str = "nothing was sent after the certificate was rejected";
