//! How a handshake ended, where the peer's own bytes show it, and the alerts with which a peer ends
//! one (RFC 8446, section 6.2): a row each.

use super::{experiments, session};
use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::tls::{TlsHop, TlsOutcome};
use crate::evidence::tunnel;
use crate::evidence::vantage::Platform;

/// What came instead of a handshake.
pub(in crate::diagnose) struct Outcome {
    /// The outcome's text, where it is this one.
    text: fn(&TlsOutcome) -> Option<&str>,
    confidence: Confidence,
    /// What the peer does.
    does: &'static str,
    /// The label of the text.
    seen: &'static str,
    reasoning: &'static str,
    /// What it rules out where an Azure service would speak only TLS.
    not_azure: Option<&'static str>,
    /// What to look at by hand: the reason, and options of `openssl s_client`.
    looks: &'static [(&'static str, &'static str)],
    /// The step, for the named peer.
    step: fn(&str) -> Step,
}

const ONLY_TLS: &str = "the service itself: Azure services speak only TLS on this port";

pub(super) const PLAIN_HTTP: Rule = rule!(
    "tls-plain-http",
    Tls,
    "Plain HTTP answers where TLS is expected",
    TlsOutcome(&Outcome {
        text: |outcome| match outcome {
            TlsOutcome::PlainHttp { first_line } => Some(first_line),
            _ => None,
        },
        confidence: Confidence::Proved,
        does: "answers the ClientHello in plain HTTP",
        seen: "its first line",
        reasoning: "text of HTTP came where a TLS record was expected",
        not_azure: Some(ONLY_TLS),
        looks: &[],
        step: |peer| {
            Step::inspect(format!(
                "see what listens at {peer}: a relay or load balancer that forwards this port to \
                 an HTTP port, or a block page"
            ))
        },
    })
);

pub(super) const NOT_TLS: Rule = rule!(
    "tls-not-tls",
    Tls,
    "The peer does not speak TLS",
    TlsOutcome(&Outcome {
        text: |outcome| match outcome {
            TlsOutcome::NotTls { first_bytes } => Some(first_bytes),
            _ => None,
        },
        confidence: Confidence::Proved,
        does: "speaks something that is not TLS",
        seen: "its first bytes",
        reasoning: "the first bytes are not a TLS record",
        not_azure: Some(ONLY_TLS),
        looks: &[],
        step: |peer| {
            Step::inspect(format!(
                "see what listens at {peer}: another machine has the address, or a relay forwards \
                 the port to the wrong place"
            ))
        },
    })
);

/// The peer breaks the protocol, or has no version or suite in common with us (fact S9).
pub(super) const INCOMPATIBLE: Rule = rule!(
    "tls-incompatible",
    Tls,
    "The peer's TLS has nothing in common with ours, or breaks the protocol",
    TlsOutcome(&Outcome {
        text: |outcome| match outcome {
            TlsOutcome::Incompatible { message } => Some(message),
            _ => None,
        },
        confidence: Confidence::Inferred,
        does: "speaks an incompatible TLS",
        seen: "the handshake ended here with",
        reasoning: "TLS 1.3 and 1.2 with today's suites were offered; the service itself accepts \
                    them, so an old or broken TLS server is in front of it",
        not_azure: None,
        looks: &[
            ("see what it offers", ""),
            ("see whether it offers only an old version", "-tls1_1"),
        ],
        step: |peer| {
            Step::shared(
                format!("update the TLS software or settings of the server at {peer}"),
                "every client of it",
            )
            .undo("restore the old version and settings")
        },
    })
);

/// The finding of a row, where the handshake ended in this way.
pub(in crate::diagnose) fn ended(e: &View<'_>, row: &Outcome) -> Option<FindingBuilder> {
    let text = (row.text)(&e.tls.value()?.outcome)?;
    if row.not_azure.is_some() && of_mesh(e) {
        return Some(through_sidecar(e, row, text));
    }
    let mut finding = session::broken(e, row.confidence, row.does)
        .fact(format!("{}: {text}", row.seen))
        .cites("/tls/value/outcome")
        .reasoning(row.reasoning)
        .owner(session::owner(e));
    let ask = reading::service(e).and_then(|service| service.opening.tls_request());
    if let (Some(ask), TlsOutcome::NotTls { .. }) = (ask, &e.tls.value()?.outcome) {
        finding = finding.reasoning(format!(
            "{} asks for TLS before a handshake; any answer but {} means that this server has none, \
             and the servers of Azure have it",
            ask.protocol,
            char::from(ask.allows)
        ));
    }
    if let Some(excluded) = row.not_azure {
        finding = finding.ruled_out_if(session::azure_speaks_tls_here(e), excluded);
    }
    for (why, options) in row.looks {
        finding = finding.inspect(*why, session::s_client(e, options));
    }
    finding = finding.step((row.step)(&session::peer(e)));
    Some(session::with_proxy_bypass(finding, e).check(reading::again(e)))
}

/// Whether a sidecar of a mesh took the connection.
fn of_mesh(e: &View<'_>) -> bool {
    !reading::proxied(e)
        && e.vantage.is_on(Platform::ServiceMesh)
        && tunnel::taken_here(e).is_some()
}

/// What came instead of a handshake through a sidecar, which may be what the service itself answers to
/// TLS inside TLS (fact S111).
fn through_sidecar(e: &View<'_>, row: &Outcome, text: &str) -> FindingBuilder {
    let peer = session::peer(e);
    let long = format!("through this machine's sidecar, {peer} {}", row.does);
    session::broken_as(e, Confidence::Inferred, headline::fitting(&[long, format!("the sidecar's side {}", row.does)]))
        .fact(format!("{}: {text}", row.seen))
        .cites("/tls/value/outcome")
        .cites("/tcp")
        .reasoning(row.reasoning)
        .reasoning(
            "a sidecar that puts TLS of its own around the client's, as a DestinationRule with tls mode SIMPLE \
             makes it do, has the service read a ClientHello as a request, and the service answers that with \
             an error of HTTP; a port that the mesh takes for HTTP, and a relay behind the sidecar, look the \
             same",
        )
        .owner("Azure platform")
        .inspect(
            "see which rules of the mesh are for the host: its port has to be of the protocol TLS, without tls \
             in a DestinationRule",
            "kubectl get destinationrule,serviceentry,virtualservice -A",
        )
        .step(Step::inspect(
            "run the same check from a pod without a sidecar (annotation sidecar.istio.io/inject: \"false\"): \
             if it works there, the mesh is the cause",
        ))
        .step(
            Step::shared(
                format!(
                    "take tls out of the DestinationRule for {}, and give its ServiceEntry the protocol TLS on \
                     port {}",
                    e.target.host, e.target.port
                ),
                "every workload that the rules are exported to: one that calls the host by plain HTTP, for the \
                 sidecar to encrypt, then fails",
            )
            .undo("put the rules back: keep a copy of them")
            .opens(),
        )
        .check(reading::again(e))
}

/// Alerts that have one meaning.
pub(in crate::diagnose) struct Alert {
    /// Whether it is this one.
    takes: fn(&str) -> bool,
    /// What the peer does; `{alert}` is its description.
    does: &'static str,
    /// Adds what it means.
    means: fn(FindingBuilder, &View<'_>, &str) -> FindingBuilder,
    /// What to do.
    step: fn(&View<'_>) -> Step,
}

const NAME: &str = "unrecognized_name";
const REQUIRED: &str = "certificate_required";
const FAILURE: &str = "handshake_failure";
const VERSION: &str = "protocol_version";

pub(super) const NAME_REFUSED: Rule = rule!(
    "tls-name-refused",
    Tls,
    "The peer does not serve the requested name",
    TlsAlert(&Alert {
        takes: |alert| alert == NAME,
        does: "does not serve the name in the SNI",
        means: |finding, e, alert| {
            finding.reasoning(format!(
                "its alert, {alert}, means that it has no certificate and no backend for {}",
                asked_for(e)
            ))
        },
        step: |e| {
            Step::inspect(format!(
                "check that {} is the address of the service that owns {}, and that a relay or \
                 gateway in front knows the name",
                session::peer(e),
                asked_for(e)
            ))
        },
    })
);

pub(super) const VERSION_REFUSED: Rule = rule!(
    "tls-version-refused",
    Tls,
    "The peer accepts neither TLS 1.3 nor TLS 1.2",
    TlsAlert(&Alert {
        takes: |alert| alert == VERSION,
        does: "accepts neither TLS 1.3 nor TLS 1.2",
        means: |finding, e, alert| {
            finding
                .reasoning(format!("its alert is {alert}; TLS 1.3 and 1.2 were offered"))
                .ruled_out_if(
                    e.target.public_suffix.is_some(),
                    "the service itself: Azure services speak TLS 1.2 and later",
                )
        },
        step: |_| {
            Step::shared(
                "allow TLS 1.2 and 1.3 at the relay, proxy or firewall that answers there",
                "every client of it",
            )
            .undo("restore its old versions")
        },
    })
);

/// Every other alert.
pub(super) const ALERT: Rule = rule!(
    "tls-alert",
    Tls,
    "The peer ends the handshake with a TLS alert",
    TlsAlert(&Alert {
        takes: |alert| alert != NAME && alert != VERSION,
        does: "ends the handshake with the alert {alert}",
        means: meaning,
        step: |e| {
            let peer = session::peer(e);
            if e.tls.value().is_some_and(wants_client_certificate) {
                return Step::local(format!(
                    "ask the team that runs the server at {peer} for a client certificate for this \
                     application, and let the application's client send it; its calls to other \
                     servers stay as they are"
                ))
                .undo("take the certificate out of the client's settings again");
            }
            Step::inspect(format!(
                "see the TLS settings of the server at {peer}: a relay, gateway or firewall in \
                 front of the service"
            ))
        },
    })
)
.explains(&["http-closed"]);

/// Whether the peer ends the handshake for want of a client certificate: by the alert of TLS 1.3, or, in
/// TLS 1.2, by a failure after it has sent its own certificate, when versions, suites and groups are
/// agreed (RFC 5246, section 7.4.6; fact S80).
fn wants_client_certificate(hop: &TlsHop) -> bool {
    match &hop.outcome {
        TlsOutcome::Alert { description } if description == REQUIRED => true,
        TlsOutcome::Alert { description } => description == FAILURE && !hop.chain.is_empty(),
        _ => false,
    }
}

/// The requested name.
fn asked_for<'a>(e: &'a View<'_>) -> &'a str {
    e.tls.value().map_or(e.target.host.as_str(), |hop| hop.server_name.as_str())
}

/// What an alert says about the peer, in the terms of RFC 8446.
const MEANINGS: &[(&str, &str)] = &[
    (FAILURE, "no cipher suite or group in common, or no certificate for this name"),
    ("insufficient_security", "it requires stronger parameters than were offered"),
    ("internal_error", "it failed internally, often a relay without a backend"),
    ("access_denied", "its policy does not allow this client or this name"),
    (REQUIRED, "it requires a client certificate: a gateway with mutual TLS"),
    ("bad_certificate", "it rejects a certificate: a gateway with mutual TLS"),
    ("unknown_ca", "it rejects a client certificate's issuer: a gateway with mutual TLS"),
    ("no_application_protocol", "it speaks none of the offered ALPN protocols"),
    ("decode_error", "it could not read the ClientHello: a middlebox with old code"),
    ("illegal_parameter", "it rejects a field of the ClientHello: a middlebox with old code"),
    ("unexpected_message", "it received messages out of order: a middlebox in between"),
    ("decrypt_error", "a signature or key did not verify: a middlebox in between"),
    ("close_notify", "it closed the session regularly, before it began"),
    ("user_canceled", "it was cancelled on the peer's side"),
];

/// Adds what an alert says about the peer.
fn meaning(finding: FindingBuilder, e: &View<'_>, alert: &str) -> FindingBuilder {
    let means = MEANINGS
        .iter()
        .find(|(name, _)| *name == alert)
        .map_or("the peer aborted the handshake", |(_, means)| means);
    if alert == FAILURE && e.tls.value().is_some_and(wants_client_certificate) {
        return finding
            .reasoning(format!(
                "its alert, {alert}, came after its certificate, so versions, suites and groups were \
                 agreed: in TLS 1.2 a gateway with mutual TLS refuses a client without a certificate like \
                 this, and this tool sends none"
            ))
            .reasoning("a server whose own key or hardware fails would look the same")
            .decide_with(format!(
                "{}  # `Acceptable client certificate CA names`: it asks for one",
                session::s_client(e, "-tls1_2")
            ));
    }
    let finding = finding.reasoning(format!("its alert is {alert}: {means}"));
    if alert == REQUIRED {
        return finding.reasoning("this tool sends no client certificate");
    }
    if !is_about_parameters(alert) {
        return finding;
    }
    // This tool offers less than applications do.
    finding
        .reasoning(
            "this tool offers suites with ECDHE and AES-GCM or ChaCha20, and the groups X25519, \
             P-256, P-384 and X25519MLKEM768: a peer that supports only others (CBC, DHE, RSA key \
             exchange, P-521) rejects it like this, and accepts clients that offer them, as \
             OpenSSL, .NET and Java partly do",
        )
        .decide_with(format!(
            "{}  # success: the peer supports only what this tool does not offer",
            session::s_client(e, "-brief")
        ))
}

/// Whether the alert may be caused by parameters that other clients offer and this one does not.
fn is_about_parameters(alert: &str) -> bool {
    matches!(alert, FAILURE | "insufficient_security")
}

/// The finding of a row, where the peer ended the handshake with its alert.
pub(in crate::diagnose) fn alerted(e: &View<'_>, row: &Alert) -> Option<FindingBuilder> {
    let TlsOutcome::Alert { description: alert } = &e.tls.value()?.outcome else { return None };
    if !(row.takes)(alert) {
        return None;
    }
    // The alert proves that the peer rejects this client, not that it rejects applications.
    let confidence =
        if is_about_parameters(alert) { Confidence::Inferred } else { Confidence::Proved };
    let finding = session::broken(e, confidence, &row.does.replace("{alert}", alert))
        .fact(format!("TLS alert {alert}"))
        .cites("/tls/value/outcome")
        .ruled_out_if(
            !e.tls.handshakes().any(experiments::ended_without_tls),
            "a silent drop, a reset: the peer answered in TLS",
        )
        .owner(match e.tls.value().is_some_and(wants_client_certificate) {
            true => "Application",
            false => session::owner(e),
        })
        .inspect("repeat it with another client", session::s_client(e, ""));
    let finding = session::with_proxy_bypass(finding, e);
    Some((row.means)(finding, e, alert).step((row.step)(e)).check(reading::again(e)))
}
