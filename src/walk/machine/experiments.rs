//! Which experiments are started, when, and for how long.

use std::time::Duration;

use super::phases::Handshake;
use super::{Action, ExperimentPolicy, Machine};
use crate::evidence::experiment::{ExperimentSkipReason, SkippedExperiment};
use crate::walk::experiments::{self, ExperimentResult, Intrusiveness, Subject, Symptom};

/// How long after the deadline of names a resolver that has just answered is asked more.
const LATE_ANSWERS: Duration = Duration::from_millis(200);

impl Machine<'_> {
    /// Begins the experiments that a symptom makes due, all at once, each once a subject. They
    /// end with the deadline of the hop that is in trouble.
    pub(super) fn experiment(&mut self, subject: Subject, symptom: Symptom) {
        let policy = self.settings.experiments;
        if policy == ExperimentPolicy::NotHere {
            return;
        }
        let timeout = self.experiment_timeout(symptom);
        for experiment in experiments::triggered_by(symptom) {
            if self.scheduled.contains(&(experiment.id, subject)) {
                continue;
            }
            self.scheduled.push((experiment.id, subject));
            let why = match (policy, experiment.intrusiveness) {
                (ExperimentPolicy::Declined, _) => Some(ExperimentSkipReason::Option),
                (ExperimentPolicy::Default, Intrusiveness::Deep) => {
                    Some(ExperimentSkipReason::NeedsDeep)
                }
                _ => None,
            };
            if let Some(why) = why {
                let one = SkippedExperiment { id: experiment.id.to_owned(), reason: why };
                experiments::record(
                    &mut self.experiments,
                    ExperimentResult::SkippedExperiment(one),
                );
                continue;
            }
            for probe in (experiment.probes)(self.settings.target) {
                self.act(Action::Experiment { id: experiment.id, probe, subject, timeout });
            }
        }
    }

    /// How long an experiment on a symptom may take.
    fn experiment_timeout(&self, symptom: Symptom) -> Duration {
        let stall_after = self.settings.stall_after;
        let left = self.hop_timeout();
        match symptom {
            Symptom::ResolverSilent | Symptom::TcpSilent => left.saturating_sub(stall_after),
            Symptom::TlsSilent => left.saturating_sub(self.handshake_stall_after),
            // A word that comes late must not hold the verdict back: names have one deadline.
            Symptom::ResolverFails
            | Symptom::NameInDoubt
            | Symptom::AnswersContradict
            | Symptom::SystemDiffers => {
                let until = self.settings.timeout + LATE_ANSWERS;
                left.min(stall_after * 2).min(until.saturating_sub(self.at))
            }
            // A connection that gets no answer shows that by nothing but time, and so does an upstream.
            Symptom::SystemFails | Symptom::AnswerExpired => {
                left.min((self.settings.timeout + LATE_ANSWERS).saturating_sub(self.at))
            }
            Symptom::UdpSilent => left.saturating_sub(stall_after * 2),
            _ => left.min(stall_after * 2),
        }
    }

    /// Keeps what an experiment showed, and the session of a small ClientHello with the address
    /// that it leads to.
    pub(super) fn experiment_done(&mut self, mut result: ExperimentResult) {
        if let ExperimentResult::Handshake(tried, hop) = &mut result
            && let Some(hop) = hop.take()
            && let Some(here) =
                self.addresses.iter_mut().find(|here| tried.address == Some(here.address))
        {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of one walk")]
            let (started_ms, took_ms) = (tried.started_ms as f64, tried.took_ms as f64);
            let small = Handshake { started_ms, took_ms, hop: *hop, session: true };
            here.small_hello.get_or_insert(Box::new(small));
        }
        experiments::record(&mut self.experiments, result);
    }
}
