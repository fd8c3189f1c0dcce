//! The peer ends the handshake with a TLS alert (RFC 8446, section 6.2): its own word. One
//! rule in three rows; the third takes every alert that the others leave.

use super::{experiments, session};
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::Evidence;
use crate::evidence::tls::TlsOutcome;

pub(super) const NAME_REFUSED: Rule = rule!(
    "tls-name-refused",
    Tls,
    "The peer does not serve the name that was asked for",
    Code(|e| {
        let name = e.tls.saw()?.server_name.clone();
        let because = alert(e, |d| d == NAME, "does not serve the name in the SNI")?;
        Some(
            because
                .known_by(format!(
                    "its own word: {NAME}, that is, no certificate and no backend for {name}"
                ))
                .act(Step::look(format!(
                    "see that {} is the address of the service that owns {name}, and that a \
                     relay or gateway in front knows the name",
                    session::peer(e)
                )))
                .check(reading::again(e)),
        )
    })
);

pub(super) const VERSION_REFUSED: Rule = rule!(
    "tls-version-refused",
    Tls,
    "The peer accepts neither TLS 1.3 nor TLS 1.2",
    Code(|e| {
        let because = alert(e, |d| d == VERSION, "accepts neither TLS 1.3 nor TLS 1.2")?;
        Some(
            because
                .known_by(format!("its own word: {VERSION}; TLS 1.3 and 1.2 were offered"))
                .ruled_out_if(
                    e.target.public_suffix.is_some(),
                    "the service itself: services of Azure speak TLS 1.2 and later",
                )
                .act(
                    Step::shared(
                        "allow TLS 1.2 and 1.3 at the relay, proxy or firewall that answers there",
                        "every client of it",
                    )
                    .undo("set its former versions again"),
                )
                .check(reading::again(e)),
        )
    })
);

pub(super) const OTHER: Rule = rule!(
    "tls-alert",
    Tls,
    "The peer ends the handshake with a TLS alert",
    Code(|e| {
        let hop = e.tls.saw()?;
        let TlsOutcome::Alert { description } = &hop.outcome else { return None };
        let does = format!("ends the handshake with the alert {description}");
        let because = alert(e, |d| d != NAME && d != VERSION, &does)?;
        let means = MEANINGS
            .iter()
            .find(|(name, _)| name == description)
            .map_or("the peer gave up the handshake", |(_, means)| means);
        let because = because.known_by(format!("its own word: {description}: {means}"));
        // What was offered here is less than what applications offer.
        let because = match is_about_parameters(description) {
            true => because
                .known_by(
                    "this tool offers suites with ECDHE and AES-GCM or ChaCha20, and the groups \
                     X25519, P-256 and P-384 (X25519MLKEM768 beside): a peer that has others \
                     alone (CBC, DHE, RSA key exchange, P-521) refuses it so, and takes clients \
                     that offer them, as OpenSSL, .NET and Java do in part",
                )
                .tells_it(format!(
                    "{}  # a handshake that ends well: such a peer",
                    session::s_client(e, "-brief")
                )),
            false => because,
        };
        Some(
            because
                .act(Step::look(format!(
                    "see the TLS settings of what answers at {}: a relay, gateway or firewall \
                     in front of the service",
                    session::peer(e)
                )))
                .check(reading::again(e)),
        )
    })
)
.explains(&["http-closed"]);

const NAME: &str = "unrecognized_name";
const VERSION: &str = "protocol_version";

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

/// Whether the alert may be about what this client offers, and others do not.
fn is_about_parameters(description: &str) -> bool {
    matches!(description, "handshake_failure" | "insufficient_security")
}

/// A finding on an alert whose description `wanted` takes.
fn alert(e: &Evidence, wanted: fn(&str) -> bool, does: &str) -> Option<Because> {
    let hop = e.tls.saw()?;
    let TlsOutcome::Alert { description } = &hop.outcome else { return None };
    if !wanted(description) {
        return None;
    }
    // That the peer refuses this client is its word; that it refuses applications is not.
    let sure = if is_about_parameters(description) { Sure::Inferred } else { Sure::Proved };
    Some(session::beside_the_proxy(
        session::broken(e, sure, does)
            .seen(format!("TLS alert {description}"))
            .read_at("/tls/saw/outcome")
            .ruled_out_if(
                !experiments::handshakes(e).any(experiments::ended_in_silence_or_reset),
                "a silent drop, a reset: the peer answered in TLS",
            )
            .owner(session::owner(e))
            .look("repeat it with another client", session::s_client(e, "")),
        e,
    ))
}
