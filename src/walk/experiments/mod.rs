//! Counter-experiments: one more question with two possible answers, asked only when the evidence
//! calls for it. Which experiments are due is decided here, without I/O; `wire` does them.
//!
//! Nothing here sends a secret. Without `--deep`, only hosts that the walk contacts anyway are
//! contacted.

mod clients;
mod handshakes;
mod questions;
mod routes;
mod segments;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::context::Context;
use crate::evidence::dns::QuestionType;
use crate::evidence::experiment::{
    ClientCall, ConnectionExperiment, ExperimentSkipReason, Experiments, HandshakeExperiment,
    QuestionExperiment, SkippedExperiment, Trace, TraceProbe, Variation,
};
use crate::evidence::tls::{TlsHop, TlsOutcome};
use crate::services;
use crate::target::Target;
use crate::wire::connect;
use crate::wire::session::Verified;

pub(super) use clients::{REFERENCE_CLIENT, reference_client};
pub(super) use handshakes::{REPEAT_HANDSHAKE, seen};

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
            Symptom::CertificateRefused => "the certificate is not accepted",
            Symptom::CallRefused => "the service refuses the call because of where it comes from",
        }
    }
}

/// Whether an experiment has to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intrusiveness {
    /// Done whenever it is due: nothing that a security team objects to.
    Default,
    /// Only with `--deep`: TTL-limited packets, unrelated names, unallocated addresses.
    Deep,
}

/// How a question to a resolver is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// UDP, with EDNS.
    Udp,
    /// UDP without EDNS, as glibc asks.
    NoEdns,
    /// UDP without EDNS and without recursion desired.
    NonRecursive,
    /// UDP with EDNS and checking disabled (CD).
    CheckingDisabled,
    /// TCP.
    Tcp,
}

/// One question to the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// The handshake with one thing changed, at the address in trouble.
    Handshake(Variation),
    /// The walk's own handshake at another address of the same name.
    OtherAddress,
    /// A question to the resolver in trouble.
    Question {
        /// The name.
        name: String,
        /// The type.
        kind: QuestionType,
        /// How it is carried.
        transport: Transport,
    },
    /// The target's name followed by a domain of the search list, asked of the resolver in
    /// trouble; nothing where the list is shorter.
    SearchedName {
        /// Place of the domain in the list, from 0.
        place: usize,
    },
    /// A connection to another address than the walk's.
    Connection {
        /// The address.
        address: IpAddr,
    },
    /// A connection to an unallocated address, of the family of the one in trouble.
    UnallocatedAddress,
    /// TTL-limited packets towards the address in trouble.
    Trace {
        /// What is sent.
        probe: TraceProbe,
        /// The largest TTL.
        longest: u8,
    },
    /// The handshake in smaller segments, until the largest size that is answered is nearly known.
    Segments,
    /// The ClientHello in TTL-limited packets, on connections to the address in trouble.
    TraceHello,
    /// The walk's first call by a standard HTTP client, without a credential.
    ReferenceClient,
}

impl Probe {
    /// What it sends and to whom, for `--plan`.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Probe::Handshake(Variation::ServerName { name }) => {
                format!("a handshake at the same address, SNI {name}")
            }
            Probe::OtherAddress => {
                "a handshake, and the call without a credential, at another address of the name"
                    .to_owned()
            }
            Probe::Handshake(_) | Probe::Segments => "handshakes at the same address".to_owned(),
            Probe::TraceHello => {
                "the ClientHello in TTL-limited packets to that address".to_owned()
            }
            Probe::Question { name, kind, transport } => {
                let over = match transport {
                    Transport::Udp => "UDP",
                    Transport::NoEdns => "UDP without EDNS",
                    Transport::NonRecursive => "UDP without recursion",
                    Transport::CheckingDisabled => "UDP with checking disabled",
                    Transport::Tcp => "TCP",
                };
                format!("{kind} {name} over {over}, to the same resolver")
            }
            Probe::SearchedName { .. } => {
                "A of the name with a search domain over UDP, to the same resolver".to_owned()
            }
            Probe::Connection { address } => format!("a connection to {address}"),
            Probe::UnallocatedAddress => {
                "a connection to 192.0.2.1 (or 2001:db8::1), an unallocated address".to_owned()
            }
            Probe::Trace { probe: TraceProbe::Udp, .. } => {
                "TTL-limited UDP to the same address".to_owned()
            }
            Probe::Trace { .. } => "TTL-limited SYNs to the same address".to_owned(),
            Probe::ReferenceClient => {
                "the call again by a standard HTTP client, without a credential".to_owned()
            }
        }
    }
}

/// One experiment of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Experiment {
    /// Kebab-case id, as the evidence has it.
    pub id: &'static str,
    /// What it asks.
    pub question: &'static str,
    /// The findings that its answer distinguishes, each with the answer that proves it.
    pub proves: &'static [(&'static str, &'static str)],
    /// Its cost: the packets that we send at most each time that it is due, without repeats.
    pub packets: usize,
    /// Whether it has to be asked for.
    pub intrusiveness: Intrusiveness,
    /// When it is due.
    pub due: &'static [Symptom],
    /// What it sends, all at the same time.
    pub probes: fn(&Target) -> Vec<Probe>,
}

/// Every experiment, in the order of the hops: the order of `docs/experiments.md`.
pub fn catalogue() -> impl Iterator<Item = &'static Experiment> {
    [questions::EXPERIMENTS, routes::EXPERIMENTS, handshakes::EXPERIMENTS, clients::EXPERIMENTS]
        .into_iter()
        .flatten()
}

/// The experiments that a symptom makes due.
pub fn triggered_by(symptom: Symptom) -> impl Iterator<Item = &'static Experiment> {
    catalogue().filter(move |experiment| experiment.due.contains(&symptom))
}

/// The symptom of a handshake that has ended, if it is one.
#[must_use]
pub fn symptom(outcome: &TlsOutcome) -> Option<Symptom> {
    match outcome {
        TlsOutcome::Reset | TlsOutcome::Closed => Some(Symptom::TlsCut),
        TlsOutcome::CertificateRejected { .. } => Some(Symptom::CertificateRefused),
        TlsOutcome::Alert { description } => matches!(
            description.as_str(),
            "handshake_failure" | "unrecognized_name" | "protocol_version" | "internal_error"
        )
        .then_some(Symptom::TlsCut),
        _ => None,
    }
}

/// What an experiment is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// A resolver.
    Resolver(SocketAddr),
    /// An address of the target.
    Address(IpAddr),
}

/// An experiment that was made.
#[derive(Debug)]
pub(super) enum ExperimentResult {
    /// A handshake, and all of the small ClientHello's where it verified: a walk may go on over it.
    Handshake(HandshakeExperiment, Option<Box<TlsHop>>),
    /// A handshake at another address, and the call over it.
    OtherAddress(HandshakeExperiment, Option<Box<ClientCall>>),
    /// Handshakes that one experiment made one after another.
    Handshakes(Vec<HandshakeExperiment>),
    /// A question.
    Question(QuestionExperiment),
    /// A connection.
    Connection(ConnectionExperiment),
    /// A trace.
    Trace(Trace),
    /// Calls of ordinary clients.
    Clients(Vec<ClientCall>),
    /// It was due and could not be done.
    SkippedExperiment(SkippedExperiment),
    /// There was nothing to ask here.
    Nothing,
}

/// Makes one experiment, which ends within `timeout`; gives back the session of the small
/// ClientHello, if there is one.
pub(super) async fn run(
    context: &Context<'_>,
    id: &'static str,
    probe: Probe,
    subject: Subject,
    timeout: Duration,
) -> (ExperimentResult, Option<Verified>) {
    let changed = match (&probe, subject) {
        (Probe::Handshake(changed), Subject::Address(_)) => Some(changed.clone()),
        (Probe::OtherAddress, Subject::Address(address)) => {
            Some(Variation::OtherAddress { address })
        }
        _ => None,
    };
    match (changed, subject) {
        (Some(changed), Subject::Address(address)) => {
            handshakes::handshake(context, address, id, changed, timeout).await
        }
        _ => (run_without_session(context, id, probe, subject, timeout).await, None),
    }
}

/// Makes one experiment that leaves no session.
async fn run_without_session(
    context: &Context<'_>,
    id: &'static str,
    probe: Probe,
    subject: Subject,
    timeout: Duration,
) -> ExperimentResult {
    match (probe, subject) {
        (Probe::Question { name, kind, transport }, Subject::Resolver(server)) => {
            ExperimentResult::Question(
                questions::ask(context, id, server, &name, kind, transport, timeout).await,
            )
        }
        (Probe::SearchedName { place }, Subject::Resolver(server)) => {
            questions::searched(context, id, server, place, timeout).await
        }
        (Probe::Connection { address }, _) => {
            ExperimentResult::Connection(routes::connection(context, id, address, timeout).await)
        }
        (Probe::ReferenceClient, _) => reference_client(context, id, None, timeout).await,
        (Probe::UnallocatedAddress, Subject::Address(address)) => ExperimentResult::Connection(
            routes::unallocated_address(context, id, address, timeout).await,
        ),
        (Probe::Trace { probe, longest }, Subject::Address(address)) => {
            routes::trace(context, id, address, probe, longest, timeout).await
        }
        (Probe::Segments, Subject::Address(_)) if !connect::SETS_SEGMENT_SIZE => not_possible(
            id,
            "Windows lets no program choose the size of its segments; where small ones pass, a path \
             loses large packets (MTU)",
        ),
        (Probe::Segments, Subject::Address(address)) => {
            segments::bisect_segment_size(context, id, address, timeout).await
        }
        (Probe::TraceHello, Subject::Address(address)) => {
            handshakes::trace_hello(context, id, address, timeout).await
        }
        // An experiment of the catalogue whose symptom has another subject: `due` and `probes` disagree.
        (Probe::Handshake(_) | Probe::OtherAddress, _)
        | (
            Probe::UnallocatedAddress | Probe::Trace { .. } | Probe::Segments | Probe::TraceHello,
            Subject::Resolver(_),
        )
        | (Probe::Question { .. } | Probe::SearchedName { .. }, Subject::Address(_)) => {
            not_possible(id, "there is nothing to ask")
        }
    }
}

/// An experiment that this machine cannot make.
fn not_possible(id: &str, message: &str) -> ExperimentResult {
    let why = ExperimentSkipReason::NotPossible { message: message.to_owned() };
    ExperimentResult::SkippedExperiment(SkippedExperiment { id: id.to_owned(), reason: why })
}

/// Records the result of an experiment.
pub(super) fn record(experiments: &mut Experiments, made: ExperimentResult) {
    match made {
        ExperimentResult::Handshake(tried, _) => experiments.handshakes.push(tried),
        ExperimentResult::OtherAddress(tried, call) => {
            experiments.handshakes.push(tried);
            experiments.clients.extend(call.map(|call| *call));
        }
        ExperimentResult::Handshakes(tried) => experiments.handshakes.extend(tried),
        ExperimentResult::Question(tried) => experiments.questions.push(tried),
        ExperimentResult::Connection(tried) => experiments.connections.push(tried),
        ExperimentResult::Clients(calls) => experiments.clients.extend(calls),
        ExperimentResult::Trace(trace) => experiments.traces.push(trace),
        ExperimentResult::SkippedExperiment(one) => {
            if !experiments.skipped.contains(&one) {
                experiments.skipped.push(one);
            }
        }
        ExperimentResult::Nothing => {}
    }
}

/// The account's name under another suffix of the same resource (facts D2, D4): it has the same
/// owner, and the same front end knows it.
#[must_use]
pub fn sibling(target: &Target) -> Option<String> {
    siblings(target).into_iter().next()
}

/// The account's names under every other suffix of the same resource.
#[must_use]
pub fn siblings(target: &Target) -> Vec<String> {
    let (Some(account), Some(own)) = (&target.seen.account, &target.seen.public_suffix) else {
        return Vec::new();
    };
    services::other_names(own).map(|suffix| format!("{account}.{suffix}")).collect()
}

/// Names that a filter for the target's name would let through: the login host of its cloud
/// (fact D24), which allow lists of Azure users contain, and a name that is reserved for examples
/// (RFC 2606), which block lists do not contain.
#[must_use]
pub fn unrelated_names(target: &Target) -> Vec<String> {
    vec![target.cloud().login_host().to_owned(), "example.com".to_owned()]
}

/// Whole milliseconds.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symptom_triggers_its_experiments_and_no_others() {
        let ids =
            |symptom| triggered_by(symptom).map(|experiment| experiment.id).collect::<Vec<_>>();
        assert_eq!(
            ids(Symptom::TlsSilent),
            [
                "unallocated-address",
                "first-byte",
                "segment-size",
                "small-hello",
                "sibling-sni",
                "unrelated-name",
                "trace-hello"
            ]
        );
        assert_eq!(
            ids(Symptom::TlsCut),
            [
                "unallocated-address",
                "small-hello",
                "sibling-sni",
                "repeat-handshake",
                "single-tls-version",
                "unrelated-name",
                "trace-hello"
            ]
        );
        for symptom in [Symptom::TcpSilent, Symptom::TcpRefused] {
            assert_eq!(ids(symptom), ["trace-syn"]);
        }
        assert_eq!(ids(Symptom::CertificateRefused), ["unallocated-address", "sibling-sni"]);
        assert_eq!(ids(Symptom::CallRefused), ["unallocated-address", "reference-client"]);
        assert_eq!(
            ids(Symptom::ResolverSilent),
            ["root-servers", "local-name", "uncached-name", "without-edns"]
        );
        assert_eq!(ids(Symptom::UdpSilent), ["over-tcp"]);
        assert_eq!(
            ids(Symptom::ResolverFails),
            [
                "root-servers",
                "local-name",
                "uncached-name",
                "without-validation",
                "repeat-query",
                "parent-zone"
            ]
        );
        assert_eq!(
            ids(Symptom::NameInDoubt),
            ["over-tcp", "repeat-query", "privatelink-name", "parent-zone", "sibling-suffix"]
        );
        assert_eq!(ids(Symptom::SeveralAddresses), ["other-address"]);
        assert_eq!(ids(Symptom::AddressInDoubt), ["uncached-name"]);
        assert_eq!(ids(Symptom::NotConnected), ["over-tcp", "repeat-query"]);
        assert_eq!(ids(Symptom::AnswersContradict), ["repeat-query"]);
        assert_eq!(ids(Symptom::SystemDiffers), ["repeat-query", "searched-name"]);
        for symptom in [
            Symptom::ResolverSilent,
            Symptom::ResolverFails,
            Symptom::NameInDoubt,
            Symptom::SystemDiffers,
        ] {
            let after = (symptom == Symptom::ResolverSilent).then_some(Symptom::UdpSilent);
            let packets: usize = [Some(symptom), after]
                .into_iter()
                .flatten()
                .flat_map(triggered_by)
                .map(|experiment| experiment.packets)
                .sum();
            // One question over TCP takes six segments.
            let most = if symptom == Symptom::NameInDoubt { 10 + 6 } else { 12 };
            assert!(packets <= most, "{symptom:?}: {packets}");
        }
        for (outcome, wanted) in [
            (TlsOutcome::Verified, None),
            (TlsOutcome::Reset, Some(Symptom::TlsCut)),
            (TlsOutcome::Closed, Some(Symptom::TlsCut)),
            (TlsOutcome::Alert { description: "bad_certificate".into() }, None),
            (TlsOutcome::PlainHttp { first_line: String::new() }, None),
        ] {
            assert_eq!(symptom(&outcome), wanted, "{outcome:?}");
        }
    }

    #[test]
    fn the_sibling_name_belongs_to_the_same_account() {
        let name = |typed| sibling(&Target::parse(typed, None).unwrap());
        assert_eq!(name("myacct").as_deref(), Some("myacct.cognitiveservices.azure.com"));
        assert_eq!(name("a.services.ai.azure.com").as_deref(), Some("a.openai.azure.com"));
        assert_eq!(name("a.openai.azure.us").as_deref(), Some("a.cognitiveservices.azure.us"));
        assert_eq!(name("v.vault.azure.net"), None);
        assert_eq!(name("gateway.corp.example"), None);
    }
}
