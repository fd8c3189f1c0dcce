//! Connections: handshake, experiments and call, each as soon as it may begin.

use std::net::IpAddr;
use std::time::Duration;

use super::{Connect, Event, State, Waiting};
use crate::evidence::dns::{ResolverRole, ResolverSeen};
use crate::evidence::experiment::{Changed, LeftOut, LeftOutReason, TriedHandshake};
use crate::evidence::tcp::TcpOutcome;
use crate::evidence::tls::TlsOutcome;
use crate::evidence::{Observed, classify};
use crate::platform;
use crate::walk::established::Peer;
use crate::walk::experiments::{self, Made, Subject, Symptom, Tier};
use crate::walk::{Finished, NO_ADDRESS};

/// Addresses of one name that experiments look into: a name with many is no cause for more.
const ADDRESSES_LOOKED_INTO: usize = 2;

/// How long after the deadline of names a resolver that has just answered is asked more.
const LATE_ANSWERS: Duration = Duration::from_millis(200);

impl<'a, 'c> State<'a, 'c> {
    /// Says that TCP stands, or that no address that was tried takes a connection.
    pub(super) fn tell_tcp(&mut self) {
        let over = self.shaking.is_some()
            || (!self.attempts.is_empty() && self.attempts.iter().all(|(_, a)| a.is_some()));
        if self.tcp_told || !over || !matches!(self.connect, Connect::Always { .. }) {
            return;
        }
        self.tcp_told = true;
        let attempts = self.attempts.iter().filter_map(|(_, attempt)| attempt.clone()).collect();
        if let Observed::Ran { saw, took_ms, .. } = self.tcp(attempts, NO_ADDRESS) {
            (self.context.observe)(Finished::Tcp(&saw, took_ms));
        }
    }

    /// Begins the handshake on the first connection to an address that counts, or on the
    /// first one of all while that is not known; begins anew when it turns out not to count.
    pub(super) fn shake(&mut self) {
        let counts = |address: IpAddr| match &self.counting {
            None => true,
            Some(list) if list.is_empty() => true,
            Some(list) => list.contains(&address),
        };
        if let Some(address) = self.shaking {
            let replaceable = self.http.is_none() && !counts(address);
            if !replaceable || self.next_to_shake(&counts).is_none() {
                return;
            }
            self.tls = None;
            self.session = None;
        }
        let Some(at) = self.next_to_shake(&counts) else { return };
        let connection = self.ready.remove(at);
        let address = connection.address.ip();
        let reset = connection.reset;
        if reset
            && let Some((_, Some(attempt))) = self.attempts.iter_mut().find(|(a, _)| *a == address)
        {
            attempt.outcome = TcpOutcome::Connected;
        }
        self.shaking = Some(address);
        self.tell_tcp();
        let context = self.context;
        let round_trip = platform::tcp_info(&connection.socket)
            .map_or(Duration::ZERO, |info| Duration::from_micros(info.rtt_us.into()));
        // An answer takes a round trip, an experiment two: both get half of one more.
        let enough = round_trip * 5 / 2;
        let patience = context.left().saturating_sub(enough).clamp(round_trip * 3 / 2, enough);
        self.handshake_patience = context.plan.patience().max(patience);
        // The one that this handshake takes the place of is no matter any more.
        self.waiting.retain(|(_, what)| !matches!(what, Waiting::Handshake(_)));
        self.wait(Waiting::Handshake(address));
        self.events.push(Box::pin(async move {
            let started_ms = context.elapsed_ms();
            let peer = Peer::of(&connection);
            let stream = Box::new(connection.stream);
            let (mut hop, session) =
                context.handshake(peer, stream, Some(&connection.socket)).await;
            if reset {
                hop.outcome = TlsOutcome::Reset;
            }
            let took_ms = context.elapsed_ms() - started_ms;
            let (hop, session) = (Box::new(hop), session.map(Box::new));
            Event::Shaken { address, started_ms, took_ms, hop, session }
        }));
    }

    /// The connection to go on with. Where private and public addresses stand side by side the
    /// private one is the path that is judged, and not whichever connects first: two walks of
    /// the same path must say the same.
    fn next_to_shake(&self, counts: &impl Fn(IpAddr) -> bool) -> Option<usize> {
        let private = |address: IpAddr| counts(address) && classify(address).is_private();
        let first = self.ready.iter().position(|c| !c.reset && private(c.address.ip()));
        if first.is_some() {
            return first;
        }
        let to_come = self.attempts.iter().any(|(a, seen)| seen.is_none() && private(*a));
        if to_come {
            return None;
        }
        let any = self.ready.iter().position(|c| !c.reset && counts(c.address.ip()));
        // One that was reset as soon as it stood is the path only where there is no other.
        let last = self.counting.is_some() && self.attempts.iter().all(|(_, seen)| seen.is_some());
        any.or_else(|| self.ready.iter().position(|c| last && counts(c.address.ip())))
    }

    /// Looks into each address that counts, while none of them takes a connection; a refusal
    /// counts when all have refused.
    pub(super) fn no_connection(&mut self, symptom: Symptom) {
        let open = self.shaking.is_some() || !self.ready.is_empty();
        let pending = self.attempts.iter().any(|(_, attempt)| attempt.is_none());
        if open || (symptom == Symptom::TcpRefused && pending) {
            return;
        }
        let counting = self.counting.as_deref().unwrap_or_default();
        let subjects: Vec<IpAddr> = self
            .attempts
            .iter()
            .map(|(address, _)| *address)
            .filter(|address| counting.is_empty() || counting.contains(address))
            .take(ADDRESSES_LOOKED_INTO)
            .collect();
        for address in subjects {
            self.experiment(Subject::Address(address), symptom);
        }
        self.address_is_in_doubt();
    }

    /// Tries the handshake and the call at other addresses that applications get, once the walk's
    /// own handshake has ended: one of several records may be another resource's.
    pub(super) fn other_addresses(&mut self) {
        let (Some(walked), Some(counting), true) =
            (self.shaking, &self.counting, self.tls.is_some())
        else {
            return;
        };
        let connected = |address: &IpAddr| {
            self.attempts.iter().any(|(a, seen)| {
                a == address && seen.as_ref().is_some_and(|s| s.outcome == TcpOutcome::Connected)
            })
        };
        let others: Vec<IpAddr> = counting
            .iter()
            .filter(|a| **a != walked && connected(a))
            .take(ADDRESSES_LOOKED_INTO)
            .copied()
            .collect();
        for address in others {
            self.experiment(Subject::Address(address), Symptom::SeveralAddresses);
        }
    }

    /// Asks the resolvers whose answer applications get whether they give this address for any
    /// other name as well.
    pub(super) fn address_is_in_doubt(&mut self) {
        self.in_doubt = true;
        let given = self.context.asked_resolver();
        let decides = |r: &ResolverSeen| match given {
            Some(first) => r.address == first,
            None => matches!(r.role, ResolverRole::Configured | ResolverRole::Assumed),
        };
        let gave: Vec<_> = self
            .dns
            .resolvers
            .iter()
            .filter(|r| decides(r) && !r.addresses(&self.dns.name).is_empty())
            .map(|r| r.address)
            .collect();
        for resolver in gave {
            self.experiment(Subject::Resolver(resolver), Symptom::AddressInDoubt);
        }
    }

    /// Begins the experiments that a symptom makes due, all at once, each once a subject. They
    /// end with the deadline of the hop that is in trouble.
    pub(super) fn experiment(&mut self, subject: Subject, symptom: Symptom) {
        let context = self.context;
        let own_path = matches!(self.connect, Connect::Always { .. });
        if !own_path || context.beside {
            return;
        }
        let patience = context.plan.patience();
        let timeout = match symptom {
            Symptom::ResolverSilent | Symptom::TcpSilent => context.left().saturating_sub(patience),
            Symptom::TlsSilent => context.left().saturating_sub(self.handshake_patience),
            // A word that comes late must not hold the verdict back: names have one deadline.
            Symptom::ResolverFails | Symptom::NameInDoubt | Symptom::SystemDiffers => {
                let until = context.plan.timeout + LATE_ANSWERS;
                context.left().min(patience * 2).min(until.saturating_sub(context.since.elapsed()))
            }
            Symptom::UdpSilent => context.left().saturating_sub(patience * 2),
            _ => context.left().min(patience * 2),
        };
        for entry in experiments::due(symptom) {
            if self.experimented.contains(&(entry.id, subject)) {
                continue;
            }
            self.experimented.push((entry.id, subject));
            let why = match (context.plan.experiments, entry.tier) {
                (false, _) => Some(LeftOutReason::Option),
                (true, Tier::Deep) if !context.plan.deep => Some(LeftOutReason::NeedsDeep),
                _ => None,
            };
            if let Some(why) = why {
                let one = LeftOut { id: entry.id.to_owned(), why };
                experiments::keep(&mut self.experiments, Made::LeftOut(one));
                continue;
            }
            for ask in (entry.asks)(context.target) {
                self.events.push(Box::pin(async move {
                    let made = experiments::make(context, entry.id, ask, subject, timeout).await;
                    Event::Made(Box::new(made))
                }));
            }
        }
    }

    /// Puts the small ClientHello's session in the place of the failed one, if that is what
    /// parts them, and makes the call over it.
    pub(super) fn go_on_with_small_hello(&mut self) -> bool {
        let Some(walked) = self.tls.as_ref().map(|(address, _)| *address) else { return false };
        // A session at another address says nothing of this one, and carries nothing for it.
        let here = self.small.iter().position(|(_, open)| open.address() == Some(walked));
        let Some((hop, session)) = here.map(|at| self.small.swap_remove(at)) else { return false };
        // Size is the matter only if the smallest one passes.
        let size = |tried: &TriedHandshake| match tried.changed {
            Changed::SegmentSize { octets } => Some(octets),
            _ => None,
        };
        let sizes_help = self
            .experiments
            .handshakes
            .iter()
            .filter(|tried| tried.address == Some(walked))
            .filter_map(|tried| Some((size(tried)?, tried.answered())))
            .min_by_key(|(octets, _)| *octets)
            .is_some_and(|(_, answered)| answered);
        let Some((address, Observed::Ran { started_ms, took_ms, saw: failed })) = self.tls.take()
        else {
            return false;
        };
        // The control is as large: where it is answered, size is not what parts them, and a
        // peer that fails now and then would look like it.
        let control = |tried: &TriedHandshake| {
            matches!(tried.changed, Changed::ServerName { .. })
                || tried.id == experiments::SAME_AGAIN
        };
        let large_passes = self
            .experiments
            .handshakes
            .iter()
            .any(|tried| tried.address == Some(address) && control(tried) && tried.answered());
        let in_trouble =
            failed.outcome == TlsOutcome::Silent || experiments::symptom(&failed.outcome).is_some();
        if sizes_help || large_passes || !in_trouble {
            self.tls = Some((address, Observed::Ran { started_ms, took_ms, saw: failed }));
            return false;
        }
        let whole = |ms: f64| Duration::from_secs_f64(ms.max(0.0) / 1e3).as_millis();
        self.experiments.handshakes.push(TriedHandshake {
            id: "full-hello".to_owned(),
            address: Some(address),
            changed: Changed::Nothing,
            started_ms: u64::try_from(whole(started_ms)).unwrap_or(u64::MAX),
            took_ms: u64::try_from(whole(took_ms)).unwrap_or(u64::MAX),
            tcp: TcpOutcome::Connected,
            tls: Some(experiments::seen(&failed)),
        });
        let small =
            self.experiments.handshakes.iter().find(|tried| {
                tried.address == Some(address) && tried.changed == Changed::SmallHello
            });
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of one walk")]
        let times = small
            .map_or((started_ms, took_ms), |tried| (tried.started_ms as f64, tried.took_ms as f64));
        self.tls =
            Some((address, Observed::Ran { started_ms: times.0, took_ms: times.1, saw: hop }));
        self.session = Some(Box::new(session));
        self.call();
        true
    }

    /// Makes the call, once it is known whether the address counts.
    pub(super) fn call(&mut self) {
        if self.connect != (Connect::Always { call: true }) || self.counting.is_none() {
            return;
        }
        let Some(session) = self.session.take() else { return };
        let effective = self.counting.clone().unwrap_or_default();
        let Some(address) = session.address().filter(|a| {
            // Applications do not go elsewhere: what such an address does is no evidence of
            // their path.
            effective.is_empty() || effective.contains(a)
        }) else {
            self.session = Some(session);
            return;
        };
        let context = self.context;
        self.withheld = session.withheld(context, &effective);
        self.events.push(Box::pin(async move {
            // The way to a token has its own times.
            context.acquired().await;
            let started_ms = context.elapsed_ms();
            let again = || context.session_again(address);
            let (calls, alert) = context.calls(*session, &effective, again).await;
            let took_ms = context.elapsed_ms() - started_ms;
            Event::Called { started_ms, took_ms, calls, alert, clock: context.now() }
        }));
    }
}
