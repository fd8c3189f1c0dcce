//! Handshake and call: which connection carries the walk, and when it may go on over it.

use std::net::IpAddr;

use super::phases::{Address, CallPhase, Called, Handshake, Phase};
use super::stalls::Stall;
use super::{Action, ConnectPolicy, Established, Machine, Report};
use crate::evidence::experiment::{Experiments, HandshakeExperiment, Variation};
use crate::evidence::http::{HttpCall, HttpHop};
use crate::evidence::tls::{TlsHop, TlsOutcome};
use crate::evidence::{Expect, Hop};
use crate::walk::experiments::{self, REPEAT_HANDSHAKE, REPEAT_SMALL_HELLO, Subject, Symptom};

impl Machine<'_> {
    /// Whether applications get this address, as far as is known.
    fn may_count(&self, address: IpAddr) -> bool {
        match &self.effective {
            None => true,
            Some(list) => list.is_empty() || list.contains(&address),
        }
    }

    /// Starts the handshake on the first connection to an effective address, or on the first of all
    /// while that is not known; starts another one when the address turns out not to be effective.
    pub(super) fn start_handshake(&mut self) {
        if let Some(selected) = self.selected {
            let called = matches!(self.call, CallPhase::Done(_));
            if called || self.may_count(self.addresses[selected].address) {
                return;
            }
        }
        let Some((next, established)) = self.next_handshake() else { return };
        if self.settings.connect == (ConnectPolicy::Full { last: Hop::Tcp }) {
            self.selected = Some(next);
            self.report_tcp();
            return;
        }
        let address = self.addresses[next].address;
        self.addresses[next].phase = Phase::Handshaking { reset: established.reset };
        self.selected = Some(next);
        self.report_tcp();
        let round_trip = established.round_trip;
        // An answer takes a round trip, an experiment two: both get half of one more.
        let enough = round_trip * 5 / 2;
        let late = self.hop_timeout().saturating_sub(enough).clamp(round_trip * 3 / 2, enough);
        self.handshake_stall_after = self.settings.stall_after.max(late);
        // The handshake that this one replaces is not waited for any more.
        self.stalls.forget_handshakes();
        self.watch(Stall::Handshake(address));
        self.act(Action::Handshake { address });
    }

    /// The connection to go on with. Where a name has private and public addresses, the private one
    /// is the path that is judged, and not the one that connects first: two walks of the same path
    /// must give the same result.
    fn next_handshake(&self) -> Option<(usize, Established)> {
        let private =
            |address: IpAddr| self.may_count(address) && self.dns.class(address).is_private();
        // The one that was established first, of those that are wanted.
        let first = |wanted: &dyn Fn(IpAddr, Established) -> bool| {
            let idle =
                self.addresses.iter().enumerate().filter_map(|(at, here)| match here.phase {
                    Phase::Idle { established, arrival } => {
                        wanted(here.address, established).then_some((arrival, at, established))
                    }
                    _ => None,
                });
            idle.min_by_key(|(arrival, ..)| *arrival).map(|(_, at, established)| (at, established))
        };
        let best = first(&|address, connection| !connection.reset && private(address));
        if best.is_some() {
            return best;
        }
        let pending = |here: &Address| here.attempt.is_none();
        if self.addresses.iter().any(|here| pending(here) && private(here.address)) {
            return None;
        }
        // One that was reset at once is the path only where there is no other.
        let last = self.effective.is_some() && !self.addresses.iter().any(pending);
        first(&|address, connection| !connection.reset && self.may_count(address))
            .or_else(|| first(&|address, _| last && self.may_count(address)))
    }

    /// A handshake has ended. One that was replaced by another changes nothing more.
    pub(super) fn handshake_done(
        &mut self,
        address: IpAddr,
        started_ms: f64,
        took_ms: f64,
        mut hop: Box<TlsHop>,
        session: bool,
    ) {
        let Some(at) = self.addresses.iter().position(|here| here.address == address) else {
            return;
        };
        if matches!(self.addresses[at].phase, Phase::Handshaking { reset: true }) {
            hop.outcome = TlsOutcome::Reset;
        }
        let outcome = hop.outcome.clone();
        let handshake = Handshake { started_ms, took_ms, hop: *hop, session };
        self.addresses[at].phase = Phase::HandshakeDone(Box::new(handshake));
        if self.selected != Some(at) {
            return;
        }
        self.stalls.forget_handshakes();
        self.act(Action::Report(Report::Tls(took_ms)));
        if let Some(symptom) = experiments::symptom(&outcome) {
            self.experiment(Subject::Address(address), symptom);
        }
        if outcome != TlsOutcome::Verified {
            self.suspect_address();
        }
    }

    /// Whether the walk ends with a connection, and has one.
    pub(super) fn is_walked(&self) -> bool {
        let ends = self.settings.connect == (ConnectPolicy::Full { last: Hop::Tcp });
        ends && self.selected.is_some_and(|at| self.addresses[at].is_idle())
    }

    /// Makes the call, once it is known whether the address is effective.
    pub(super) fn make_call(&mut self) {
        let full = ConnectPolicy::Full { last: Hop::Http };
        let (Some(effective), Some(selected), CallPhase::NotMade) =
            (&self.effective, self.selected, &self.call)
        else {
            return;
        };
        let here = &self.addresses[selected];
        // Applications do not go elsewhere: what such an address does is no evidence of their path.
        if self.settings.connect != full || !self.may_count(here.address) {
            return;
        }
        let Some((Handshake { session: true, .. }, hello)) = here.handshake() else { return };
        let (address, effective) = (here.address, effective.clone());
        self.call = CallPhase::UnderWay;
        self.act(Action::Call { address, hello, effective });
    }

    /// The calls have ended.
    pub(super) fn called(
        &mut self,
        started_ms: f64,
        took_ms: f64,
        calls: Vec<HttpCall>,
        alert: Option<String>,
    ) {
        let hop = HttpHop { calls };
        let refused = is_network_refusal(self.settings.expect, &hop);
        let alerted = alert.is_some();
        self.call = CallPhase::Done(Box::new(Called { started_ms, took_ms, hop, alert }));
        let Some(here) = self.selected.map(|selected| &self.addresses[selected]) else { return };
        let address = here.address;
        if let Some((handshake, _)) = here.handshake()
            && alerted
        {
            let took_ms = handshake.took_ms;
            self.act(Action::Report(Report::Tls(took_ms)));
        }
        if refused {
            self.experiment(Subject::Address(address), Symptom::CallRefused);
        }
        self.act(Action::Report(Report::Http(took_ms)));
    }

    /// Goes on over the small ClientHello's session where the walk's own handshake failed, if its
    /// size is what makes the difference; both stay what they were.
    pub(super) fn fall_back_to_small_hello(&mut self) -> bool {
        let Some(selected) = self.selected else { return false };
        let here = &mut self.addresses[selected];
        // A session at another address is no evidence for this one, and carries nothing for it.
        let Some(small) = here.small_hello.take() else { return false };
        let address = here.address;
        let Phase::HandshakeDone(full) = &here.phase else { return false };
        let outcome = &full.hop.outcome;
        let in_trouble = *outcome == TlsOutcome::Silent || experiments::symptom(outcome).is_some();
        if !in_trouble || !size_of_hello_matters(&self.experiments, address) {
            return false;
        }
        let here = &mut self.addresses[selected];
        let phase = std::mem::replace(&mut here.phase, Phase::NotConnected);
        let Phase::HandshakeDone(full) = phase else { return false };
        here.phase = Phase::FellBack { full, small };
        true
    }
}

/// Whether the network rules of the service may have refused a call, which experiments examine.
/// With `--expect closed` the refusal is what was to be proved.
pub(in crate::walk) fn is_network_refusal(expect: &Expect, hop: &HttpHop) -> bool {
    *expect != Expect::Closed
        && hop.main().and_then(HttpCall::answer).is_some_and(|answer| answer.status == 403)
}

/// Whether the small ClientHello was answered at an address because it is small.
fn size_of_hello_matters(experiments: &Experiments, address: IpAddr) -> bool {
    let here = || experiments.handshakes.iter().filter(|tried| tried.address == Some(address));
    // Where the full one passes in the smallest segments, the path drops large packets.
    let size = |tried: &HandshakeExperiment| match tried.variation {
        Variation::SegmentSize { bytes } => Some(bytes),
        _ => None,
    };
    let sizes_help = here()
        .filter_map(|tried| Some((size(tried)?, tried.answered())))
        .min_by_key(|(bytes, _)| *bytes)
        .is_some_and(|(_, answered)| answered);
    // The control is as large: where it is answered, size is not the difference, and a peer that
    // fails intermittently would look the same.
    let control = |tried: &&HandshakeExperiment| {
        matches!(tried.variation, Variation::ServerName { .. }) || tried.id == REPEAT_HANDSHAKE
    };
    let large_passes = here().filter(control).any(HandshakeExperiment::answered);
    // A small one that is not answered every time carries a call by chance.
    let small_fails = here().any(|tried| tried.id == REPEAT_SMALL_HELLO && !tried.answered());
    !sizes_help && !large_passes && !small_fails
}
