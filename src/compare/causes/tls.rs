//! Why one handshake verifies and the other does not.

use super::{Explanation, Row};
use crate::compare::rows;
use crate::compare::view::{Party, View, ahead};
use crate::evidence::Hop;
use crate::evidence::text::unix_seconds;
use crate::evidence::tls::{Certificate, CertificateFault, Store, TlsHop, TlsOutcome};
use crate::render::text;

/// Seconds by which a clock may be wrong before it can explain a certificate's dates.
const CLOCK_S: u64 = 300;

pub(super) const ROWS: &[Row] = &[
    Row::new("other-issuer", &[Hop::Tls], "Security", other_issuer),
    Row::new("clock", &[Hop::Vantage, Hop::Tls, Hop::Identity], "Server", clock),
    Row::new("trust-store", &[Hop::Tls], "Security", trust_store),
    Row::new("other-chain", &[Hop::Tls], "Azure platform", other_chain),
    Row::new("other-certificate", &[Hop::Tls], "Azure platform", other_certificate),
    Row::new("handshake-path", &[Hop::Tls], "Network", handshake_path),
];

fn hop<'a>(party: &Party<'a>) -> Option<&'a TlsHop> {
    party.e().tls.value()
}

fn leaf<'a>(party: &Party<'a>) -> Option<&'a Certificate> {
    hop(party)?.chain.first()
}

/// The fault that public roots find, if they were asked.
fn public(hop: &TlsHop) -> Option<Option<&CertificateFault>> {
    let verdict = hop.verdicts.iter().find(|one| one.store == Store::Public)?;
    Some(verdict.fault.as_ref())
}

fn issuer(certificate: &Certificate) -> &str {
    let organisation = certificate.issuer_organization.as_deref();
    organisation.or(certificate.issuer_common_name.as_deref()).unwrap_or(&certificate.issuer)
}

/// Whether its own diagnosis says that certificates are missing from the chain.
fn incomplete(party: &Party<'_>) -> bool {
    party.report.verdict.cause.as_deref() == Some("tls-incomplete-chain")
}

/// A public root, or one that the user named, knows one issuer, and not the other.
fn other_issuer(v: &View<'_>) -> Option<Explanation> {
    let (good, bad) = (leaf(&v.good)?, leaf(&v.bad)?);
    let (one, other) = (hop(&v.good)?, hop(&v.bad)?);
    let known = public(one).is_some_and(|fault| fault.is_none());
    let unknown = matches!(
        public(other),
        Some(Some(CertificateFault::UnknownIssuer | CertificateFault::Other { .. }))
    );
    // Or by the roots that decide, as with --ca-file.
    let rejected = matches!(
        other.outcome,
        TlsOutcome::CertificateRejected { fault: CertificateFault::UnknownIssuer }
    );
    let differ = known && unknown || one.accepted_by.is_some() && rejected;
    // The issuer of an incomplete chain is unknown because its certificate is missing.
    (good.issuer != bad.issuer && differ && !incomplete(&v.bad)).then(|| {
        let organisations = [issuer(good), issuer(bad)];
        let same = organisations[0] == organisations[1];
        let names = if same { [good.issuer.as_str(), &bad.issuer] } else { organisations };
        Explanation::new(format!(
            "{}'s certificate is issued by {}, {}'s issuer claims to be {}",
            v.good.letter, names[0], v.bad.letter, names[1]
        ))
        .because(format!(
            "No {} knows {}'s issuer: something on that path presents its own \
             certificate, as TLS inspection does, or another server answers; {}",
            if known { "public root" } else { "root that decides" },
            v.bad.letter,
            v.either(
                "it is on the way of that machine",
                "it came into the path between the two reports"
            )
        ))
        .proved_if(same_address(v) && !same)
    })
}

/// The same kind of issuer, and a chain from which one side's server leaves certificates out.
fn other_chain(v: &View<'_>) -> Option<Explanation> {
    let (good, bad) = (hop(&v.good)?, hop(&v.bad)?);
    let sends = |hop: &TlsHop| text::count(hop.chain_length.into(), "certificate");
    (incomplete(&v.bad) && good.chain_length > bad.chain_length).then(|| {
        Explanation::new(format!(
            "{}'s server sends {}, {}'s sends {}: its chain is incomplete",
            v.good.letter,
            sends(good),
            v.bad.letter,
            sends(bad)
        ))
        .because("What leads from the certificate to a root is missing on one side")
        .with(v.shown(&["tls.issuer", "dns.addresses", "proxy.applies"]))
    })
}

/// Whether both handshakes went to one address, or through one proxy.
fn same_address(v: &View<'_>) -> bool {
    v.good.address() == v.bad.address() && !v.differs(&["proxy.applies"])
}

/// Whether both got the same certificate.
fn same_certificate(v: &View<'_>) -> Option<bool> {
    Some(leaf(&v.good)?.sha256 == leaf(&v.bad)?.sha256)
}

fn clock(v: &View<'_>) -> Option<Explanation> {
    let (good, bad) = (rows::clock_ahead_s(v.good.report), rows::clock_ahead_s(v.bad.report)?);
    let explained = match &hop(&v.bad)?.outcome {
        TlsOutcome::CertificateRejected {
            fault: CertificateFault::Expired | CertificateFault::NotYetValid,
        } => dates_fit(&v.bad, bad),
        TlsOutcome::CertificateRejected { .. } => false,
        _ => v.differs(&["identity.expired", "identity.outcome"]),
    };
    let off = |seconds: i64| seconds.unsigned_abs() > CLOCK_S;
    let right = match good {
        Some(_) => "is not",
        None => "is not known",
    };
    (explained && off(bad) && !good.is_some_and(off)).then(|| {
        Explanation::new(format!(
            "{}'s clock is {} of the service's, {}'s {right}",
            v.bad.letter,
            ahead(bad),
            v.good.letter
        ))
        .because("Dates of certificates and tokens are judged by this clock")
        .proved_if(good.is_some() && same_certificate(v) == Some(true))
    })
}

/// Whether the certificate is valid by the service's clock, and this clock is what rejects a
/// certificate of the chain.
fn dates_fit(party: &Party<'_>, ahead: i64) -> bool {
    let valid = |certificate: &Certificate, at: i64| {
        let begins = unix_seconds(&certificate.not_before);
        let ends = unix_seconds(&certificate.not_after);
        begins.zip(ends).is_some_and(|(begins, ends)| (begins..=ends).contains(&at))
    };
    let chain = hop(party).map(|hop| hop.chain.as_slice()).unwrap_or_default();
    let Some(here) = unix_seconds(&party.e().started) else { return false };
    let there = here.saturating_sub(ahead);
    chain.first().is_some_and(|leaf| valid(leaf, there))
        && chain.iter().any(|one| valid(one, there) && !valid(one, here))
}

/// The same chain, and two verdicts.
fn trust_store(v: &View<'_>) -> Option<Explanation> {
    let settings = ["target.trust", "target.ca_file", "tls.bundle"];
    let (one, other) = (hop(&v.good)?, hop(&v.bad)?);
    let unknown = match &other.outcome {
        TlsOutcome::CertificateRejected { fault } => *fault == CertificateFault::UnknownIssuer,
        // What verifies for both may be at risk for one, by the store that accepts it.
        TlsOutcome::Verified => v.differs(&["tls.accepted_by"]),
        _ => false,
    };
    let presented = leaf(&v.bad)?;
    let same = leaf(&v.good)?.issuer == presented.issuer && one.chain_length == other.chain_length;
    let accepted = one.accepted_by?;
    let differs = v.differs(&settings) || same_store_differs(one, other);
    (same && unknown && differs).then(|| {
        Explanation::new(format!(
            "The issuer is the same ({}); {} accepts it by its {}, {} does not",
            issuer(presented),
            v.good.letter,
            accepted.describe(),
            v.bad.letter
        ))
        .because("The trust stores differ, not what the server presents")
        .with(v.shown(&["target.trust", "target.ca_file", "tls.bundle", "tls.store"]))
        .proved_if(same_chain(one, other))
    })
}

/// Whether a store of the same name, such as the system's, knows the issuer on one side only.
fn same_store_differs(good: &TlsHop, bad: &TlsHop) -> bool {
    let local = good.verdicts.iter().filter(|one| one.store != Store::Public);
    local.filter(|one| one.fault.is_none()).any(|one| {
        let unknown = Some(CertificateFault::UnknownIssuer);
        bad.verdicts.iter().any(|other| other.store == one.store && other.fault == unknown)
    })
}

/// Whether both got the same certificates.
fn same_chain(good: &TlsHop, bad: &TlsHop) -> bool {
    let prints = |hop: &TlsHop| hop.chain.iter().map(|one| one.sha256.clone()).collect::<Vec<_>>();
    prints(good) == prints(bad)
}

/// Another certificate of an issuer that public roots know, with another fault.
fn other_certificate(v: &View<'_>) -> Option<Explanation> {
    let TlsOutcome::CertificateRejected { fault } = &hop(&v.bad)?.outcome else { return None };
    let (good, bad) = (leaf(&v.good)?, leaf(&v.bad)?);
    let unknown = matches!(fault, CertificateFault::UnknownIssuer);
    (good.sha256 != bad.sha256 && !unknown).then(|| {
        let name = |party: &Party<'_>, leaf| {
            text::certificate_name(leaf, &party.e().target.host).to_owned()
        };
        Explanation::new(format!(
            "{}'s certificate is for {} until {}, {}'s is for {} until {}: {}",
            v.good.letter,
            name(&v.good, good),
            good.not_after,
            v.bad.letter,
            name(&v.bad, bad),
            bad.not_after,
            fault.describe()
        ))
        .because("The two got different certificates: other servers answered, or it was replaced")
        .with(v.shown(&["dns.addresses", "proxy.applies"]))
    })
}

/// One address, and a handshake that only one side gets an answer to.
fn handshake_path(v: &View<'_>) -> Option<Explanation> {
    let bad = hop(&v.bad)?;
    let cut = matches!(
        bad.outcome,
        TlsOutcome::Silent
            | TlsOutcome::Reset
            | TlsOutcome::Closed
            | TlsOutcome::ConnectionLost { .. }
    );
    let verified = hop(&v.good)?.outcome == TlsOutcome::Verified;
    (cut && verified && same_address(v)).then(|| {
        let at = v.bad.address().map(|address| format!("{address} ")).unwrap_or_default();
        Explanation::new(format!(
            "{at}completes {}'s handshake; for {}: {}",
            v.good.letter,
            v.bad.letter,
            text::tls_outcome(bad)
        ))
        .because(format!(
            "The connection is accepted for both, so what differs acts on the handshake: {}",
            v.either(
                "a filter by name, or a path that drops large packets, on the way of that machine",
                "a filter or the path's MTU changed between the two reports"
            )
        ))
        .with(v.shown(&["tcp.mss", "tcp.mtu", "vantage.route", "tls.group"]))
        .decide(v.at_the_same_time())
    })
}
