//! What makes an experiment due: symptoms of a walk, as its machine sees them. Pure.

use crate::evidence::tls::TlsOutcome;

/// What the walk shows while a hop is still under way, or has just ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symptom {
    /// A resolver has not answered for a fifth of the deadline.
    ResolverSilent,
    /// A resolver has answered nothing over UDP, experiments included, for two fifths of it.
    UdpSilent,
    /// A resolver answers the A question with an error (SERVFAIL, REFUSED).
    ResolverFails,
    /// A resolver gives no private address although there should be one, or no name at all.
    NameInDoubt,
    /// A resolver's question was answered twice, and the answers differ.
    TwoAnswers,
    /// A resolver's answers to the A and the AAAA question contradict each other.
    AnswersContradict,
    /// A resolver marks its answer as expired.
    AnswerExpired,
    /// The system's lookup gives no address, or has not ended a fifth of the deadline after a resolver
    /// gave one.
    SystemFails,
    /// Applications get other addresses than the resolvers give.
    SystemDiffers,
    /// What answers at the address, or does not, is not the service.
    AddressInDoubt,
    /// No address that a resolver gave takes a connection.
    NotConnected,
    /// No address has answered a connection for a fifth of the deadline.
    TcpSilent,
    /// Every address refuses the connection, or the network says that it cannot be reached.
    TcpRefused,
    /// The name has more than one address that applications may get.
    SeveralAddresses,
    /// TCP is connected and the handshake has been silent for a fifth of its deadline.
    TlsSilent,
    /// The handshake was reset, closed, or refused by an alert about names or versions.
    TlsCut,
    /// The peer answers the ClientHello with something that is not TLS.
    NotTls,
    /// The peer's certificate does not chain to a public root, or is for another name.
    CertificateRefused,
    /// The service refused the call because of where it came from.
    CallRefused,
}

impl Symptom {
    /// The symptom in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Symptom::ResolverSilent => "a resolver is silent for a fifth of the deadline",
            Symptom::UdpSilent => {
                "a resolver answers nothing over UDP for two fifths of the deadline"
            }
            Symptom::ResolverFails => "a resolver answers with an error",
            Symptom::TwoAnswers => "one question gets two different answers",
            Symptom::AnswersContradict => {
                "a resolver's answers to the A and the AAAA question contradict each other"
            }
            Symptom::AnswerExpired => "a resolver marks its answer as expired",
            Symptom::SystemFails => {
                "the system's lookup fails or is late although a resolver returns an address"
            }
            Symptom::SystemDiffers => "applications get other addresses than the resolvers return",
            Symptom::NameInDoubt => {
                "a resolver returns no private address where there should be one"
            }
            Symptom::AddressInDoubt => "the host at the address does not behave like the service",
            Symptom::NotConnected => "no address of the answer takes a connection",
            Symptom::TcpSilent => "no connection is established after a fifth of the deadline",
            Symptom::TcpRefused => "every connection is refused or unreachable",
            Symptom::SeveralAddresses => "the name has several addresses",
            Symptom::TlsSilent => {
                "the handshake is silent for a fifth of its deadline and two round trips"
            }
            Symptom::TlsCut => "the handshake is reset, closed or refused by an alert",
            Symptom::NotTls => "the handshake is answered with something that is not TLS",
            Symptom::CertificateRefused => "the certificate is not accepted",
            Symptom::CallRefused => "the service refuses the call because of where it comes from",
        }
    }
}

/// The symptom of a handshake that has ended, if it is one.
#[must_use]
pub fn symptom(outcome: &TlsOutcome) -> Option<Symptom> {
    match outcome {
        TlsOutcome::Reset | TlsOutcome::Closed => Some(Symptom::TlsCut),
        TlsOutcome::CertificateRejected { .. } => Some(Symptom::CertificateRefused),
        TlsOutcome::PlainHttp { .. } | TlsOutcome::NotTls { .. } => Some(Symptom::NotTls),
        TlsOutcome::Alert { description } => matches!(
            description.as_str(),
            "handshake_failure" | "unrecognized_name" | "protocol_version" | "internal_error"
        )
        .then_some(Symptom::TlsCut),
        _ => None,
    }
}
