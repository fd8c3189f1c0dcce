//! Counter-experiments: one more question with two possible answers, asked only when the evidence
//! calls for it. Which experiments are due is read from the catalogue, without I/O; `conduct` makes
//! them.
//!
//! Nothing here sends a secret. Without `--deep`, only hosts that the walk contacts anyway are
//! contacted.

mod clients;
mod conduct;
mod handshakes;
mod other_names;
mod probe;
mod questions;
mod routes;
mod segments;
mod symptom;

use crate::target::Target;

pub(super) use clients::{REFERENCE_CLIENT, reference_client};
pub(super) use conduct::{ExperimentResult, Subject, record, run};
use conduct::{millis, not_possible};
pub(super) use handshakes::{REPEAT_HANDSHAKE, REPEAT_SMALL_HELLO, seen};
pub use other_names::{sibling, siblings, unrelated_names};
pub use probe::{Probe, Transport};
pub use symptom::{Symptom, symptom};

/// Whether an experiment has to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intrusiveness {
    /// Done whenever it is due: nothing that a security team objects to.
    Default,
    /// Only with `--deep`: TTL-limited packets, unrelated names, unallocated addresses.
    Deep,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::tls::TlsOutcome;

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
                "repeat-handshake",
                "repeat-small-hello",
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
        assert_eq!(
            ids(Symptom::CertificateRefused),
            ["unallocated-address", "sibling-sni", "repeat-handshake"]
        );
        assert_eq!(ids(Symptom::NotTls), ["repeat-handshake"]);
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
        assert_eq!(ids(Symptom::AddressInDoubt), ["uncached-name", "privatelink-name"]);
        assert_eq!(ids(Symptom::NotConnected), ["over-tcp", "repeat-query"]);
        assert_eq!(ids(Symptom::AnswersContradict), ["repeat-query"]);
        assert_eq!(ids(Symptom::AnswerExpired), ["repeat-query", "later-query"]);
        assert_eq!(
            ids(Symptom::SystemDiffers),
            ["plain-question", "repeat-query", "searched-name"]
        );
        assert_eq!(ids(Symptom::SystemFails), ["plain-question", "repeat-query"]);
        for symptom in [
            Symptom::ResolverSilent,
            Symptom::ResolverFails,
            Symptom::NameInDoubt,
            Symptom::SystemFails,
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
            let most = match symptom {
                Symptom::NameInDoubt => 10 + 6,
                Symptom::SystemFails | Symptom::SystemDiffers => 10 + 2 * 6,
                _ => 12,
            };
            assert!(packets <= most, "{symptom:?}: {packets}");
        }
        for (outcome, wanted) in [
            (TlsOutcome::Verified, None),
            (TlsOutcome::Reset, Some(Symptom::TlsCut)),
            (TlsOutcome::Closed, Some(Symptom::TlsCut)),
            (TlsOutcome::Alert { description: "bad_certificate".into() }, None),
            (TlsOutcome::PlainHttp { first_line: String::new() }, Some(Symptom::NotTls)),
        ] {
            assert_eq!(symptom(&outcome), wanted, "{outcome:?}");
        }
    }
}
