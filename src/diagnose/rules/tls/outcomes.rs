//! How a handshake ended, where the peer's own bytes show it: a row each, and the alerts by which a
//! peer ends one (RFC 8446, section 6.2).

use super::{experiments, session};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::tls::TlsOutcome;

/// What came in place of a handshake.
pub(in crate::diagnose) struct Outcome {
    /// The outcome's text, where it is this one.
    text: fn(&TlsOutcome) -> Option<&str>,
    sure: Sure,
    /// What the peer does.
    does: &'static str,
    /// How the text is introduced.
    seen: &'static str,
    known_by: &'static str,
    /// What it excludes where a service of Azure would speak TLS and nothing else.
    not_azure: Option<&'static str>,
    /// What to look at by hand: why, and options of `openssl s_client`.
    looks: &'static [(&'static str, &'static str)],
    /// What to do about the peer that is named.
    step: fn(&str) -> Step,
}

const ONLY_TLS: &str = "the service itself: services of Azure speak only TLS on port 443";

pub(super) const PLAIN_HTTP: Rule = rule!(
    "tls-plain-http",
    Tls,
    "Plain HTTP answers where TLS is wanted",
    TlsOutcome(&Outcome {
        text: |outcome| match outcome {
            TlsOutcome::PlainHttp { first_line } => Some(first_line),
            _ => None,
        },
        sure: Sure::Proved,
        does: "answers the ClientHello in plain HTTP",
        seen: "its first line",
        known_by: "an HTTP status line came where a TLS record had to",
        not_azure: Some(ONLY_TLS),
        looks: &[],
        step: |peer| {
            Step::look(format!(
                "see what listens at {peer}: a relay or load balancer that forwards this port to \
                 an HTTP port, or a block page"
            ))
        },
    })
);

pub(super) const NOT_TLS: Rule = rule!(
    "tls-not-tls",
    Tls,
    "What answers is not TLS",
    TlsOutcome(&Outcome {
        text: |outcome| match outcome {
            TlsOutcome::NotTls { first_bytes } => Some(first_bytes),
            _ => None,
        },
        sure: Sure::Proved,
        does: "speaks something that is not TLS",
        seen: "its first bytes",
        known_by: "the first bytes are not a TLS record",
        not_azure: Some(ONLY_TLS),
        looks: &[],
        step: |peer| {
            Step::look(format!(
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
            TlsOutcome::Incompatible { says } => Some(says),
            _ => None,
        },
        sure: Sure::Inferred,
        does: "speaks a TLS that cannot be agreed on",
        seen: "the handshake ended here with",
        known_by: "TLS 1.3 and 1.2 with today's suites were offered; the service itself takes \
                   them, so an old or broken TLS end stands in front of it",
        not_azure: None,
        looks: &[
            ("see what it offers", ""),
            ("see whether it offers only an old version", "-tls1_1"),
        ],
        step: |peer| {
            Step::shared(
                format!("update the TLS software or settings of what answers at {peer}"),
                "every client of it",
            )
            .undo("set the former version and settings again")
        },
    })
);

/// Whether the handshake ended in this way.
pub(in crate::diagnose) fn ended(e: &View<'_>, row: &Outcome) -> Option<Because> {
    let text = (row.text)(&e.tls.saw()?.outcome)?;
    let mut because = session::broken(e, row.sure, row.does)
        .seen(format!("{}: {text}", row.seen))
        .read_at("/tls/saw/outcome")
        .known_by(row.known_by)
        .owner(session::owner(e));
    if let Some(excluded) = row.not_azure {
        because = because.ruled_out_if(session::azure_speaks_tls_here(e), excluded);
    }
    for (why, options) in row.looks {
        because = because.look(*why, session::s_client(e, options));
    }
    because = because.act((row.step)(&session::peer(e)));
    Some(session::beside_the_proxy(because, e).check(reading::again(e)))
}

/// Alerts that have one meaning.
pub(in crate::diagnose) struct Alert {
    /// Whether it is this one.
    takes: fn(&str) -> bool,
    /// What the peer does; `{alert}` is its description.
    does: &'static str,
    /// Adds what its word means.
    means: fn(Because, &View<'_>, &str) -> Because,
    /// What to do.
    step: fn(&View<'_>) -> Step,
}

const NAME: &str = "unrecognized_name";
const VERSION: &str = "protocol_version";

pub(super) const NAME_REFUSED: Rule = rule!(
    "tls-name-refused",
    Tls,
    "The peer does not serve the name that was asked for",
    TlsAlert(&Alert {
        takes: |alert| alert == NAME,
        does: "does not serve the name in the SNI",
        means: |because, e, alert| {
            because.known_by(format!(
                "its own word: {alert}, that is, no certificate and no backend for {}",
                asked_for(e)
            ))
        },
        step: |e| {
            Step::look(format!(
                "see that {} is the address of the service that owns {}, and that a relay or \
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
        means: |because, e, alert| {
            because
                .known_by(format!("its own word: {alert}; TLS 1.3 and 1.2 were offered"))
                .ruled_out_if(
                    e.target.public_suffix.is_some(),
                    "the service itself: services of Azure speak TLS 1.2 and later",
                )
        },
        step: |_| {
            Step::shared(
                "allow TLS 1.2 and 1.3 at the relay, proxy or firewall that answers there",
                "every client of it",
            )
            .undo("set its former versions again")
        },
    })
);

/// Every alert that the others leave.
pub(super) const ALERT: Rule = rule!(
    "tls-alert",
    Tls,
    "The peer ends the handshake with a TLS alert",
    TlsAlert(&Alert {
        takes: |alert| alert != NAME && alert != VERSION,
        does: "ends the handshake with the alert {alert}",
        means: meaning,
        step: |e| {
            Step::look(format!(
                "see the TLS settings of what answers at {}: a relay, gateway or firewall in front \
                 of the service",
                session::peer(e)
            ))
        },
    })
)
.explains(&["http-closed"]);

/// The name that was asked for.
fn asked_for<'a>(e: &'a View<'_>) -> &'a str {
    e.tls.saw().map_or(e.target.host.as_str(), |hop| hop.server_name.as_str())
}

/// What an alert says about the peer, in the terms of RFC 8446.
const MEANINGS: &[(&str, &str)] = &[
    ("handshake_failure", "no cipher suite or group in common, or no certificate for this name"),
    ("insufficient_security", "it wants stronger parameters than were offered"),
    ("internal_error", "it failed for a reason of its own, often a relay without a backend"),
    ("access_denied", "its policy does not allow this client or this name"),
    ("certificate_required", "it wants a client certificate: a gateway with mutual TLS"),
    ("bad_certificate", "it rejects a certificate: a gateway with mutual TLS"),
    ("unknown_ca", "it rejects a client certificate's issuer: a gateway with mutual TLS"),
    ("no_application_protocol", "it speaks none of the ALPN protocols that were offered"),
    ("decode_error", "it could not read the ClientHello: a middlebox with old code"),
    ("illegal_parameter", "it rejects a field of the ClientHello: a middlebox with old code"),
    ("unexpected_message", "it saw messages out of order: a middlebox in between"),
    ("decrypt_error", "a signature or key did not verify: a middlebox in between"),
    ("close_notify", "it closed the session in good order, before it began"),
    ("user_canceled", "it was cancelled on the peer's side"),
];

/// Adds what an alert says about the peer.
fn meaning(because: Because, e: &View<'_>, alert: &str) -> Because {
    let means = MEANINGS
        .iter()
        .find(|(name, _)| *name == alert)
        .map_or("the peer gave up the handshake", |(_, means)| means);
    let because = because.known_by(format!("its own word: {alert}: {means}"));
    if !is_about_parameters(alert) {
        return because;
    }
    // What was offered here is less than what applications offer.
    because
        .known_by(
            "this tool offers suites with ECDHE and AES-GCM or ChaCha20, and the groups X25519, \
             P-256 and P-384 (X25519MLKEM768 beside): a peer that has others alone (CBC, DHE, RSA \
             key exchange, P-521) refuses it so, and takes clients that offer them, as OpenSSL, \
             .NET and Java do in part",
        )
        .tells_it(format!(
            "{}  # a handshake that ends well: such a peer",
            session::s_client(e, "-brief")
        ))
}

/// Whether the alert may be about what this client offers, and others do not.
fn is_about_parameters(alert: &str) -> bool {
    matches!(alert, "handshake_failure" | "insufficient_security")
}

/// Whether the peer ended the handshake with one of these alerts: its own word.
pub(in crate::diagnose) fn alerted(e: &View<'_>, row: &Alert) -> Option<Because> {
    let TlsOutcome::Alert { description: alert } = &e.tls.saw()?.outcome else { return None };
    if !(row.takes)(alert) {
        return None;
    }
    // That the peer refuses this client is its word; that it refuses applications is not.
    let sure = if is_about_parameters(alert) { Sure::Inferred } else { Sure::Proved };
    let because = session::broken(e, sure, &row.does.replace("{alert}", alert))
        .seen(format!("TLS alert {alert}"))
        .read_at("/tls/saw/outcome")
        .ruled_out_if(
            !e.tls.handshakes().any(experiments::ended_in_silence_or_reset),
            "a silent drop, a reset: the peer answered in TLS",
        )
        .owner(session::owner(e))
        .look("repeat it with another client", session::s_client(e, ""));
    let because = session::beside_the_proxy(because, e);
    Some((row.means)(because, e, alert).act((row.step)(e)).check(reading::again(e)))
}
