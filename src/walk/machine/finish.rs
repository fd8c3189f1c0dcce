//! The end of a path: what its events showed, as evidence. What a later event shows of an earlier
//! hop is combined here, once.

use crate::sorting;
use std::borrow::Cow;
use std::net::IpAddr;

use super::phases::{Address, CallPhase, Handshake, Phase};
use super::{ConnectPolicy, Machine};
use crate::evidence::dns::DnsHop;
use crate::evidence::experiment::{Experiments, HandshakeExperiment, Variation};
use crate::evidence::http::HttpHop;
use crate::evidence::tcp::{TcpAttempt, TcpHop, TcpOutcome};
use crate::evidence::tls::{TlsHop, TlsOutcome};
use crate::evidence::{Hop, Observed, SkipReason};
use crate::walk::experiments;

/// What one direct path showed.
pub(in crate::walk) struct PathEvidence {
    pub(in crate::walk) dns: DnsHop,
    pub(in crate::walk) tcp: Observed<TcpHop>,
    pub(in crate::walk) tls: Observed<TlsHop>,
    pub(in crate::walk) http: Observed<HttpHop>,
    pub(in crate::walk) experiments: Experiments,
}

/// The handshake as the hop shows it. In TLS 1.3 a server judges the client's part of the
/// handshake after it: an alert that comes in place of an HTTP answer is how it ended (RFC 8446,
/// section 4.4.2.4).
pub(in crate::walk) fn with_alert(hop: TlsHop, alert: Option<String>) -> TlsHop {
    match alert {
        None => hop,
        Some(description) => TlsHop { outcome: TlsOutcome::Alert { description }, ..hop },
    }
}

impl Machine<'_> {
    /// The names, as far as they are known.
    pub(in crate::walk) const fn dns(&self) -> &DnsHop {
        &self.dns
    }

    /// The connection attempts that have ended, in the order in which they began.
    pub(in crate::walk) fn attempts(&self) -> impl Iterator<Item = TcpAttempt> {
        self.addresses.iter().filter_map(Address::shown_attempt)
    }

    /// The same, to be completed with what the kernel counted.
    pub(in crate::walk) fn attempts_mut(&mut self) -> impl Iterator<Item = &mut TcpAttempt> {
        self.addresses.iter_mut().filter_map(|here| here.attempt.as_mut())
    }

    /// What the experiments showed so far.
    pub(in crate::walk) const fn experiments(&self) -> &Experiments {
        &self.experiments
    }

    /// The connections, as far as they have ended.
    pub(in crate::walk) fn tcp(&self) -> Observed<TcpHop> {
        let mut attempts: Vec<TcpAttempt> = self.attempts().collect();
        if attempts.is_empty() {
            return match self.settings.connect {
                ConnectPolicy::Comparison { public: false } if !self.dns.selected.is_empty() => {
                    Observed::NotAsked { reason: SkipReason::DirectPathIsPublic }
                }
                _ => Observed::NotReached { stopped_at: Hop::Dns },
            };
        }
        let walked = self.selected.map(|selected| self.addresses[selected].address);
        let began = attempts.iter().map(|a| a.started_ms).fold(f64::INFINITY, f64::min);
        // The hop's time is that of the connection that the walk went on with.
        let took = attempts
            .iter()
            .find(|a| Some(a.address.ip()) == walked)
            .map_or_else(|| attempts.iter().map(|a| a.took_ms).fold(0.0, f64::max), |a| a.took_ms);
        let order = |attempt: &TcpAttempt| {
            self.dns.selected.iter().position(|w| w.address == attempt.address.ip())
        };
        sorting::by_key(&mut attempts, |a| order(a).unwrap_or(usize::MAX));
        Observed::Done {
            started_ms: began,
            took_ms: took,
            value: TcpHop { attempts, selected: walked },
        }
    }

    /// The handshake that carries the walk, if it has ended.
    pub(in crate::walk) fn tls(&self) -> Option<Cow<'_, TlsHop>> {
        let (handshake, _) = self.addresses[self.selected?].handshake()?;
        Some(match self.alert() {
            None => Cow::Borrowed(&handshake.hop),
            alert => Cow::Owned(with_alert(handshake.hop.clone(), alert)),
        })
    }

    /// The calls, if they have ended.
    pub(in crate::walk) const fn calls(&self) -> Option<&HttpHop> {
        match &self.call {
            CallPhase::Done(called) => Some(&called.hop),
            CallPhase::NotMade | CallPhase::UnderWay => None,
        }
    }

    /// The alert that came in place of an answer to the call.
    fn alert(&self) -> Option<String> {
        match &self.call {
            CallPhase::Done(called) => called.alert.clone(),
            CallPhase::NotMade | CallPhase::UnderWay => None,
        }
    }

    /// The whole path, when nothing more happens on it.
    pub(in crate::walk) fn finish(mut self) -> PathEvidence {
        self.dns.selected = self.walked();
        self.forget_what_does_not_count();
        self.show_both_handshakes();
        sorting::by_key(&mut self.experiments.handshakes, |tried| tried.started_ms);
        sorting::by_key(&mut self.experiments.questions, |tried| tried.started_ms);
        sorting::by_key(&mut self.experiments.connections, |tried| tried.started_ms);
        let tcp = self.tcp();
        let alert = self.alert();
        let carrier = self
            .selected
            .filter(|_| !self.is_walked())
            .and_then(|selected| self.addresses.swap_remove(selected).carrier());
        let tls = match (carrier, &tcp) {
            (Some(Handshake { started_ms, took_ms, hop, .. }), _) => {
                Observed::Done { started_ms, took_ms, value: with_alert(hop, alert) }
            }
            (None, Observed::NotAsked { reason }) => Observed::NotAsked { reason: *reason },
            (None, Observed::NotReached { stopped_at }) => {
                Observed::NotReached { stopped_at: *stopped_at }
            }
            (None, _) if self.is_walked() => {
                Observed::NotAsked { reason: SkipReason::TlsInsideProtocol }
            }
            _ => Observed::NotReached { stopped_at: Hop::Tcp },
        };
        let http = match (self.call, self.settings.connect, &tls) {
            (CallPhase::Done(called), ..) => Observed::Done {
                started_ms: called.started_ms,
                took_ms: called.took_ms,
                value: called.hop,
            },
            (_, ConnectPolicy::Full { last: Hop::Tcp | Hop::Tls }, _) => {
                Observed::NotAsked { reason: SkipReason::ServiceHasNoCall }
            }
            (_, ConnectPolicy::Comparison { .. }, _) => {
                Observed::NotAsked { reason: SkipReason::ProxyApplies }
            }
            (_, _, Observed::NotReached { stopped_at }) => {
                Observed::NotReached { stopped_at: *stopped_at }
            }
            _ => Observed::NotReached { stopped_at: Hop::Tls },
        };
        PathEvidence { dns: self.dns, tcp, tls, http, experiments: self.experiments }
    }

    /// A handshake that a raw answer began does not show the applications' path when the
    /// system then gave other addresses and none of them could be walked.
    fn forget_what_does_not_count(&mut self) {
        let effective = self.effective.as_deref().unwrap_or_default();
        let counts = |address: IpAddr| effective.is_empty() || effective.contains(&address);
        self.selected = self.selected.filter(|selected| counts(self.addresses[*selected].address));
    }

    /// Where the walk went on with the small ClientHello, the failed handshake is shown next to
    /// the experiments.
    fn show_both_handshakes(&mut self) {
        let whole = |ms: f64| {
            let ms = std::time::Duration::from_secs_f64(ms.max(0.0) / 1e3).as_millis();
            u64::try_from(ms).unwrap_or(u64::MAX)
        };
        for here in &self.addresses {
            let Phase::FellBack { full, .. } = &here.phase else { continue };
            let Handshake { started_ms, took_ms, hop, .. } = &**full;
            self.experiments.handshakes.push(HandshakeExperiment {
                id: "full-hello".to_owned(),
                address: Some(here.address),
                variation: Variation::Nothing,
                started_ms: whole(*started_ms),
                took_ms: whole(*took_ms),
                tcp: TcpOutcome::Connected,
                tls: Some(experiments::seen(hop)),
            });
        }
    }
}
