//! The same handshake is answered on some connections and not on others: one of several
//! backends does not work.

use super::{experiments, session};
use crate::diagnose::rules::slow;
use crate::diagnose::view::tls::{self, Acknowledged};
use crate::diagnose::{FindingBuilder, Rule, View, reading, timing};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::experiment::HandshakeExperiment;
use crate::evidence::tls::TlsOutcome;
use crate::evidence::tunnel;

pub(super) const RULE: Rule = rule!(
    "tls-fails-now-and-then",
    Tls,
    "The same handshake is answered on some connections and not on others",
    Code(check)
)
.explains(&[
    "tls-silent",
    "tls-reset",
    "tls-closed",
    "tls-alert",
    "tls-version-refused",
    "tls-plain-http",
    "tls-not-tls",
])
.explains_groups(&[OTHER_CERTIFICATE]);

/// What the certificate of one of several servers looks like, taken alone.
const OTHER_CERTIFICATE: &[&str] = &[
    "tls-wrong-name",
    "tls-expired",
    "tls-not-yet-valid",
    "tls-self-signed",
    "tls-incomplete-chain",
    "tls-untrusted-issuer",
    "tls-interception",
    "tls-only-system-store",
    "tls-certificate-invalid",
];

/// A contradiction between handshakes that a cause which fails every time does not explain.
struct Contradiction {
    confidence: Confidence,
    fact: String,
    /// The experiments that show it.
    pointers: Vec<String>,
    rules_out: Option<&'static str>,
}

/// What fails every time, so that one success of the same kind rules it out.
const NAME_OR_MTU: Option<&str> =
    Some("an SNI filter or an MTU black hole alone: each of them fails every time");

/// The first contradiction, the strongest kind first.
fn contradiction(e: &View<'_>) -> Option<Contradiction> {
    repeat_works(e)
        .or_else(|| small_fails_again(e))
        .or_else(|| smaller_segments_fail(e))
        .or_else(|| name_and_size_both_work(e))
        .or_else(|| each_version_works(e))
}

/// The very same handshake is answered when it is repeated.
fn repeat_works(e: &View<'_>) -> Option<Contradiction> {
    let (pointer, _) = e.tls.repeats().find(|(_, x)| experiments::is_finished(x))?;
    Some(Contradiction {
        confidence: Confidence::Proved,
        fact: "the very same handshake, repeated, is answered: nothing in it makes the difference"
            .to_owned(),
        pointers: vec![pointer],
        rules_out: NAME_OR_MTU,
    })
}

/// The small ClientHello is answered, and not when it is repeated.
fn small_fails_again(e: &View<'_>) -> Option<Contradiction> {
    let (at_small, _) = e.tls.small_hello().filter(|(_, x)| experiments::is_finished(x))?;
    let (at_again, _) = e.tls.small_repeats().find(|(_, x)| experiments::is_silent(x))?;
    Some(Contradiction {
        confidence: Confidence::Proved,
        fact: "a small ClientHello is answered, and the very same one, repeated, is not: size does not \
               make the difference"
            .to_owned(),
        pointers: vec![at_small, at_again],
        rules_out: NAME_OR_MTU,
    })
}

/// A contradiction that speaks against a limit to the size of the ClientHello, where the walk went on
/// with a small one.
pub(super) fn of_sizes(e: &View<'_>) -> Option<String> {
    let found = repeat_works(e)
        .or_else(|| small_fails_again(e))
        .or_else(|| smaller_segments_fail(e))
        .or_else(|| name_and_size_both_work(e))?;
    Some(found.fact)
}

/// A path that carries the larger segment carries the smaller one, and one that carries a size carries it
/// each time.
fn smaller_segments_fail(e: &View<'_>) -> Option<Contradiction> {
    let sizes = e.tls.segment_sizes();
    let unanswered = |x: &HandshakeExperiment| !x.answered() && x.tls.is_some();
    sizes.iter().filter(|(.., x)| unanswered(x)).find_map(|(small, at_small, _)| {
        let (large, at_large, _) =
            sizes.iter().find(|(large, _, x)| large >= small && experiments::is_finished(x))?;
        Some(Contradiction {
            confidence: Confidence::Proved,
            fact: match large == small {
                true => format!(
                    "with segments of {small} bytes the handshake is answered once and not another \
                     time: size does not make the difference"
                ),
                false => format!(
                    "with segments of {large} bytes the handshake is answered, with {small} it is not: \
                     size does not make the difference"
                ),
            },
            pointers: vec![at_small.clone(), at_large.clone()],
            rules_out: NAME_OR_MTU,
        })
    })
}

/// The control is as large as the walk's own ClientHello, and the small one has its name.
fn name_and_size_both_work(e: &View<'_>) -> Option<Contradiction> {
    let (at_small, _) = e.tls.small_hello().filter(|(_, x)| experiments::is_finished(x))?;
    let (at_control, name, _) =
        e.tls.control_name().filter(|(.., x)| experiments::is_finished(x))?;
    Some(Contradiction {
        confidence: Confidence::Inferred,
        fact: format!(
            "the same name in a small ClientHello is answered, and so is {name} in a large one: \
             neither name nor size makes the difference"
        ),
        pointers: vec![at_small, at_control],
        rules_out: Some("the name or the size alone: each of them is answered with the other"),
    })
}

fn each_version_works(e: &View<'_>) -> Option<Contradiction> {
    (e.tls.versions_that_work() > 1).then(|| Contradiction {
        confidence: Confidence::Inferred,
        fact: "each TLS version alone is answered; both offered together were not".to_owned(),
        pointers: vec!["/experiments/handshakes".to_owned()],
        rules_out: None,
    })
}

/// What the kernel counted that speaks for a path that loses packets.
struct Loss {
    /// In words.
    why: String,
    /// Whether it is likelier than a backend that does not work.
    is_likelier: bool,
}

/// A backend that accepts connections acknowledges the first message, also where no process reads it. A
/// few lost segments are usual on many a path: only where more than half of the connections that were
/// answered lost some is the path the likelier cause.
fn loss(e: &View<'_>, answered: usize) -> Option<Loss> {
    let hop = e.tls.value()?;
    let taken = tls::acknowledged(hop.bytes_sent, hop.tcp_info.as_ref());
    let (lost, connections) = timing::lost_elsewhere(e);
    let unacknowledged = matches!(taken, Some(Acknowledged::Nothing | Acknowledged::Part));
    let again = (lost > 0).then(|| {
        format!(
            "segments had to be sent again on connections that were answered ({lost} on {connections} of \
             {answered})"
        )
    });
    let never = unacknowledged.then(|| {
        "the first message was never acknowledged in full on the connection that failed, and a backend \
         that accepts connections acknowledges it"
            .to_owned()
    });
    let is_likelier = unacknowledged || lost > 0 && connections * 2 > answered;
    let counted: Vec<String> = never.into_iter().chain(again).collect();
    let therefore = match is_likelier {
        true => "a path that loses packets is likelier",
        false => "the path loses packets, too",
    };
    (!counted.is_empty())
        .then(|| Loss { why: format!("{}: {therefore}", counted.join("; ")), is_likelier })
}

/// Another server's certificate, or no TLS at all, where the same handshake, repeated, verifies.
fn another_server(e: &View<'_>) -> Option<FindingBuilder> {
    let outcome = &e.tls.value()?.outcome;
    let does = match outcome {
        TlsOutcome::CertificateRejected { .. } => "shows this certificate only on some connections",
        TlsOutcome::PlainHttp { .. } | TlsOutcome::NotTls { .. } => {
            "speaks TLS on some connections and not on others"
        }
        _ => return None,
    };
    let verified = |x: &HandshakeExperiment| {
        x.tls.as_ref().is_some_and(|seen| seen.outcome == TlsOutcome::Verified)
    };
    let mut pointers = e.tls.repeats().filter(|(_, x)| verified(x)).map(|(pointer, _)| pointer);
    let pointer = pointers.next()?;
    let (sound, tried) = (pointers.count() + 1, e.tls.repeats().count());
    let peer = session::peer(e);
    let mut finding = session::broken_as(e, Confidence::Proved, format!("{peer} {does}"))
        .fact(format!(
            "the very same handshake, repeated, verifies {sound} of {tried} times: nothing in it makes \
             the difference"
        ))
        .cites(pointer);
    if let Some((hop, fault)) = session::rejected(e) {
        finding = session::cite_certificate(finding, hop, Some(fault));
    }
    let own = session::address(e).is_some_and(|address| tunnel::is_private(e, address));
    Some(
        finding
            .reasoning(format!(
                "a load balancer or relay{} with several servers, one of which is set up otherwise or \
                 was left out when the certificate was renewed, looks like this",
                if own { " of your own" } else { "" },
            ))
            .reasoning(
                "or a device that inspects TLS is on one of several ways, and handles some connections",
            )
            .reasoning(session::NOTHING_SENT)
            .owner(session::server_owner(e))
            .inspect(
                "repeat it ten times, and compare the certificates",
                session::s_client(e, "-showcerts"),
            )
            .step(Step::inspect(format!(
                "see which certificate each server behind {peer} has, and whether each way there passes \
                 the same devices"
            )))
            .step(
                Step::shared(
                    "give the one that differs the certificate and the settings of the others, or take \
                     it out of rotation until then",
                    "the load of the other servers",
                )
                .undo("put it back"),
            )
            .check(reading::again(e)),
    )
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    if let Some(finding) = another_server(e) {
        return Some(finding);
    }
    // Where the small ClientHello carried the walk, the full one failed.
    let went_on = e.tls.full_hello().is_some() && of_sizes(e).is_some();
    if !e.tls.handshake_hung() && !e.tls.handshake_cut() && !went_on {
        return None;
    }
    let found = contradiction(e)?;
    // A peer that is slow now and then looks the same as long as no handshake is cut, and a device on
    // the way may cut it: only an alert is the peer's own.
    let alert = e.tls.value().is_some_and(|tls| matches!(tls.outcome, TlsOutcome::Alert { .. }));
    let cut = e.tls.handshake_cut() && !alert;
    let confidence = if alert { found.confidence } else { Confidence::Inferred };
    let answered = e.tls.handshakes().filter(|x| experiments::is_finished(x)).count();
    let tried = e.tls.handshakes().count();
    let peer = session::peer(e);
    let loss = (!cut && !alert).then(|| loss(e, answered)).flatten();
    let message = format!("{peer} answers some handshakes and not others");
    let mut finding = match went_on {
        true => session::at_risk(e, confidence, message),
        false => session::broken_as(e, confidence, message),
    };
    finding = finding
        .fact(format!("the first handshake failed; of {tried} others {answered} were answered"))
        .reasoning(found.fact);
    if cut {
        finding = finding.reasoning(
            "a firewall on the path that resets some connections looks like this: by inspection, or \
             because packets go there and back through different firewalls (asymmetric routes)",
        );
    }
    let own = session::address(e).is_some_and(|address| tunnel::is_private(e, address));
    finding = finding.reasoning(format!(
        "{}a load balancer or relay{} with several backends, one of which does not work, looks like \
         this{}",
        if cut { "or " } else { "" },
        if own { " of your own" } else { "" },
        if cut { "" } else { ", and so does a path that loses packets" },
    ));
    if let Some(excluded) = found.rules_out {
        finding = finding.ruled_out(excluded);
    }
    for pointer in found.pointers {
        finding = finding.cites(pointer);
    }
    if let (Some(Loss { why, is_likelier }), Some(attempt)) = (loss, timing::connection(e)) {
        finding = finding
            .reasoning(why)
            .inspect("see where packets are lost", slow::see_loss(attempt.connected_to()));
        if is_likelier {
            return Some(
                finding
                    .owner("Network")
                    .inspect("repeat it ten times, and count", session::s_client(e, "-brief"))
                    .step(slow::look_for_loss())
                    .check(reading::again(e)),
            );
        }
    }
    finding = finding
        .owner(session::server_owner(e))
        .inspect("repeat it ten times, and count", session::s_client(e, "-brief"));
    if cut {
        finding = finding.step(Step::inspect(format!(
            "search the log of each firewall between here and {peer} for connections that it resets, \
             and see whether the route back is the route there (peerings, route tables, several \
             firewalls)"
        )));
    }
    // A private endpoint itself has no backends that an operator could see.
    let relay = if own { "if a relay of your own answers there: " } else { "" };
    Some(
        finding
            .step(Step::inspect(format!(
                "{relay}see the health of each backend of the server at {peer}"
            )))
            .step(
                Step::shared(
                    format!("{relay}take a backend that does not answer out of rotation"),
                    "the load of the other backends",
                )
                .undo("put it back once it answers"),
            )
            .check(reading::again(e)),
    )
}
