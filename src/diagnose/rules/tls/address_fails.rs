//! The handshake ends differently at another address of the same name: a record of another server,
//! or of an endpoint that does not work (fact D8).

use std::net::IpAddr;

use super::session;
use crate::diagnose::private_dns::{Change, change_record};
use crate::diagnose::{FindingBuilder, Rule, View, dns64, endpoint_of, headline, reading, timing};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::experiment::HandshakeExperiment;
use crate::evidence::tls::{CertificateFault, TlsOutcome};
use crate::evidence::tunnel;

pub(super) const RULE: Rule = rule!(
    "tls-address-fails",
    Tls,
    "The handshake finishes at one address of the name and not at another",
    Code(check)
)
.explains(&[
    "tls-silent",
    "tls-reset",
    "tls-closed",
    "tls-peer-mute",
    "tls-dropped-after-handshake",
    "tls-fails-now-and-then",
    "tls-plain-http",
    "tls-not-tls",
    "tls-name-refused",
    "tls-alert",
    "tls-incompatible",
    "tls-wrong-name",
    "tls-expired",
    "tls-self-signed",
    "tls-untrusted-issuer",
    "tls-incomplete-chain",
]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let walked = session::address(e)?;
    let verified = reading::tls_verified(e);
    let had_time = enough(e)?;
    let (pointer, address, seen, tried_ms) =
        e.tls.other_addresses().find_map(|(at, address, x)| {
            let seen = x.tls.as_ref()?;
            let other = (seen.outcome == TlsOutcome::Verified) != verified;
            let judged = seen.outcome != TlsOutcome::Silent || x.took_ms as f64 >= had_time;
            (other && judged).then_some((at, address, seen, x.took_ms as f64))
        })?;
    let (good, bad): (IpAddr, IpAddr) =
        if verified { (walked, address) } else { (address, walked) };
    let outcome = if verified { &seen.outcome } else { &e.tls.value()?.outcome };
    // Silence may be slowness.
    let confidence =
        if *outcome == TlsOutcome::Silent { Confidence::Inferred } else { Confidence::Proved };
    let name = &e.dns.name;
    let how = how(outcome);
    let mut finding = FindingBuilder::new(
        if verified { Level::Risk } else { Level::Broken },
        confidence,
        headline::fitting(&[
            format!("{bad} of {name} {how}; {good} is the service"),
            format!("{bad} {how}; {good} is the service"),
            format!("{bad} is not the service, {good} is"),
        ]),
    )
    .fact(format!("{name} -> {}", reading::list(&e.dns.effective())))
    .fact(format!("{good}: the handshake verifies; {bad} {how}"))
    .reasoning("the same handshake was tried at both addresses")
    .reasoning(
        "applications use one of them, and the resolver rotates the order: calls fail now and then",
    )
    .ruled_out_if(
        alike(e, good, bad),
        format!("the path to such addresses as a whole: at {good} the handshake verifies"),
    )
    .cites("/dns/selected")
    .cites("/tls")
    .cites(pointer);
    if *outcome == TlsOutcome::Silent {
        finding = finding.reasoning(format!(
            "an answer that takes longer than {} would look the same",
            timing::words(if verified { tried_ms } else { e.tls.took_ms()? })
        ));
    }
    let place = format!("-g <group> -z {} -n {}", reading::private_zone(e), reading::account(e));
    if let Some(inner) = dns64::made_from(e, bad) {
        return Some(dns64::fix(e, finding, bad, inner));
    }
    let finding = finding.owner("DNS");
    Some(
        endpoint_of::look(finding, format!("see which endpoint has {bad}"), bad)
            .step(
                Step::shared(
                    format!("if {bad} is not an endpoint of this account, remove it"),
                    "every network that the zone is linked to",
                )
                .command(format!(
                    "{} --keep-empty-record-set",
                    change_record(Change::Remove, &place, bad)
                ))
                .undo(change_record(Change::Add, &place, bad)),
            )
            .step(Step::inspect(format!(
                "if it is, see which server has {bad}, port {}",
                e.target.port
            )))
            .check(reading::again(e)),
    )
}

/// How the handshake fails at the address while it finishes at another one, as a clause that follows
/// the address, and where the evidence shows it.
pub(in crate::diagnose::rules) fn failing(
    e: &View<'_>,
    address: IpAddr,
) -> Option<(String, String)> {
    if session::address(e)? == address && !reading::tls_verified(e) {
        let verified = |x: &HandshakeExperiment| {
            x.tls.as_ref().is_some_and(|seen| seen.outcome == TlsOutcome::Verified)
        };
        let elsewhere = e.tls.addresses_tried().any(|(.., x)| verified(x));
        return elsewhere
            .then(|| e.tls.value())
            .flatten()
            .map(|tls| (how(&tls.outcome), "/tls".to_owned()));
    }
    let (pointer, _, x) = e.tls.addresses_tried().find(|(_, tried, _)| *tried == address)?;
    let outcome = &x.tls.as_ref()?.outcome;
    // A server that is slow looks the same.
    let judged = *outcome != TlsOutcome::Silent;
    let fails = *outcome != TlsOutcome::Verified && judged && reading::tls_verified(e);
    fails.then(|| (how(outcome), pointer))
}

/// Whether the same path leads to both: addresses of one family, both private or neither.
fn alike(e: &View<'_>, good: IpAddr, bad: IpAddr) -> bool {
    good.is_ipv6() == bad.is_ipv6()
        && tunnel::is_private(e, good) == tunnel::is_private(e, bad)
        && tunnel::is_public(e, good) == tunnel::is_public(e, bad)
}

/// How long another address must be silent, in milliseconds, before it counts as failing: twice
/// what connection and handshake took at the walked one, and longer than a retransmission (at least
/// 200 ms, RFC 6298 as in Linux). A walk that is short of time may not reach it.
fn enough(e: &View<'_>) -> Option<f64> {
    let whole = e.tcp.value()?.walked_attempt()?.took_ms + e.tls.took_ms()?;
    Some(if reading::tls_verified(e) { (2.0 * whole).max(300.0) } else { 0.0 })
}

/// What the failing address does, as a clause that follows the address.
fn how(outcome: &TlsOutcome) -> String {
    match outcome {
        TlsOutcome::Silent => "does not answer the handshake".to_owned(),
        TlsOutcome::Reset => "resets the handshake".to_owned(),
        TlsOutcome::Closed => "closes the connection".to_owned(),
        TlsOutcome::Alert { description } => format!("ends the handshake with {description}"),
        TlsOutcome::CertificateRejected { fault: CertificateFault::WrongName } => {
            "shows a certificate for another name".to_owned()
        }
        TlsOutcome::CertificateRejected { .. } => "shows a certificate that is not trusted".into(),
        TlsOutcome::Verified => "verifies".to_owned(),
        _ => "does not speak TLS as the service does".to_owned(),
    }
}
