//! Makes one experiment: which function answers which probe, and where in the evidence its result
//! goes.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::super::context::Context;
use super::{Probe, Transport, clients, handshakes, questions, routes, segments};
use crate::evidence::experiment::{
    ClientCall, ConnectionExperiment, ExperimentSkipReason, Experiments, HandshakeExperiment,
    QuestionExperiment, SkippedExperiment, Trace, Variation,
};
use crate::evidence::tls::TlsHop;
use crate::wire::connect;
use crate::wire::session::Verified;

/// What an experiment is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::walk) enum Subject {
    /// A resolver.
    Resolver(SocketAddr),
    /// An address of the target.
    Address(IpAddr),
}

/// An experiment that was made.
#[derive(Debug)]
pub(in crate::walk) enum ExperimentResult {
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
pub(in crate::walk) async fn run(
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
        (Probe::LaterQuestion { name, kind, wait }, Subject::Resolver(server)) => {
            let wait = wait.min(timeout * 2 / 3);
            tokio::time::sleep(wait).await;
            let left = timeout.saturating_sub(wait);
            ExperimentResult::Question(
                questions::ask(context, id, server, &name, kind, Transport::Udp, left).await,
            )
        }
        (Probe::SearchedName { place }, Subject::Resolver(server)) => {
            questions::searched(context, id, server, place, timeout).await
        }
        (Probe::Connection { address }, _) => {
            ExperimentResult::Connection(routes::connection(context, id, address, timeout).await)
        }
        (Probe::ReferenceClient, _) => clients::reference_client(context, id, None, timeout).await,
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
        | (
            Probe::Question { .. } | Probe::LaterQuestion { .. } | Probe::SearchedName { .. },
            Subject::Address(_),
        ) => not_possible(id, "there is nothing to ask"),
    }
}

/// An experiment that this machine cannot make.
pub(super) fn not_possible(id: &str, message: &str) -> ExperimentResult {
    let why = ExperimentSkipReason::NotPossible { message: message.to_owned() };
    ExperimentResult::SkippedExperiment(SkippedExperiment { id: id.to_owned(), reason: why })
}

/// Records the result of an experiment.
pub(in crate::walk) fn record(experiments: &mut Experiments, made: ExperimentResult) {
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

/// Whole milliseconds.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
